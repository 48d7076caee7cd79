// One I/O loop with its thread, its connections and its share of the subscriptions.
//
// Threads: start(), stop() and join() are the server's; everything else happens on the worker's own thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "api/connection.hpp"
#include "api/drain.hpp"
#include "api/loop_context.hpp"
#include "channel/fanout.hpp"
#include "channel/hub.hpp"
#include "io/loop.hpp"

namespace qos::api {

// What all workers of a server share.
struct WorkerEnvironment {
  const ServerOptions& options;
  const Services& services;
  access::Gate& gate;
  channel::Fanout& fanout;
  Worlds* worlds;  // nullptr: no key travels
  ServerCounters& counters;
  http::RegistrationLimiter& registrations;
  const channel::Outbox::Limits& outbox_limits;
};

class Worker final : private ConnectionHost {
 public:
  static Result<std::unique_ptr<Worker>> create(std::size_t index, const WorkerEnvironment& environment);
  ~Worker() override;

  io::Loop& loop() { return *loop_; }

  void start();
  // Any thread: makes an HTTP connection of an accepted socket, on this worker's thread.
  void adopt(Transport transport, std::string remote_address);
  // Any thread: asks the clients to leave, one after another. Goes on serving those who are still there, and
  // publishing to them, until stop().
  void drain(const Farewell& farewell);
  // Says goodbye to every client; the thread ends when they are gone, after a second at the latest.
  void stop();
  void join();

 private:
  Worker(std::size_t index, const WorkerEnvironment& environment, std::unique_ptr<io::Loop> loop);

  void visit_at_turn_end(Connection& connection) override;
  void add(std::unique_ptr<Connection> connection) override;
  void retire(Connection& connection) override;
  std::shared_ptr<LoopWorld> world_of(const access::Grant& grant) override;

  std::shared_ptr<LoopWorld> enter(std::shared_ptr<const World> world);
  void leave(LoopWorld& world);
  void leave_unused_worlds();

  bool end_turn();
  void visit_connections();
  // Sends what its ring has. True: there is more.
  bool send_updates(LoopWorld& world);
  bool gather(channel::Hub& hub);
  void on_tick();
  template <typename Visit>
  void for_each_connection(Visit&& visit);
  void begin_drain(const Farewell& farewell);
  void begin_stop();
  void close_everything();
  void publish_tally();

  std::size_t index_;
  WorkerEnvironment environment_;
  std::unique_ptr<io::Loop> loop_;
  LoopCompression compression_{};
  std::shared_ptr<LoopMail> mail_;
  std::shared_ptr<LoopWorld> live_;
  std::vector<std::shared_ptr<LoopWorld>> travelled_;  // those that a connection of this loop shows
  std::unique_ptr<LoopContext> context_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> retired_;
  std::vector<Connection*> visits_;
  SteadyTime sent_at_{};  // when updates were sent last, and how long that took
  SteadyTime::duration sending_took_{};
  std::optional<Drain> drain_;
  std::optional<int> ticks_to_end_;  // set once the worker stops
  std::jthread thread_;
};

}  // namespace qos::api
