// What the connections of one I/O loop share, and what they ask of the loop's owner.
//
// Thread: the loop's.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "api/budget.hpp"
#include "api/http/register.hpp"
#include "api/http/request_reader.hpp"
#include "api/http/response_writer.hpp"
#include "api/loop_mail.hpp"
#include "api/loop_memory.hpp"
#include "api/loop_world.hpp"
#include "api/query.hpp"
#include "api/request.hpp"
#include "api/server.hpp"
#include "api/ws/packer.hpp"
#include "channel/gatherer.hpp"
#include "channel/outbox.hpp"
#include "io/loop.hpp"

namespace qos::api {

class Connection;

class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  // Calls end_turn() of the connection once, at the end of this turn.
  virtual void visit_at_turn_end(Connection& connection) = 0;
  virtual void add(std::unique_ptr<Connection> connection) = 0;
  // Destroys it at the end of this turn, not before: it may be in the middle of a call.
  virtual void retire(Connection& connection) = 0;
  // What a connection of this key shows; nullptr: its world is not ready.
  virtual std::shared_ptr<LoopWorld> world_of(const access::Grant& grant) = 0;
};

// Counted by one loop without atomics, given to ServerCounters at the end of each turn.
struct Tally {
  std::uint64_t frames_sent = 0;
  std::uint64_t frames_superseded = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
};

// What the loop's connections pack and unpack messages with.
struct LoopCompression {
  ws::PackedBytes bytes;  // counted like a Tally
  ws::Packer shared{bytes};
  ws::Inflater inflater{};
};

struct LoopContext {
  ConnectionHost& host;
  io::Loop& loop;
  std::shared_ptr<LoopMail> mail;
  const Services& services;  // of the live world, whose clock is the server's own
  Worlds* worlds;            // nullptr: no key travels
  access::Gate& gate;
  const ServerOptions& options;
  ServerCounters& counters;
  http::RegistrationLimiter& registrations;
  const channel::Outbox::Limits& outbox_limits;
  LoopCompression& compression;

  // The server drains: no answer promises that another one follows, and goodbyes say why.
  bool draining = false;
  std::string_view goodbye = "the server stops";

  SteadyTime now{};  // of the clock handed in, looked at when the loop has something to do
  Tally tally{};
  Lag lag{};
  RequestParser commands{};
  LoopMemory memory{services.views};
  http::ResponseWriter responses{};
  std::string http_answers{};                             // to the requests of one read; empty between reads
  std::unique_ptr<http::RequestReader> request_reader{};  // for whoever begins to read one; may be taken
  // Where every socket of this loop is read into: an idle connection has no buffer of its own.
  std::array<char, std::size_t{64} << 10> input{};
  // Where what waited for a connection is put together, and what this turn brings.
  std::array<char, std::size_t{64} << 10> output{};
  channel::Gatherer gatherer{};
};

}  // namespace qos::api
