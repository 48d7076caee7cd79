#include "tick_feed.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <chrono>
#include <random>

#include "bench_codes.hpp"

namespace qos::bench {
namespace {

using std::chrono::nanoseconds;

// How often it looks whether it may begin.
constexpr std::chrono::milliseconds kLook{20};
// Without a pace: ticks between two looks at the wish to stop.
constexpr std::size_t kUnpacedBurst = 256;
const Price kBid = *Price::parse("1000000.12345");
const Price kAsk = *Price::parse("1000001.12345");
Quantity stamp() {
  // Billionths of a second in a quantity's hundred-millionths.
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return Quantity::from_raw(std::chrono::duration_cast<nanoseconds>(now).count() / 10);
}

// Fills a push up to 176 bytes with its frame's header, however many digits the stamp has: sixteen whole
// digits in both sizes together.
Quantity filling_size() {
  constexpr std::size_t kWholeDigits = 16;
  const auto stamped = stamp().raw() / Quantity::from_units(1).raw();
  const std::string digits(kWholeDigits - std::to_string(stamped).size(), '1');
  return *Quantity::parse(digits + ".12345678");
}

class TickFeed final : public feed::Feed {
 public:
  TickFeed(const TickOptions& options, Begin begin, const feed::FeedContext& context)
      : options_{options}, begin_{std::move(begin)}, id_{context.id}, clock_{context.clock} {}

  Result<void> run(feed::EventSink& sink, const std::stop_token& stop) override {
    prctl(PR_SET_TIMERSLACK, 1);
    sink.live();
    while (!begin_->load())
      if (!clock_.wait_until(clock_.steady_now() + kLook, stop)) return {};
    if (options_.rate > 0) {
      run_paced(sink, stop);
    } else {
      while (!stop.stop_requested()) tick(sink, kUnpacedBurst);
    }
    return {};
  }
  const feed::FeedCounters& counters() const override { return counters_; }

 private:
  // A burst that is late is not left out: the rate is kept, and the wait is part of the age of its pushes.
  void run_paced(feed::EventSink& sink, const std::stop_token& stop) {
    const nanoseconds pause{
        static_cast<std::int64_t>(1e9 * static_cast<double>(options_.burst) / options_.rate)};
    for (auto next = clock_.steady_now(); clock_.wait_until(next, stop); next += pause)
      tick(sink, options_.burst);
  }

  void tick(feed::EventSink& sink, std::size_t count) {
    const auto now = clock_.now();
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = options_.order == Order::random ? random_() : next_++;
      const InstrumentId instrument{static_cast<InstrumentId::rep>(row % options_.instruments)};
      sink.on({.feed = id_, .ts_recv = now, .body = body(instrument, now)});
    }
    counters_.messages.add(count);
    counters_.events.add(count);
  }

  EventBody body(InstrumentId instrument, UnixNanos now) const {
    if (options_.topic == Topic::trade)
      return Trade{.instrument = instrument, .price = kBid, .size = stamp(), .ts_event = now};
    return Quote{.instrument = instrument,
                 .bid = kBid,
                 .bid_size = stamp(),
                 .ask = kAsk,
                 .ask_size = ask_size_,
                 .ts_event = now};
  }

  const TickOptions options_;
  const Begin begin_;
  const FeedId id_;
  const Quantity ask_size_ = filling_size();
  io::Clock& clock_;
  std::minstd_rand random_{1};
  std::size_t next_ = 0;
  feed::FeedCounters counters_;
};

}  // namespace

server::FeedMaker tick_feed_maker(const TickOptions& options, Begin begin) {
  return {.plan = [](const feed::FeedSpec&) -> Result<feed::FeedPlan> {
            return feed::FeedPlan{.markets = {market::Market::CF}, .keep_open = true};
          },
          .make = [options, begin](const feed::FeedSpec&, const std::vector<market::Market>&,
                                   const feed::FeedContext& context) -> Result<std::unique_ptr<feed::Feed>> {
            return std::make_unique<TickFeed>(options, begin, context);
          }};
}

std::string tick_instruments(std::size_t count) {
  std::string csv =
      "code,kind,exchange,currency,name_zh,name_en,lot_size,tick,volume_step,calendar,total_shares,"
      "outstanding_shares,eps,naps,dividend_yield,source\n";
  for (std::size_t i = 0; i < count; ++i)
    csv += fmt::format("{},perpetual,X,USDT,,,1,0.00001,0.00000001,,,,,,,bench\n", bench_code(i));
  return csv;
}

}  // namespace qos::bench
