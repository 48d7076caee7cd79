// Everything the limit program knows of its clients: sockets, handshakes, who listens to which instrument,
// and by client the list of frames that the next flush sends. Nothing that a product needs: no keys, no
// limits but the sizes of buffers, no queue (a client that does not read misses what is pushed meanwhile).
//
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "frame_book.hpp"
#include "io/descriptor.hpp"

namespace qos::bench {

enum class SendBy { copy, sendmsg };

class Clients {
 public:
  struct Options {
    int port = 0;            // of 127.0.0.1; 0: a free one
    std::string congestion;  // empty: the system's
    SendBy send_by = SendBy::copy;
  };
  Clients(const Options& options, const FrameBook& frames);

  int port() const { return port_; }
  std::size_t subscriptions() const { return subscriptions_; }
  std::size_t open() const { return open_; }
  std::uint64_t missed() const { return missed_; }

  // Serves what has come: new clients, handshakes, subscriptions, sockets with room again.
  void poll(std::uint64_t wait_ns);
  // Puts the frame of the instrument on the lists of those who listen to it.
  void publish(std::uint32_t instrument);
  // One system call for each client that has something on its list.
  void flush();

 private:
  // As many frames as one client gathers at most; a full list is sent at once.
  static constexpr std::uint32_t kMaxList = 122;

  // What publish() and flush() touch, in one piece.
  struct List {
    std::uint32_t count = 0;
    bool blocked = false;
    int socket = -1;
    std::uint32_t frames[kMaxList];
  };
  struct Client {
    io::Descriptor socket;
    bool upgraded = false;
    std::string received;
    std::string rest;  // of a flush that the kernel took in part
  };

  void accept_all();
  void read(std::uint32_t client);
  bool upgrade(std::uint32_t client);
  void take_messages(std::uint32_t client);
  void subscribe(std::uint32_t client, std::string_view message);
  void write_rest(std::uint32_t client);
  void send_list(std::uint32_t client);
  void send_copied(std::uint32_t client);
  void send_gathered(std::uint32_t client);
  void keep_rest(std::uint32_t client, std::string rest);
  void close(std::uint32_t client);
  void watch(std::uint32_t client, std::uint32_t events, int operation);

  Options options_;
  const FrameBook& frames_;
  io::Descriptor listener_;
  io::Descriptor epoll_;
  int port_ = 0;
  std::vector<Client> clients_;
  std::vector<List> lists_;
  std::vector<std::uint32_t> free_;
  std::vector<std::vector<std::uint32_t>> listeners_;  // by instrument
  std::vector<std::uint32_t> touched_;
  std::unique_ptr<char[]> buffer_;
  std::size_t subscriptions_ = 0;
  std::size_t open_ = 0;
  std::uint64_t missed_ = 0;
};

}  // namespace qos::bench
