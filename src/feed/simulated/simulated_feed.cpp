#include "feed/simulated/simulated_feed.hpp"

#include <algorithm>
#include <limits>

#include "feed/simulated/past.hpp"

namespace qos::feed::simulated {
namespace {

using std::chrono::nanoseconds;

// Events that fall due within it are handed on together: one wake-up, one batch for everyone behind the feed.
constexpr nanoseconds kBatch = std::chrono::milliseconds{2};

// How far ahead of the clock a run may begin and wait for it.
constexpr nanoseconds kPatience = std::chrono::minutes{2};

// Turns elapsed time of the clock into simulated time and back.
class Pace {
 public:
  Pace(UnixNanos simulated_now, SteadyTime steady_now, std::int64_t speed)
      : simulated_{simulated_now}, steady_{steady_now}, speed_{speed} {}

  UnixNanos simulated_at(SteadyTime t) const {
    const Int128 ahead = Int128{unix_nanos(simulated_)} + Int128{nanoseconds{t - steady_}.count()} * speed_;
    return from_unix_nanos(static_cast<std::int64_t>(std::min<Int128>(ahead, kLatest)));
  }
  // The first moment at which simulated_at reaches t.
  SteadyTime steady_at(UnixNanos t) const {
    const nanoseconds wait = t - simulated_;
    return steady_ + nanoseconds{wait.count() / speed_ + (wait.count() % speed_ > 0 ? 1 : 0)};
  }

 private:
  static constexpr std::int64_t kLatest = std::numeric_limits<std::int64_t>::max();

  UnixNanos simulated_;
  SteadyTime steady_;
  std::int64_t speed_;
};

}  // namespace

SimulatedFeed::SimulatedFeed(const Options& options, const std::vector<market::Market>& covered,
                             const StartPrices& prices, const FeedContext& context)
    : options_{options}, context_{context} {
  for (std::size_t i = 0; i < context_.instruments.size(); ++i) {
    const InstrumentId id{static_cast<InstrumentId::rep>(i)};
    if (std::ranges::count(covered, context_.instruments.at(id).code.market) > 0) instruments_.push_back(id);
  }
  for (const InstrumentId id : instruments_) starts_.push_back({prices.of(context_.instruments.at(id))});
}

Result<void> SimulatedFeed::tell_past(PastSink& sink,
                                      const std::function<std::optional<KnownPast>(InstrumentId)>& known) {
  if (!goes_on(options_)) return {};
  std::vector<std::optional<KnownPast>> knowns;
  std::optional<UnixNanos> known_until;
  for (const InstrumentId id : instruments_) {
    knowns.push_back(known(id));
    if (knowns.back() && knowns.back()->series != StoredSeries::day)
      known_until = std::max(known_until.value_or(UnixNanos::min()), end_of(*knowns.back()));
  }
  live_start_ = live_start(options_, context_.clock.now(), known_until);
  const UnixNanos end = std::chrono::floor<std::chrono::minutes>(*live_start_);
  Past past{options_, end, context_.calendars};
  for (std::size_t i = 0; i < instruments_.size(); ++i) {
    const market::Instrument& instrument = context_.instruments.at(instruments_[i]);
    if (tells_past(options_)) {
      auto start = past.tell(instrument, starts_[i].price, knowns[i], sink);
      if (!start) return std::unexpected{std::move(start.error())};
      starts_[i] = *start;
    } else if (knowns[i]) {
      starts_[i] = go_on_from(instrument, context_.calendars.at(instrument.calendar), end, *knowns[i]);
    }
  }
  return {};
}

bool SimulatedFeed::emit_one(Generator& generator, EventSink& sink) {
  const auto body = generator.next();
  if (!body) return false;
  sink.on({.feed = context_.id, .ts_recv = ts_event_of(*body), .body = *body});
  counters_.messages.add();
  counters_.events.add();
  return true;
}

void SimulatedFeed::emit_until(UnixNanos due, Generator& generator, EventSink& sink,
                               const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto next = generator.next_time();
    if (!next || *next > due || !emit_one(generator, sink)) return;
  }
}

Result<void> SimulatedFeed::run(EventSink& sink, const std::stop_token& stop) {
  const UnixNanos now = context_.clock.now();
  const SteadyTime steady_now = context_.clock.steady_now();
  const UnixNanos from = live_start_.value_or(
      options_.from.value_or(std::chrono::floor<std::chrono::seconds>(now) - options_.history));
  Generator generator{options_, from, context_.instruments, context_.calendars, instruments_, starts_};
  // What is known of it is not waited for.
  for (std::uint64_t left = context_.already; left > 0 && !stop.stop_requested(); --left)
    if (!emit_one(generator, sink)) break;
  if (!options_.speed) {
    sink.live();
    while (!stop.stop_requested() && emit_one(generator, sink)) {
    }
    return {};
  }
  // What is stored may end after now: in the minute that was in progress, which is waited for, or much later,
  // after a run that was faster than the clock. Simulated time then goes on from there.
  const bool ahead = options_.from || from > now + kPatience;
  const UnixNanos goes_on_at = context_.already > 0 ? generator.next_time().value_or(from) : from;
  const Pace pace{ahead ? goes_on_at : now, steady_now, *options_.speed};
  while (true) {
    const SteadyTime looked_at = context_.clock.steady_now();
    emit_until(pace.simulated_at(looked_at), generator, sink, stop);
    sink.live();
    const auto next = generator.next_time();
    if (!next) return {};
    if (!context_.clock.wait_until(std::max(pace.steady_at(*next), looked_at + kBatch), stop)) return {};
  }
}

Result<FeedPlan> plan(const FeedSpec& spec) {
  auto options = parse_options(spec);
  if (!options) return std::unexpected{std::move(options.error())};
  return FeedPlan{.markets = options->markets.value_or(std::vector<market::Market>{}),
                  .markets_by_default = !options->markets,
                  .keep_open = options->hours == Hours::always,
                  .continues = goes_on(*options),
                  .simulated = true};
}

Result<std::unique_ptr<Feed>> make(const FeedSpec& spec, const std::vector<market::Market>& covered,
                                   const FeedContext& context) {
  auto options = parse_options(spec);
  if (!options) return std::unexpected{std::move(options.error())};
  auto prices = StartPrices::load(context.simulated_prices);
  if (!prices) return std::unexpected{std::move(prices.error())};
  return std::make_unique<SimulatedFeed>(*options, covered, *prices, context);
}

}  // namespace qos::feed::simulated
