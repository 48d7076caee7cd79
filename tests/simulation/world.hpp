// A whole server, its disk, its clients and its feeds in one thread: every decision comes from one seed, so a
// seed that fails once fails always.
#pragma once

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "simulation/client.hpp"
#include "simulation/process.hpp"
#include "support/fake_disk.hpp"

namespace qos::simulation {

struct Counts {
  std::uint64_t steps = 0;
  std::uint64_t events = 0;
  std::uint64_t kills = 0;
  std::uint64_t power_losses = 0;
  std::uint64_t restarts = 0;       // orderly
  std::uint64_t deaths_inside = 0;  // in the middle of a call of the disk
  std::uint64_t failed_starts = 0;
  std::uint64_t epochs = 0;
  std::uint64_t anew = 0;      // state could not be recovered, and a new epoch says so
  std::uint64_t detected = 0;  // damage by a disk that lied, reported
  std::uint64_t checkpoints = 0;
  std::uint64_t slow_clients = 0;
  ClientCounts clients;
  std::chrono::nanoseconds simulated{};

  void add(const Counts& other);
};

class World {
 public:
  explicit World(std::uint64_t seed);
  ~World();

  // Throws Violation.
  void run(std::uint64_t steps);
  // What happened last, oldest first.
  const std::deque<std::string>& latest_steps() const { return notes_; }
  const Counts& counts() const { return counts_; }
  const test::FakeDisk& disk() const { return disk_; }
  // Hashes of all files in the journal's folder, of the state, and of all that clients were sent.
  std::string fingerprint();

 private:
  void step();
  void feed_some();
  void turn_something();
  void client_does_something();
  void weather_changes();
  void end_the_process();

  void drain_loops();
  void quiesce();
  void crash();
  void restart();
  void start();
  bool try_to_start();
  void read_the_journal();
  void join_the_reference(bool is_anew);
  void choose_options();
  void clear_weather();

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool one_in(std::uint64_t times) { return below(times) == 0; }
  template <typename... Values>
  void note(fmt::format_string<Values...> text, Values&&... values);

  std::uint64_t seed_;
  std::mt19937_64 random_;
  bool lies_;             // this disk lies: only that nothing goes unnoticed may be asked for
  bool changes_machine_;  // an operator changes what state keeps
  SimClock clock_;
  std::chrono::nanoseconds jumped_{};
  test::FakeDisk disk_;
  std::mt19937_64 weather_random_;
  bool bad_weather_ = false;
  Venues venues_;
  RunOptions options_;
  Reference reference_;
  Counts counts_;
  std::deque<std::string> notes_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::unique_ptr<Process> process_;
  enum class Ended : std::uint8_t { never_ran, orderly, killed, without_power } ended_ = Ended::never_ran;
  bool over_ = false;
};

}  // namespace qos::simulation
