// The wiring: feeds, sequencer, state, fan-out and the server that clients see, joined as the architecture
// draws them. What each part does is its own header's to say.
//
// Threads: open(), start(), stop() belong to one thread, which owns the pipeline. start() makes one thread a
// feed, the market thread and the I/O loops; stop() joins them all.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "access/gate.hpp"
#include "admin/metrics_page.hpp"
#include "api/server.hpp"
#include "core/result.hpp"
#include "io/clock.hpp"
#include "server/config.hpp"
#include "server/hand_over.hpp"
#include "server/planned_feeds.hpp"

namespace qos::server {

class Pipeline {
 public:
  // Loads reference data, opens the key store, makes the feeds and binds the sockets. Nothing runs yet.
  // Whatever is wrong with the configuration or the world is an error here, before anything was changed.
  // `succession`: of a running server, which is asked for its data folder once all is known that can be
  // without it.
  static Result<std::unique_ptr<Pipeline>> open(Config config, io::Clock& clock,
                                                const FeedMaker& maker = registered_feeds(),
                                                Succession* succession = nullptr);
  ~Pipeline();

  // Accept::later: clients wait in the kernel until accept().
  using Accept = api::Server::Accept;
  void start(Accept accept = Accept::at_once);
  void accept();
  // Waits until every feed has handed over its past, so that charts are full. False: stopped first, or not in
  // that time.
  bool wait_until_ready(std::chrono::milliseconds patience = std::chrono::hours{24 * 365});
  // Nobody new is let in and clients are asked to leave, spread over http.drain_ms; the market goes on for
  // those who are still there. Once, between start() and stop().
  enum class Leaving : std::uint8_t {
    restarts,     // /health says that nobody should be sent here
    handed_over,  // clients find the successor where they found this one
  };
  void drain(Leaving leaving = Leaving::restarts);
  // Nobody is connected.
  bool drained() const;
  // Feeds end, what they handed over is applied, clients are closed. Idempotent.
  void stop();

  // For a successor: what it is given, and that nobody is let in any more, feeds end, everything is on disk
  // and the data folder is another process's. Who is connected is still answered from what there was, and
  // hears nothing new. drain() and stop() are to follow.
  std::vector<api::Server::Listening> listening() const;
  void give_up_data();
  HandOverCounters& hand_over_counters();

  std::vector<std::string> addresses() const;
  std::vector<std::string> tls_addresses() const;
  access::Gate& gate();
  int metrics_port() const;  // 0: no metrics page
  // Events that were applied and published.
  std::uint64_t events_applied() const;
  // Every feed has ended and all that they handed over is applied, published and on disk.
  bool at_rest() const;
  // Every K-line that closed with an applied event is on disk.
  bool history_at_rest() const;

 private:
  class Impl;
  explicit Pipeline(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace qos::server
