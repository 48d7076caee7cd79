// The simulated market as a feed: the generator's events, handed on when the clock says that they are due.
#pragma once

#include <memory>
#include <vector>

#include "core/result.hpp"
#include "feed/feed.hpp"
#include "feed/simulated/generator.hpp"
#include "feed/simulated/options.hpp"

namespace qos::feed::simulated {

// run() on one thread; counters from any.
class SimulatedFeed final : public Feed {
 public:
  // The context's tables and clock must outlive it.
  SimulatedFeed(const Options& options, const std::vector<market::Market>& covered, StartPrices prices,
                const FeedContext& context);

  // Begins at `from`, or `history` before the clock's now: the past is produced as fast as the sink takes it,
  // then simulated time keeps pace with the clock, `speed` times as fast. ts_recv equals ts_event, so that
  // two runs from the same instant hand on the same bytes.
  Result<void> run(EventSink& sink, const std::stop_token& stop) override;
  const FeedCounters& counters() const override { return counters_; }

 private:
  void emit_until(UnixNanos due, Generator& generator, EventSink& sink, const std::stop_token& stop);
  bool emit_one(Generator& generator, EventSink& sink);

  Options options_;
  StartPrices prices_;
  FeedContext context_;
  std::vector<InstrumentId> instruments_;
  FeedCounters counters_;
};

// For registry.cpp.
Result<FeedPlan> plan(const FeedSpec& spec);
Result<std::unique_ptr<Feed>> make(const FeedSpec& spec, const std::vector<market::Market>& covered,
                                   const FeedContext& context);

}  // namespace qos::feed::simulated
