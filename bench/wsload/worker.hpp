// One thread of the client: its share of the connections, one epoll, one buffer that all of them are read
// into. Cheap on purpose, because the server is what is measured: a recv() takes up to 256 KiB, frames are
// parsed in place, only the tail of an unfinished one is copied aside, and the clock is read once a recv().
#pragma once

#include <netinet/in.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "histogram.hpp"
#include "io/descriptor.hpp"
#include "options.hpp"

namespace qos::bench {

std::uint64_t monotonic_ns();

enum class Phase { connect, settle, measure, done };

// Of the measured time.
struct LoadStats {
  std::uint64_t messages = 0;  // that carry a stamp
  std::uint64_t others = 0;    // whole messages without: answers to commands
  std::uint64_t bytes = 0;
  std::uint64_t reads = 0;
  std::uint64_t control = 0;
  std::uint64_t bad = 0;     // frames that no server may send
  std::uint64_t closed = 0;  // connections lost
  Histogram latency;         // from the stamp until the bytes were read here
};

struct LoadConnection {
  enum class State : std::uint8_t { idle, connecting, upgrading, open, closed };
  io::Descriptor socket;
  State state = State::idle;
  std::string held;  // of an unfinished frame or response head
  std::uint64_t messages = 0;
};

class LoadWorker {
 public:
  LoadWorker(const LoadOptions& options, const sockaddr_in& to, int index);

  // Until the phase is done. `up` counts connections that are open or have failed, over all threads.
  void run(const std::atomic<Phase>& phase, std::atomic<int>& up);

  const LoadStats& stats() const { return stats_; }
  const std::vector<LoadConnection>& connections() const { return connections_; }
  bool is_slow(std::size_t place) const { return ids_[place] < options_.slow * options_.connections; }
  double measured_seconds() const { return static_cast<double>(last_ns_ - first_ns_) * 1e-9; }

 private:
  void begin_measure();
  void connect(std::size_t place);
  void handle(std::size_t place, std::uint32_t events);
  void finish_connect(std::size_t place);
  // Both return where the first bytes stand that are not used up.
  const char* finish_upgrade(std::size_t place, const char* at, const char* end);
  const char* take_frames(LoadConnection& connection, const char* at, const char* end);
  void take_data(LoadConnection& connection, const char* payload, std::size_t size, bool final);
  const char* find_stamp(const char* payload, std::size_t size);
  void time_message(const char* value, const char* end);
  void send_due_commands();
  void put(LoadConnection& connection, std::string_view bytes);
  void drop(LoadConnection& connection);
  std::uint32_t random32();

  const LoadOptions& options_;
  sockaddr_in to_;
  io::Descriptor epoll_;
  std::vector<int> ids_;
  std::vector<LoadConnection> connections_;
  std::string request_;
  std::unique_ptr<char[]> buffer_;
  LoadStats stats_;
  std::uint64_t random_;
  std::size_t hint_ = 0;  // where the stamp stood the last time
  std::uint64_t arrived_monotonic_ = 0;
  std::uint64_t arrived_realtime_ = 0;  // 0: not looked at
  std::uint64_t first_ns_ = 0;
  std::uint64_t last_ns_ = 0;
  std::uint64_t commands_from_ns_ = 0;
  std::uint64_t commands_sent_ = 0;
  bool refusal_told_ = false;
};

}  // namespace qos::bench
