// The server that clients see: I/O loops, HTTP and WebSocket. Made once, started once, stopped once.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "access/gate.hpp"
#include "api/query.hpp"
#include "channel/fanout.hpp"
#include "core/counter.hpp"
#include "core/result.hpp"
#include "io/listener.hpp"
#include "io/tls_certificate.hpp"

namespace qos::api {

enum class HttpStatus : std::uint8_t { by_class, always_200 };
enum class Registration : std::uint8_t { open, closed };

struct ServerOptions {
  std::vector<std::string> listen{"127.0.0.1:8080"};  // address:port, [v6]:port; port 0 takes a free one
  std::vector<std::string> tls_listen;                // likewise, for TLS
  const io::TlsCertificate* certificate = nullptr;    // of those; outlives the server
  std::size_t loops = 1;                              // I/O threads
  std::size_t max_connections = 10'000;               // over all loops; beyond it a new one is closed at once
  std::size_t max_body_bytes = 1 << 20;               // of a request, after decompression
  std::size_t max_frame_bytes = 1 << 18;              // of a client's WebSocket message
  std::size_t outbox_hard_bytes = 4 << 20;  // waiting for one client: beyond it the client is closed
  std::size_t outbox_soft_bytes = 1 << 20;  // above it for longer than the grace time: closed too
  std::chrono::milliseconds outbox_grace{5'000};
  // How long updates are gathered at most, while there are more, before the turn sends them.
  std::chrono::microseconds gather{2'000};
  // For measuring only: sends when so many updates were gathered, and waits `gather` for them. 0: sends as
  // soon as there are no more.
  std::size_t updates_per_flush = 0;
  // As io::Listener::Sending has them. What the kernel refuses is said in `warnings`, and the server goes on.
  std::string congestion_control;
  std::uint32_t unsent_bytes = 128 << 10;
  std::chrono::milliseconds heartbeat_timeout{
      60'000};  // a WebSocket client silent for longer is closed (1001)
  std::chrono::milliseconds http_idle_timeout{75'000};  // a connection is closed that for longer sends no
                                                        // whole request and takes nothing of an answer
  HttpStatus http_status = HttpStatus::by_class;
  Registration registration = Registration::open;
  std::string registration_plan = "free";
  std::uint32_t registrations_a_day = 10;  // an address
};

struct ServerCounters {
  Counter connections;
  Gauge connections_open;
  Gauge websockets_open;
  Counter http_requests;
  Counter http_errors;  // answers that are no OK
  Counter ws_commands;
  Counter ws_errors;
  Counter frames_sent;        // superseded ones among them
  Counter frames_superseded;  // never sent, as a later one of a slow client took their place
  Counter bytes_sent;
  Counter bytes_received;
  Gauge ws_compressed_open;         // WebSockets that agreed on compression
  Counter ws_bytes_before_packing;  // of frames that were packed, or found to get no smaller
  Counter ws_bytes_after_packing;   // of what was made of them; a frame that many share counts once
  Counter slow_consumers;           // closed because of their outbox
  Counter heartbeat_timeouts;
  Counter cursors_lost;         // a key with a cursor came back, and what it missed could not be sent
  Counter refused_connections;  // over max_connections
  io::TlsCounters tls;
  Counter drained;     // asked to leave because the server stops
  Counter drain_cuts;  // who then did not
};

// How clients are asked to leave while the server still serves.
struct Farewell {
  // WebSockets are sent their close frame (1012) and idle HTTP connections are closed evenly over it.
  std::chrono::milliseconds over{5'000};
  // Then who has not left is cut off.
  std::chrono::milliseconds patience{2'000};
  std::string_view reason;  // what the close frame says: a literal, at most 123 bytes
};

class Worlds;  // api/worlds.hpp

class Server {
 public:
  // Binds, then returns; nothing is accepted before start(). An address in use or malformed is an error.
  // `bound`: sockets for some of the addresses, which are then not bound anew.
  // `worlds`: for keys that travel; they are told `not ready` without. Outlives the server.
  static Result<std::unique_ptr<Server>> bind(ServerOptions options, const Services& services,
                                              access::Gate& gate, channel::Fanout& fanout,
                                              Worlds* worlds = nullptr, io::BoundSockets bound = {});
  virtual ~Server() = default;

  // Accept::later: connections wait in the kernel until accept().
  enum class Accept : std::uint8_t { at_once, later };
  virtual void start(Accept accept = Accept::at_once) = 0;
  // Between start() and stop(). After pause_accepting() has returned nobody is let in any more.
  virtual void accept() = 0;
  virtual void pause_accepting() = 0;
  // The sockets, to be given to another process, each with its address as configured. Valid until drain() or
  // stop().
  struct Listening {
    std::string listen;
    int descriptor;
  };
  virtual std::vector<Listening> listening() const = 0;
  // Stops accepting and asks every client to leave, spread over a time. What waits in the kernel to be
  // accepted is accepted first, unless accepting was paused: then it is somebody else's. Who is still there
  // is served on, until counters().connections_open is 0 or stop() ends it. Once, between start() and stop().
  virtual void drain(const Farewell& farewell) = 0;
  // Stops accepting, closes WebSockets with 1012, joins the loops; takes a second at most. Idempotent.
  virtual void stop() = 0;
  // The bound addresses, with real ports, in the order of options.listen.
  virtual std::vector<std::string> addresses() const = 0;
  virtual std::vector<std::string> tls_addresses() const = 0;  // likewise, of options.tls_listen
  virtual const ServerCounters& counters() const = 0;
  // What was asked for and is not in force.
  virtual std::vector<std::string> warnings() const = 0;
};

}  // namespace qos::api
