#include "feed/binance/recording_feed.hpp"

#include <gmock/gmock.h>

#include <semaphore>
#include <thread>

#include "feed/binance/paced_sink.hpp"
#include "feed/binance_support.hpp"
#include "support/temp_folder.hpp"

namespace qos::feed::binance {
namespace {

constexpr InstrumentId kBtc{0};
constexpr InstrumentId kEth{1};

// Milliseconds after 1700000000.000.
UnixNanos at(std::int64_t ms) {
  return from_unix_nanos((1'700'000'000'000 + ms) * 1'000'000);
}
Price price(std::string_view text) {
  return *Price::parse(text);
}
Quantity size(std::string_view text) {
  return *Quantity::parse(text);
}

struct Delta {
  Side side;
  DeltaPart part;
  std::string_view price;
  std::string_view size;
};
BookDelta btc(std::uint64_t id, std::int64_t ms, Delta delta) {
  return {kBtc, delta.side, delta.part, price(delta.price), size(delta.size), id, at(ms)};
}

constexpr auto kBid = Side::bid;
constexpr auto kAsk = Side::ask;
constexpr auto kMore = DeltaPart::more;
constexpr auto kLast = DeltaPart::last;

std::vector<EventBody> bodies(const Replay& replay) {
  std::vector<EventBody> bodies;
  for (const auto& event : replay.events) bodies.push_back(event.body);
  return bodies;
}

TEST(BinanceRecording, makes_these_events_of_the_typed_day) {
  const Reference reference;
  const auto run = replay(typed_capture("binance_usdm_btcusdt_typed_day.txt"), reference);
  const std::vector<EventBody> expected{
      ClockTick{CalendarId{0}, at(0)},
      BookClear{kBtc, at(5)},
      btc(100, 5, {kBid, kMore, "100", "1.5"}),
      btc(100, 5, {kBid, kMore, "99.9", "2"}),
      btc(100, 5, {kAsk, kMore, "100.1", "0.25"}),
      btc(100, 5, {kAsk, kLast, "100.2", "7"}),
      btc(104, 10, {kBid, kMore, "99.9", "3"}),
      btc(104, 10, {kAsk, kLast, "100.2", "0"}),
      Quote{kBtc, price("100"), size("1.5"), price("100.1"), size("0.25"), 105, at(32)},
      Trade{kBtc, price("100.1"), size("0.2"), 502, at(50), TradeCondition::regular, Aggressor::buy},
      ClockTick{CalendarId{0}, at(1'000)},
      Trade{kBtc, price("100"), size("0.5"), 503, at(1'070), TradeCondition::regular, Aggressor::sell},
      ClockTick{CalendarId{0}, at(2'000)},
      ClockTick{CalendarId{0}, at(3'000)},
      Gap{kBtc, 106, 120, at(3'120)},
      BookClear{kBtc, at(3'140)},
      btc(126, 3'140, {kBid, kMore, "99.9", "3"}),
      btc(126, 3'140, {kAsk, kLast, "100.1", "0.5"}),
      btc(130, 3'130, {kBid, kLast, "99.8", "1"}),
      Trade{kBtc, price("99.9"), size("0.5"), 506, at(2'990), TradeCondition::regular, Aggressor::sell},
      RollingStats{kBtc, price("101.5"), price("102"), price("99"), *Volume::parse("12345.678"),
                   *Turnover::parse("1234567.12345678"), at(3'181)},
  };
  EXPECT_EQ(run.error, "");
  ASSERT_EQ(run.events.size(), expected.size());
  for (std::size_t index = 0; index < expected.size(); ++index)
    EXPECT_TRUE(run.events[index].body == expected[index]) << "event " << index;
}

TEST(BinanceRecording, counts_and_reports_what_made_no_event) {
  const Reference reference;
  const auto path = typed_capture("binance_usdm_btcusdt_typed_day.txt");
  const auto run = replay(path, reference);
  EXPECT_EQ(run.counters().messages.value(), 18U);
  EXPECT_EQ(run.counters().events.value(), run.events.size());
  EXPECT_EQ(run.counters().rejected.value(), 1U);
  EXPECT_EQ(run.counters().unknown_instruments.value(), 1U);
  EXPECT_EQ(run.counters().ignored.value(),
            5U);  // two trades twice told, a fund's, a partial book, a mark price
  EXPECT_EQ(run.counters().gaps.value(), 1U);
  EXPECT_THAT(
      run.reports,
      testing::ElementsAre(
          path + ":13: depth BTCUSDT: update 121 follows 120, expected pu 105; the book waits for a snapshot",
          path + ":15: no instrument CF:XYZUSDT; its messages are only counted",
          path + ":17: trade: 'p' is -100.0, expected a decimal that fits, above 0"));
}

TEST(BinanceRecording, stamps_every_event_with_its_feed_and_the_recorders_clock) {
  const Reference reference;
  const auto run = replay(typed_capture("binance_usdm_btcusdt_typed_day.txt"), reference);
  for (const auto& event : run.events) EXPECT_EQ(event.feed, FeedId{3});
  EXPECT_EQ(run.events.front().ts_recv, from_unix_nanos(1'700'000'000'020'000'001));
  EXPECT_EQ(run.events.back().ts_recv, from_unix_nanos(1'700'000'003'180'000'001));
}

TEST(BinanceRecording, reads_wrapped_lines_of_two_symbols) {
  const Reference reference;
  const auto run = replay(typed_capture("binance_usdm_two_symbols_typed.jsonl"), reference);
  EXPECT_THAT(run.reports, testing::IsEmpty());
  const std::vector<EventBody> expected{
      ClockTick{CalendarId{0}, at(1'000)},
      BookClear{kEth, at(1'199)},
      BookDelta{kEth, kBid, kMore, price("20.5"), size("3"), 50, at(1'199)},
      BookDelta{kEth, kAsk, kLast, price("20.6"), size("4"), 50, at(1'199)},
      BookDelta{kEth, kAsk, kLast, price("20.6"), size("0"), 61, at(1'499)},
      Trade{kBtc, price("100.1"), size("2"), 3, at(1'699), TradeCondition::regular, Aggressor::sell},
  };
  EXPECT_TRUE(bodies(run) == expected);
  EXPECT_EQ(run.counters().messages.value(), 3U);
}

std::string write(const test::TempFolder& folder, std::string_view name, std::string_view content) {
  const auto path = folder / name;
  std::ofstream{path, std::ios::binary} << content;
  return path.string();
}

std::string diff_line(std::string_view symbol) {
  return fmt::format(
      R"({{"e":"depthUpdate","T":1700000000000,"s":"{}","U":5,"u":6,"pu":4,"b":[["1","1"]],"a":[]}})"
      "\n",
      symbol);
}
constexpr std::string_view kSnapshotLine =
    R"({"lastUpdateId":5,"T":1700000000000,"bids":[["1","2"]],"asks":[["2","3"]]})"
    "\n";

TEST(BinanceRecording, a_snapshot_without_a_symbol_is_that_of_the_only_diffs_even_of_later_ones) {
  const test::TempFolder folder;
  const Reference reference;
  const auto run = replay(write(folder, "a", std::string{kSnapshotLine} + diff_line("ETHUSDT")), reference);
  EXPECT_THAT(run.reports, testing::IsEmpty());
  ASSERT_EQ(run.all<BookClear>().size(), 1U);
  EXPECT_EQ(run.all<BookClear>()[0].instrument, kEth);
  EXPECT_EQ(run.all<BookDelta>().size(), 3U);
}

TEST(BinanceRecording, a_snapshot_without_a_symbol_among_several_needs_the_option) {
  const test::TempFolder folder;
  const Reference reference;
  const auto path =
      write(folder, "a", std::string{kSnapshotLine} + diff_line("ETHUSDT") + diff_line("BTCUSDT"));
  const auto refused = replay(path, reference);
  EXPECT_THAT(refused.reports, testing::ElementsAre(testing::HasSubstr("give it as symbol=")));
  EXPECT_EQ(refused.counters().rejected.value(), 1U);
  EXPECT_TRUE(refused.all<BookClear>().empty());
  const auto told = replay(path, reference, {{"symbol", "BTCUSDT"}});
  EXPECT_THAT(told.reports, testing::IsEmpty());
  ASSERT_EQ(told.all<BookClear>().size(), 1U);
  EXPECT_EQ(told.all<BookClear>()[0].instrument, kBtc);
}

TEST(BinanceRecording, rubbish_is_counted_in_full_and_reported_in_part) {
  const test::TempFolder folder;
  const Reference reference;
  std::string rubbish;
  for (int line = 0; line < 1'000; ++line) rubbish += "rubbish\n";
  const auto run = replay(write(folder, "a", rubbish), reference);
  EXPECT_EQ(run.error, "");
  EXPECT_EQ(run.counters().rejected.value(), 1'000U);
  ASSERT_EQ(run.reports.size(), 101U);
  EXPECT_THAT(run.reports.front(), testing::EndsWith("a:1: no known shape of a recorded line: rubbish"));
  EXPECT_THAT(run.reports.back(), testing::HasSubstr("only counted"));
}

TEST(BinanceRecording, what_it_cannot_start_with_is_an_error) {
  const Reference reference;
  const test::TempFolder folder;
  const auto file = write(folder, "a", "");
  struct Row {
    std::map<std::string, std::string> options;
    std::string_view named;
  };
  const Row rows[] = {
      {{}, "option 'file' is required"},
      {{{"file", file}, {"loop", "1"}}, "unknown option 'loop'; known: file, speed, symbol"},
      {{{"file", file}, {"speed", "0"}}, "speed '0'"},
      {{{"file", file}, {"speed", "-1"}}, "speed '-1'"},
      {{{"file", file}, {"speed", "fast"}}, "speed 'fast'"},
      {{{"file", file}, {"speed", "1000001"}}, "speed '1000001'"},
      {{{"file", file}, {"speed", "0.0001"}}, "speed '0.0001'"},
      {{{"file", "/nowhere"}}, "cannot open /nowhere: No such file"},
  };
  io::ManualClock clock{UnixNanos{}};
  const FeedContext context{.id = FeedId{0},
                            .instruments = reference.instruments,
                            .calendars = reference.calendars,
                            .clock = clock};
  for (const auto& row : rows) {
    const auto feed = make_feed({"binance_usdm", row.options}, {market::Market::CF}, context);
    ASSERT_FALSE(feed) << row.named;
    EXPECT_THAT(feed.error().message, testing::HasSubstr(row.named));
  }
  const auto elsewhere = make_feed({"binance_usdm", {{"file", file}}}, {market::Market::US}, context);
  ASSERT_FALSE(elsewhere);
  EXPECT_THAT(elsewhere.error().message, testing::HasSubstr("market CF"));
}

TEST(BinanceRecording, plans_to_cover_crypto_and_nothing_else) {
  const auto plan = plan_feed({"binance_usdm", {{"file", "anything"}}});
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->markets, testing::ElementsAre(market::Market::CF));
  EXPECT_FALSE(plan->markets_by_default);
  EXPECT_FALSE(plan->keep_open);
  EXPECT_FALSE(plan_feed({"binance_usdm", {}}));
}

TEST(BinanceRecording, a_file_cut_off_is_an_error_after_all_that_could_be_read) {
  const auto path = real_recording("cryptofeed_BINANCE_FUTURES_20210722.jsonl.zst");
  if (path.empty()) GTEST_SKIP() << "the recording of 2021-07-22 is absent; QOS_TEST_DATA names its folder";
  const auto whole = *io::read_file(path);
  const test::TempFolder folder;
  const Reference reference{{"SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT"}};
  const auto cut = write(folder, "cut.zst", std::string_view{whole}.substr(0, whole.size() / 2));
  const auto run = replay(cut, reference);
  EXPECT_THAT(run.error, testing::HasSubstr(cut + " at byte "));
  EXPECT_THAT(run.error, testing::HasSubstr("cut off"));
}

// A clock that is always where it was last asked to wait for, and keeps what it was asked.
class ObedientClock final : public io::Clock {
 public:
  UnixNanos now() const override { return {}; }
  SteadyTime steady_now() const override { return start + std::chrono::nanoseconds{5}; }
  bool wait_until(SteadyTime deadline, const std::stop_token& stop) override {
    waits.push_back(deadline - steady_now());
    return !stop.stop_requested();
  }
  SteadyTime start{std::chrono::hours{7}};
  std::vector<std::chrono::nanoseconds> waits;
};

Event trade_at(UnixNanos t) {
  return {.feed = FeedId{3}, .ts_recv = {}, .body = Trade{.ts_event = t}};
}

TEST(PacedSink, shows_events_when_they_are_due_at_any_speed) {
  using std::chrono::milliseconds;
  const struct {
    std::string_view speed;
    std::vector<std::chrono::nanoseconds> waits;
  } rows[] = {
      {"1", {milliseconds{0}, milliseconds{400}, milliseconds{500}}},
      {"2", {milliseconds{0}, milliseconds{200}, milliseconds{250}}},
      {"0.5", {milliseconds{0}, milliseconds{800}, milliseconds{1'000}}},
      {"max", {}},
  };
  for (const auto& row : rows) {
    ObedientClock clock;
    FeedCounters counters;
    KeepingSink sink;
    PacedSink paced{sink, clock, counters, {FeedId{3}, *Speed::parse(row.speed), {CalendarId{0}}}, {}};
    // The third steps back and is shown at once; the fourth crosses a second, whose tick is due first.
    for (const auto ms : {600, 1'100}) paced.on(trade_at(at(ms)));
    paced.on(trade_at(at(900)));
    EXPECT_EQ(clock.waits, row.waits) << row.speed;
    ASSERT_EQ(sink.events.size(), 5U);
    EXPECT_TRUE(sink.events[2].body == EventBody{(ClockTick{CalendarId{0}, at(1'000)})});
    EXPECT_TRUE(sink.events[4].body == EventBody{(Trade{.ts_event = at(900)})});
    EXPECT_EQ(counters.events.value(), 2U);
  }
}

TEST(PacedSink, ticks_through_a_silence_but_not_through_a_leap) {
  const auto ticks = [](UnixNanos to) {
    ObedientClock clock;
    FeedCounters counters;
    KeepingSink sink;
    PacedSink paced{
        sink, clock, counters, {FeedId{3}, *Speed::parse("1"), {CalendarId{0}, CalendarId{4}}}, {}};
    paced.on(trade_at(at(0)));
    paced.on(trade_at(to));
    EXPECT_TRUE(sink.events.back().body == EventBody{Trade{.ts_event = to}});
    return sink.events.size() - 2;
  };
  EXPECT_EQ(ticks(at(60'999)), 2U + 2U * 60);
  EXPECT_EQ(ticks(at(3'600'000)), 2U + 2U * 3'600);
  EXPECT_EQ(ticks(at(3'601'000)), 2U + 2U);
  EXPECT_EQ(ticks(from_unix_nanos(std::numeric_limits<std::int64_t>::max())), 2U + 2U);
}

TEST(PacedSink, a_time_of_another_century_makes_no_wait_of_more_than_one) {
  ObedientClock clock;
  FeedCounters counters;
  KeepingSink sink;
  PacedSink paced{sink, clock, counters, {FeedId{3}, *Speed::parse("0.001"), {}}, {}};
  paced.on(trade_at(from_unix_nanos(1)));
  paced.on(trade_at(from_unix_nanos(std::numeric_limits<std::int64_t>::max())));
  EXPECT_EQ(clock.waits.back(), std::chrono::years{100});
}

TEST(PacedSink, hands_on_nothing_after_a_stop) {
  ObedientClock clock;
  FeedCounters counters;
  KeepingSink sink;
  std::stop_source stop;
  PacedSink paced{sink, clock, counters, {FeedId{3}, *Speed::parse("1"), {CalendarId{0}}}, stop.get_token()};
  paced.on(trade_at(at(0)));
  const auto before = sink.events.size();
  stop.request_stop();
  paced.on(trade_at(at(5'000)));
  paced.on(trade_at(at(100)));
  EXPECT_EQ(sink.events.size(), before);
}

// Says when the first whole book has come.
class AnnouncingSink final : public EventSink {
 public:
  void on(const Event& event) override {
    events.push_back(event);
    const auto* const delta = std::get_if<BookDelta>(&event.body);
    if (delta != nullptr && delta->part == DeltaPart::last) book_is_there.release();
  }
  std::vector<Event> events;
  std::binary_semaphore book_is_there{0};
};

// The feed waits for its clock on its own thread; a stop ends that wait.
TEST(BinanceRecording, a_stop_ends_a_run_that_waits) {
  const Reference reference;
  io::ManualClock clock{UnixNanos{}};
  auto feed = make_feed({"binance_usdm", {{"file", typed_capture("binance_usdm_btcusdt_typed_day.txt")}}},
                        {market::Market::CF},
                        {.id = FeedId{3},
                         .instruments = reference.instruments,
                         .calendars = reference.calendars,
                         .clock = clock});
  ASSERT_TRUE(feed) << feed.error().message;
  AnnouncingSink sink;
  std::jthread runner{[&](const std::stop_token& stop) { EXPECT_TRUE((*feed)->run(sink, stop)); }};
  sink.book_is_there.acquire();
  runner.request_stop();
  runner.join();
  // A tick, and the snapshot with its four levels; the diff after it is due later than the clock will ever
  // be.
  EXPECT_EQ(sink.events.size(), 6U);
}

}  // namespace
}  // namespace qos::feed::binance
