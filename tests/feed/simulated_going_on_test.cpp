// Where the past ends and live trading begins, on the first start and on later ones.
#include <gtest/gtest.h>

#include <set>

#include "feed/simulated/past_dates.hpp"
#include "feed/simulated_past_world.hpp"
#include "market/calendar_rules.hpp"

namespace qos::feed::simulated {
namespace {

using market::Date;
using market::Instrument;
using namespace std::chrono_literals;

const std::vector<std::string> kSome{"US:AAPL",    "HK:700",    "SH:600519", "SZ:300750",
                                     "CF:BTCUSDT", "FX:EURUSD", "IX:HSI",    "IX:SPX",
                                     "CM:XAUUSD",  "HK:1",      "SZ:000725", "SH:601398"};
constexpr std::string_view kNow = "2026-11-20T15:07:23Z";

std::string_view spec_of(Hours hours) {
  return hours == Hours::real ? "simulated:hours=real" : "simulated:hours=always";
}

using Told = std::map<InstrumentId, ToldInstrument>;

Known known_in(const Told& told) {
  return [&told](InstrumentId id) -> std::optional<KnownPast> {
    const auto found = told.find(id);
    return found == told.end() ? std::nullopt : known_of(found->second);
  };
}

// What a feed says first; stops it at `until`, or once it has caught up with the clock.
class FirstEvents final : public EventSink {
 public:
  explicit FirstEvents(UnixNanos until = UnixNanos::max()) : until_{until} {}
  void on(const Event& event) override {
    const auto id = instrument_of(event.body);
    if (events == 0) first_time = ts_event_of(event.body);
    ++events;
    if (ts_event_of(event.body) >= until_ || events == kMost) source_.request_stop();
    if (const auto* trade = std::get_if<Trade>(&event.body)) first_trade.try_emplace(*id, *trade);
    if (const auto* reference = std::get_if<ReferencePrice>(&event.body))
      references.try_emplace(*id, reference->previous_close);
  }
  void live() override { source_.request_stop(); }
  std::stop_token token() { return source_.get_token(); }

  std::size_t events = 0;
  UnixNanos first_time{};
  std::map<InstrumentId, Trade> first_trade;
  std::map<InstrumentId, Price> references;

 private:
  static constexpr std::size_t kMost = 60'000;

  UnixNanos until_;
  std::stop_source source_;
};

// The close of the newest day before the date that a reference given at t is for.
Price close_before(const ToldInstrument& past, const market::SessionCalendar& calendar, UnixNanos t) {
  const Date date = quoted_date(calendar, t);
  std::optional<Price> close;
  for (const ToldDay& day : past.days)
    if (day.date < date) close = day.kline.close;
  // A day that ended without its K-line being told is known by its minutes.
  for (const ToldMinute& minute : past.of(StoredSeries::regular))
    if (minute.date < date && minute.date > past.days.back().date) close = minute.kline.close;
  return *close;
}

// In the regular hours of the US; of Hong Kong and China; in the US night; in China's lunch; on a Saturday;
// on a holiday of the US.
const std::vector<std::string_view> kStarts{"2026-11-20T15:07:23Z", "2026-11-20T02:40:00Z",
                                            "2026-11-20T06:29:59Z", "2026-11-20T04:01:00Z",
                                            "2026-11-21T12:00:00Z", "2026-11-26T16:00:00Z"};

void expect_to_begin_at_the_close(const World& world, Telling& run, const Told& stored) {
  FirstEvents first;
  ASSERT_TRUE(run.feed->run(first, first.token()));
  for (const auto& [id, past] : stored) {
    const Instrument& instrument = world.instruments.at(id);
    const auto& calendar = world.calendars.at(instrument.calendar);
    SCOPED_TRACE(instrument.code.to_string());
    ASSERT_TRUE(first.references.contains(id));
    EXPECT_EQ(first.references.at(id), close_before(past, calendar, first.first_time));
    // A trade of the same trading date goes on where the past ended; a new date may open elsewhere.
    const auto trade = first.first_trade.find(id);
    if (trade == first.first_trade.end()) continue;
    const auto regular = past.of(StoredSeries::regular);
    if (calendar.trading_date_of(trade->second.ts_event) != regular.back().date) continue;
    EXPECT_GT(trade->second.ts_event, regular.back().kline.start);
    const Price close = past.last_close();
    EXPECT_GE(trade->second.price, instrument.tick.up(close, -2));
    EXPECT_LE(trade->second.price, instrument.tick.up(close, 2));
  }
}

TEST(SimulatedGoingOn, begins_live_trading_where_the_first_past_ends) {
  for (const Hours hours : {Hours::real, Hours::always}) {
    const auto made = world(hours, rows_of(kSome));
    for (const auto now : kStarts) {
      SCOPED_TRACE(now);
      io::ManualClock clock{at(now)};
      Telling run = tell(*made, spec_of(hours), clock);
      ASSERT_TRUE(run.result);
      // The price list is where everything starts from.
      for (const auto& [id, past] : run.told) {
        const Instrument& instrument = made->instruments.at(id);
        EXPECT_EQ(past.last_close(), made->prices.of(instrument)) << instrument.code.to_string();
      }
      expect_to_begin_at_the_close(*made, run, run.told);
    }
  }
}

TEST(SimulatedGoingOn, trades_begin_at_the_whole_minute_after_what_was_told) {
  const auto made = world(Hours::always, rows_of(kSome));
  io::ManualClock clock{at(kNow)};
  Telling run = tell(*made, "simulated:history=90s", clock);
  UnixNanos newest{};
  for (const auto& [id, past] : run.told) newest = std::max(newest, past.minutes.back().kline.start);
  EXPECT_EQ(newest, at("2026-11-20T15:04:00Z"));
  FirstEvents first{at("2026-11-20T15:06:00Z")};
  ASSERT_TRUE(run.feed->run(first, first.token()));
  EXPECT_EQ(first.first_time, at("2026-11-20T15:05:00Z"));
}

// --- later runs ---

// All that two runs have told, as a store that keeps the first word holds it.
Told joined(const Told& first, const Told& second) {
  Told both = first;
  for (const auto& [id, past] : second) {
    ToldInstrument& all = both[id];
    std::set<std::pair<StoredSeries, UnixNanos>> there;
    for (const ToldMinute& minute : all.minutes) there.emplace(minute.series, minute.kline.start);
    for (const ToldMinute& minute : past.minutes)
      if (minute.series == StoredSeries::regular || !there.contains({minute.series, minute.kline.start}))
        all.minutes.push_back(minute);
    all.days.insert(all.days.end(), past.days.begin(), past.days.end());
    all.actions.insert(all.actions.end(), past.actions.begin(), past.actions.end());
  }
  return both;
}

TEST(SimulatedGoingOn, makes_up_for_what_was_missed_and_tells_nothing_twice) {
  struct Row {
    std::string_view later;
    std::size_t minute_days;  // of Apple in real hours that have new minutes
  };
  for (const Hours hours : {Hours::real, Hours::always}) {
    const auto made = world(hours, rows_of(kSome));
    const Told first = told_at(*made, spec_of(hours), kNow);
    for (const Row& row : {Row{"2026-11-20T16:20:00Z", 1}, Row{"2026-11-23T15:30:00Z", 2},
                           Row{"2026-12-02T15:30:00Z", 8}, Row{"2027-03-02T12:00:00Z", 30}}) {
      SCOPED_TRACE(row.later);
      io::ManualClock clock{at(row.later)};
      Telling run = tell(*made, spec_of(hours), clock, known_in(first));
      ASSERT_TRUE(run.result);
      const Told both = joined(first, run.told);
      const UnixNanos end = std::chrono::floor<std::chrono::minutes>(at(row.later)) - 30min;
      for (const auto& [id, past] : both) {
        const Instrument& instrument = made->instruments.at(id);
        const auto& calendar = made->calendars.at(instrument.calendar);
        SCOPED_TRACE(instrument.code.to_string());
        EXPECT_EQ(past.actions, first.at(id).actions);
        for (std::size_t i = 1; i < past.days.size(); ++i)
          ASSERT_LT(past.days[i - 1].date, past.days[i].date);
        const auto regular = past.of(StoredSeries::regular);
        std::set<Date> dates;
        Price before = first.at(id).last_close();
        for (std::size_t i = 1; i < regular.size(); ++i)
          ASSERT_LT(regular[i - 1].kline.start, regular[i].kline.start);
        const std::size_t known_minutes = first.at(id).of(StoredSeries::regular).size();
        for (std::size_t i = known_minutes; i < regular.size(); ++i) dates.insert(regular[i].date);
        // The first minute after a short stop goes on at the close.
        if (known_minutes < regular.size() &&
            regular[known_minutes].date == regular[known_minutes - 1].date) {
          const Price next = regular[known_minutes].kline.open;
          ASSERT_NEAR(static_cast<double>(next.raw()), static_cast<double>(before.raw()),
                      static_cast<double>(before.raw()) * 0.02);
        }
        if (hours == Hours::real && instrument.code.to_string() == "US:AAPL") {
          EXPECT_EQ(dates.size(), row.minute_days);
        }
        // No trading date that ended is without a day or, where the stop lies in it, minutes.
        std::set<Date> covered;
        for (const ToldDay& day : past.days) covered.insert(day.date);
        for (const ToldMinute& minute : regular) covered.insert(minute.date);
        for (auto date = std::optional{past.days.front().date}; date;
             date = calendar.next_trading_date(*date)) {
          if (calendar.regular_of(*date).back().close > end) break;
          ASSERT_TRUE(covered.contains(*date)) << market::to_string(*date);
        }
      }
      expect_to_begin_at_the_close(*made, run, both);
    }
  }
}

TEST(SimulatedGoingOn, leaves_no_minute_out_between_two_runs) {
  const auto made = world(Hours::always, rows_of({"CF:BTCUSDT"}));
  const Told first = told_at(*made, "simulated:rate=10", kNow);
  const auto& known = first.begin()->second;
  const Told second = told_at(*made, "simulated:rate=10", "2026-11-21T15:30:59Z", known_in(first));
  const auto minutes = second.begin()->second.of(StoredSeries::regular);
  ASSERT_EQ(minutes.size(), 24U * 60 + 23);
  for (std::size_t i = 0; i < minutes.size(); ++i)
    ASSERT_EQ(minutes[i].kline.start, known.minutes.back().kline.start + std::chrono::minutes{1 + i});
  EXPECT_EQ(minutes.back().kline.start + 1min, at("2026-11-21T15:00:00Z"));
}

// The half hour of trades before now would come twice if the last run ended in it.
TEST(SimulatedGoingOn, begins_after_what_is_known) {
  const auto made = world(Hours::always, rows_of({"CF:BTCUSDT", "US:AAPL"}));
  const Told first = told_at(*made, "simulated", kNow);
  io::ManualClock clock{at("2026-11-20T14:45:10Z")};
  Telling run = tell(*made, "simulated", clock, known_in(first));
  ASSERT_TRUE(run.result);
  EXPECT_TRUE(run.told.empty()) << "all is known";
  FirstEvents events{at("2026-11-20T14:45:00Z")};
  ASSERT_TRUE(run.feed->run(events, events.token()));
  EXPECT_EQ(events.first_time, at("2026-11-20T14:37:00Z"));
}

// One instrument is new, one has stopped earlier: each goes on from its own end to the common start.
TEST(SimulatedGoingOn, brings_all_instruments_to_one_start) {
  const auto made = world(Hours::always, rows_of({"CF:BTCUSDT", "US:AAPL", "HK:700"}));
  const Told first = told_at(*made, "simulated:rate=10", kNow);
  const InstrumentId apple = (*made)["US:AAPL"].id;
  const InstrumentId tencent = (*made)["HK:700"].id;
  const Known known = [&](InstrumentId id) -> std::optional<KnownPast> {
    if (id == tencent) return std::nullopt;
    auto what = known_of(first.at(id));
    if (id == apple) what->last_minute -= 7min;
    return what;
  };
  io::ManualClock clock{at("2026-11-20T14:50:00Z")};
  const Telling run = tell(*made, "simulated:rate=10", clock, known);
  ASSERT_EQ(run.told.size(), 2U);
  EXPECT_EQ(run.told.at(apple).minutes.size(), 7U);
  EXPECT_TRUE(run.told.at(tencent) == first.at(tencent));
}

TEST(SimulatedGoingOn, goes_on_after_days_that_have_no_minutes) {
  const auto made = world(Hours::real, rows_of({"SH:600519"}));
  const Instrument& instrument = (*made)["SH:600519"];
  const Known known = [&](InstrumentId) {
    return std::optional{KnownPast{
        .last_minute =
            made->calendars.at(instrument.calendar).local_midnight(Date{std::chrono::year{2019} / 2 / 1}),
        .last_close = *Price::parse("692.67"),
        .previous_close = *Price::parse("689.96"),
        .series = StoredSeries::day}};
  };
  const Told told = told_at(*made, "simulated:hours=real", kNow, known);
  const ToldInstrument& past = told.at(instrument.id);
  EXPECT_EQ(past.days.front().date, (Date{std::chrono::year{2019} / 2 / 11})) << "after the new year's week";
  EXPECT_NEAR(static_cast<double>(past.days.front().kline.open.raw()), 692.67e9, 692.67e8);
  std::set<Date> dates;
  for (const ToldMinute& minute : past.minutes) dates.insert(minute.date);
  EXPECT_EQ(dates.size(), 30U);
}

// A run faster than the clock has stored what lies ahead of it.
TEST(SimulatedGoingOn, goes_on_ahead_of_the_clock_if_the_store_is) {
  const auto made = world(Hours::always, rows_of({"CF:BTCUSDT"}));
  const Told first = told_at(*made, "simulated", kNow);
  io::ManualClock clock{at("2026-11-18T00:00:00Z")};
  Telling run = tell(*made, "simulated", clock, known_in(first));
  EXPECT_TRUE(run.told.empty());
  FirstEvents events{at("2026-11-20T14:37:00Z")};
  ASSERT_TRUE(run.feed->run(events, events.token()));
  EXPECT_EQ(events.first_time, at("2026-11-20T14:37:00Z"));
}

TEST(SimulatedGoingOn, tells_nothing_where_none_is_asked_for) {
  const auto made = world(Hours::always, rows_of({"CF:BTCUSDT"}));
  const Told first = told_at(*made, "simulated", kNow);
  const Price close = first.begin()->second.last_close();
  for (const std::string_view spec : {"simulated:past=off", "simulated:from=2026-11-21T09:00:00Z"}) {
    io::ManualClock clock{at("2026-11-20T18:00:00Z")};
    EXPECT_TRUE(told_at(*made, spec, "2026-11-20T18:00:00Z").empty());
    Telling run = tell(*made, spec, clock, known_in(first));
    EXPECT_TRUE(run.told.empty());
  }
  // Without a past the price still goes on.
  io::ManualClock clock{at("2026-11-20T18:00:00Z")};
  const Known other = [&](InstrumentId id) {
    auto what = known_of(first.at(id));
    what->last_close = Price::from_raw(close.raw() * 2);
    what->previous_close = what->last_close;
    return what;
  };
  Telling run = tell(*made, "simulated:past=off", clock, other);
  FirstEvents events{at("2026-11-20T17:31:00Z")};
  ASSERT_TRUE(run.feed->run(events, events.token()));
  EXPECT_EQ(events.references.begin()->second.raw(), close.raw() * 2);
  EXPECT_NEAR(static_cast<double>(events.first_trade.begin()->second.price.raw()),
              2 * static_cast<double>(close.raw()), 2e9);
}

TEST(SimulatedGoingOn, has_a_past_before_a_fixed_instant_if_asked) {
  const auto made = world(Hours::always, rows_of({"CF:BTCUSDT"}));
  io::ManualClock clock{at(kNow)};
  Telling run = tell(*made, "simulated:past=on,from=2020-02-03T10:00:30Z,until=2020-02-03T10:00:40Z", clock);
  const ToldInstrument& past = run.told.begin()->second;
  EXPECT_EQ(past.minutes.back().kline.start, at("2020-02-03T09:59:00Z"));
  EXPECT_EQ(past.days.front().date, (Date{std::chrono::year{2010} / 2 / 3}));
  FirstEvents events{at("2020-02-03T11:00:00Z")};
  ASSERT_TRUE(run.feed->run(events, events.token()));
  EXPECT_EQ(events.first_time, at("2020-02-03T10:00:30Z"));
}

// Two runs that go on from different ends do not repeat each other's chance.
TEST(SimulatedGoingOn, has_another_chance_in_each_run) {
  const auto made = world(Hours::always, rows_of({"CF:BTCUSDT"}));
  const auto size_after = [&](std::optional<UnixNanos> last) {
    io::ManualClock clock{at(kNow)};
    const Known known = [&](InstrumentId) -> std::optional<KnownPast> {
      if (!last) return std::nullopt;
      return KnownPast{.last_minute = *last, .last_close = *Price::parse("90000")};
    };
    Telling run = tell(*made, "simulated", clock, known);
    FirstEvents events{at("2026-11-20T14:40:00Z")};
    EXPECT_TRUE(run.feed->run(events, events.token()));
    return events.first_trade.begin()->second.ts_event;
  };
  std::set<UnixNanos> sizes{size_after({}), size_after(at("2026-11-20T13:00:00Z")),
                            size_after(at("2026-11-20T13:01:00Z"))};
  EXPECT_EQ(sizes.size(), 3U);
}

}  // namespace
}  // namespace qos::feed::simulated
