// A feed of made-up coins that ticks as fast as it is told, or as the server takes it: best bid and ask, or
// trades. The size carries the time of the tick in seconds of CLOCK_MONOTONIC, so that a client knows how old
// a push is: "v":"33012.25000000".
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "server/planned_feeds.hpp"

namespace qos::bench {

enum class Topic { depth, trade };
enum class Order { round_robin, random };

struct TickOptions {
  std::size_t instruments = 1'000;
  Topic topic = Topic::depth;
  Order order = Order::round_robin;
  double rate = 0;        // ticks a second; 0: as many as the server takes
  std::size_t burst = 1;  // with a rate: so many at one instant
};

// Nothing ticks before it is set: by whoever sees that the clients are there.
using Begin = std::shared_ptr<std::atomic<bool>>;

// Makes the feed that the configuration calls "bench".
server::FeedMaker tick_feed_maker(const TickOptions& options, Begin begin);

// The table of its instruments, as text of data/instruments.csv's form.
std::string tick_instruments(std::size_t count);

}  // namespace qos::bench
