// The wiring: feeds, sequencer, state, fan-out and the server that clients see, joined as the architecture
// draws them. What each part does is its own header's to say.
//
// Threads: open(), start(), stop() belong to one thread, which owns the pipeline. start() makes one thread a
// feed, the market thread and the I/O loops; stop() joins them all.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "access/gate.hpp"
#include "admin/metrics_page.hpp"
#include "api/server.hpp"
#include "core/result.hpp"
#include "io/clock.hpp"
#include "server/config.hpp"
#include "server/planned_feeds.hpp"

namespace qos::server {

class Pipeline {
 public:
  // Loads reference data, opens the key store, makes the feeds and binds the sockets. Nothing runs yet.
  // Whatever is wrong with the configuration or the world is an error here, before anything was changed.
  static Result<std::unique_ptr<Pipeline>> open(Config config, io::Clock& clock,
                                                const FeedMaker& maker = registered_feeds());
  ~Pipeline();

  void start();
  // Waits until every feed has handed over its past, so that charts are full. False: stopped first.
  bool wait_until_ready();
  // Feeds end, what they handed over is applied, clients are closed. Idempotent.
  void stop();

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
