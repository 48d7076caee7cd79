// The simulated feed against clocks that only move when told.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <numeric>
#include <thread>

#include "feed/simulated/simulated_feed.hpp"
#include "feed/simulated_world.hpp"
#include "io/manual_clock.hpp"

namespace qos::feed::simulated {
namespace {

using market::Market;
using namespace std::chrono_literals;

const UnixNanos kNow = at("2026-01-05T09:00:00Z");

// Keeps what it is given; another thread may wait for a clock tick.
class KeepingSink final : public EventSink {
 public:
  void on(const Event& event) override {
    const std::scoped_lock lock{mutex_};
    events_.push_back(event);
    if (std::holds_alternative<ClockTick>(event.body)) last_tick_ = event.ts_recv;
    if (events_.size() == stop_after_) source_.request_stop();
    arrived_.notify_all();
  }
  void wait_for_tick_at(UnixNanos t) {
    std::unique_lock lock{mutex_};
    arrived_.wait(lock, [&] { return last_tick_ >= t; });
  }
  std::vector<Event> events() const {
    const std::scoped_lock lock{mutex_};
    return events_;
  }
  void stop_after(std::size_t events) { stop_after_ = events; }
  std::stop_token token() { return source_.get_token(); }
  void stop() { source_.request_stop(); }

 private:
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Event> events_;
  UnixNanos last_tick_{};
  std::size_t stop_after_ = 0;
  std::stop_source source_;
};

std::unique_ptr<Feed> feed_of(std::string_view text, const std::vector<Market>& covered, const World& world,
                              io::Clock& clock) {
  static const std::string prices = own_prices();
  return must(make_feed(must(FeedSpec::parse(text)), covered,
                        {.id = FeedId{3},
                         .instruments = world.instruments,
                         .calendars = world.calendars,
                         .clock = clock,
                         .simulated_prices = prices}));
}

TEST(SimulatedFeed, produces_the_past_at_once_and_then_keeps_pace) {
  const auto always = world(Hours::always);
  io::ManualClock clock{kNow};
  const auto feed = feed_of("simulated:history=2m", {Market::CF}, *always, clock);
  KeepingSink sink;
  Result<void> result;
  std::jthread thread{[&] { result = feed->run(sink, sink.token()); }};

  sink.wait_for_tick_at(kNow);
  EXPECT_EQ(sink.events().front().ts_recv, kNow - 2min);
  EXPECT_LE(sink.events().back().ts_recv, kNow);
  for (int second = 1; second <= 5; ++second) {
    clock.advance(1s);
    sink.wait_for_tick_at(kNow + std::chrono::seconds{second});
    EXPECT_LE(sink.events().back().ts_recv, kNow + std::chrono::seconds{second});
  }
  sink.stop();
  thread.join();
  EXPECT_TRUE(result);
  const auto events = sink.events();
  EXPECT_EQ(feed->counters().events.value(), events.size());
  for (const Event& event : events) {
    ASSERT_EQ(event.feed, FeedId{3});
    ASSERT_EQ(event.ts_recv, ts_event_of(event.body));
    const auto id = instrument_of(event.body);
    if (!id) continue;
    ASSERT_EQ(always->instruments.at(*id).code.market, Market::CF);
  }
}

TEST(SimulatedFeed, starts_at_from_without_a_past) {
  const auto always = world(Hours::always);
  io::ManualClock clock{kNow};
  const auto feed =
      feed_of("simulated:from=2020-02-03T10:00:00Z,history=1h,speed=60", {Market::FX}, *always, clock);
  const UnixNanos from = at("2020-02-03T10:00:00Z");
  KeepingSink sink;
  std::jthread thread{[&] { EXPECT_TRUE(feed->run(sink, sink.token())); }};
  sink.wait_for_tick_at(from);
  EXPECT_EQ(sink.events().back().ts_recv, from);
  clock.advance(1s);
  sink.wait_for_tick_at(from + 60s);
  EXPECT_LE(sink.events().back().ts_recv, from + 60s);
  sink.stop();
}

// Moves to whatever is waited for, and remembers how long each wait was.
class LeapingClock final : public io::Clock {
 public:
  UnixNanos now() const override { return kNow; }
  SteadyTime steady_now() const override { return steady_; }
  bool wait_until(SteadyTime deadline, const std::stop_token& stop) override {
    waits.push_back(deadline - steady_);
    steady_ = std::max(steady_, deadline);
    return !stop.stop_requested();
  }
  std::vector<std::chrono::nanoseconds> waits;

 private:
  SteadyTime steady_{};
};

TEST(SimulatedFeed, hands_on_what_is_due_in_batches) {
  const auto always = world(Hours::always);
  LeapingClock clock;
  const auto feed = feed_of("simulated:rate=100,from=2026-01-05T09:00:00Z,until=2026-01-05T09:00:02Z",
                            {Market::CF, Market::HK}, *always, clock);
  KeepingSink sink;
  EXPECT_TRUE(feed->run(sink, sink.token()));
  EXPECT_GT(sink.events().size(), 10'000U);
  EXPECT_LE(clock.waits.size(), 1'001U);
  for (const auto wait : clock.waits) EXPECT_GE(wait, 2ms);
  const auto total = std::accumulate(clock.waits.begin(), clock.waits.end(), 0ns);
  EXPECT_GE(total, 1990ms);
  EXPECT_LE(total, 2010ms);
}

TEST(SimulatedFeed, gives_the_same_events_at_any_pace) {
  const auto always = world(Hours::always);
  const auto run = [&](std::string_view speed) {
    LeapingClock clock;
    const auto feed =
        feed_of(fmt::format("simulated:from=2026-01-05T09:00:00Z,until=2026-01-05T09:01:00Z,speed={}", speed),
                {Market::US, Market::SH}, *always, clock);
    KeepingSink sink;
    EXPECT_TRUE(feed->run(sink, sink.token()));
    return std::pair{sink.events(), clock.waits.size()};
  };
  const auto [fast, no_waits] = run("max");
  EXPECT_EQ(no_waits, 0U);
  EXPECT_GT(fast.size(), 1'000U);
  EXPECT_EQ(run("1").first, fast);
  EXPECT_EQ(run("7").first, fast);
}

TEST(SimulatedFeed, stops_at_once_when_asked) {
  const auto always = world(Hours::always);
  for (const std::string_view spec : {"simulated:speed=max", "simulated:history=1d"}) {
    io::ManualClock clock{kNow};
    const auto feed = feed_of(spec, {Market::CF}, *always, clock);
    KeepingSink sink;
    sink.stop_after(1'000);
    EXPECT_TRUE(feed->run(sink, sink.token()));
    EXPECT_EQ(sink.events().size(), 1'000U);
  }
}

TEST(SimulatedFeed, without_instruments_waits_for_nothing) {
  const auto always = world(Hours::always);
  io::ManualClock clock{kNow};
  const auto feed = feed_of("simulated", {}, *always, clock);
  KeepingSink sink;
  EXPECT_TRUE(feed->run(sink, sink.token()));
  EXPECT_TRUE(sink.events().empty());
}

TEST(SimulatedFeed, refuses_what_it_does_not_know) {
  const auto always = world(Hours::always);
  io::ManualClock clock{kNow};
  const FeedContext context{.id = FeedId{0},
                            .instruments = always->instruments,
                            .calendars = always->calendars,
                            .clock = clock,
                            .simulated_prices = "code,price\nUS:AAPL,many\n"};
  EXPECT_FALSE(make_feed(must(FeedSpec::parse("simulated:speed=fast")), {Market::US}, context));
  const auto bad_prices = make_feed(must(FeedSpec::parse("simulated")), {Market::US}, context);
  ASSERT_FALSE(bad_prices);
  EXPECT_EQ(bad_prices.error().message,
            "simulated_prices.csv:2: price: expected a positive decimal, got 'many'");
}

}  // namespace
}  // namespace qos::feed::simulated
