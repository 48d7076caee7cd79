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
  SimulatedFeed(const Options& options, const std::vector<market::Market>& covered, const StartPrices& prices,
                const FeedContext& context);

  // Tells days of ten years and minutes of thirty trading days, or what has happened since what is known, and
  // settles where and at which prices run() begins.
  Result<void> tell_past(PastSink& sink,
                         const std::function<std::optional<KnownPast>(InstrumentId)>& known) override;
  // Begins at `from`, or `history` before the clock's now, but after what was known to tell_past(): the past
  // is produced as fast as the sink takes it, then simulated time keeps pace with the clock, `speed` times as
  // fast. ts_recv equals ts_event, so that two runs from the same instant hand on the same bytes.
  Result<void> run(EventSink& sink, const std::stop_token& stop) override;
  const FeedCounters& counters() const override { return counters_; }

 private:
  void emit_until(UnixNanos due, Generator& generator, EventSink& sink, const std::stop_token& stop);
  bool emit_one(Generator& generator, EventSink& sink);

  Options options_;
  FeedContext context_;
  std::vector<InstrumentId> instruments_;
  std::vector<StartPoint> starts_;       // of the instruments
  std::optional<UnixNanos> live_start_;  // settled by tell_past()
  FeedCounters counters_;
};

// For registry.cpp.
Result<FeedPlan> plan(const FeedSpec& spec);
Result<std::unique_ptr<Feed>> make(const FeedSpec& spec, const std::vector<market::Market>& covered,
                                   const FeedContext& context);

}  // namespace qos::feed::simulated
