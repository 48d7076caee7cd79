// The past of the simulated market: what every K-line of it promises.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "feed/simulated/past_dates.hpp"
#include "feed/simulated_past_world.hpp"
#include "market/kline_clock.hpp"
#include "market/kline_fold.hpp"

namespace qos::feed::simulated {
namespace {

using market::Date;
using market::Instrument;
using market::Market;
using market::Phase;
using market::SessionCalendar;
using namespace std::chrono_literals;
using std::chrono::sys_days;

// Friday, half past nine in New York: everything but Asia trades, and US clocks have changed on November 1.
constexpr std::string_view kNow = "2026-11-20T15:07:23Z";
const UnixNanos kEnd = at("2026-11-20T14:37:00Z");  // half an hour of trades comes before now

// One of every market, a thin one and an exchange-traded fund among them.
const std::vector<std::string> kOneOfEach{"US:AAPL",   "US:SPY",    "HK:700",     "HK:1",        "SH:600519",
                                          "SZ:300750", "SZ:159915", "CF:BTCUSDT", "CF:DOGEUSDT", "FX:EURUSD",
                                          "FX:USDJPY", "IX:HSI",    "IX:SPX",     "IX:SSEC",     "CM:XAUUSD"};

std::string_view spec_of(Hours hours) {
  return hours == Hours::real ? "simulated:hours=real" : "simulated";
}

std::unique_ptr<World> small_world(Hours hours) {
  return world(hours, rows_of(kOneOfEach));
}

// --- what a K-line must be ---

std::int64_t step_of(const Instrument& instrument) {
  std::int64_t step = Quantity::kScale;
  for (int i = 0; i < instrument.volume_decimals; ++i) step /= 10;
  return step * instrument.lot_size;
}

void expect_sound(const Instrument& instrument, const Kline& kline) {
  const auto& tick = instrument.tick;
  for (const Price price : {kline.open, kline.high, kline.low, kline.close}) {
    ASSERT_GT(price.raw(), 0);
    ASSERT_TRUE(tick.on_grid(price)) << price.to_string();
  }
  ASSERT_LE(kline.low, std::min(kline.open, kline.close));
  ASSERT_GE(kline.high, std::max(kline.open, kline.close));
  ASSERT_GT(kline.volume.raw(), 0);
  ASSERT_EQ(kline.volume.raw() % step_of(instrument), 0) << kline.volume.to_string();
  ASSERT_GE(kline.turnover.raw(), kline.volume.raw() * kline.low.raw());
  ASSERT_LE(kline.turnover.raw(), kline.volume.raw() * kline.high.raw());
  ASSERT_GT(kline.trades, 0U);
  ASSERT_TRUE(kline.closed);
  ASSERT_EQ(kline.revision, 0U);
  if (kline.trades == 1) {
    ASSERT_EQ(kline.high, kline.low);
  }
}

// Whether this minute may stand in this series of this date.
bool belongs(const Instrument& instrument, const SessionCalendar& calendar, const ToldMinute& minute) {
  const UnixNanos t = minute.kline.start;
  const auto session = calendar.session_at(t);
  const bool starts_a_minute = session && (t - session->open) % 1min == 0ns;
  switch (minute.series) {
    case StoredSeries::regular: {
      const auto continuous =
          market::minute_of(calendar, t, market::Print::continuous, instrument.closing_print);
      const UnixNanos close = calendar.regular_of(minute.date).back().close;
      const auto closing =
          market::minute_of(calendar, close, market::Print::closing, instrument.closing_print);
      return (continuous == market::Minute{minute.date, t}) || (closing == market::Minute{minute.date, t});
    }
    case StoredSeries::night:
      return starts_a_minute && session->phase == Phase::night && session->trading_date == minute.date;
    case StoredSeries::pre_market:
      return starts_a_minute && session->phase == Phase::pre_market && session->trading_date == minute.date;
    case StoredSeries::after_hours:
      return starts_a_minute && session->phase == Phase::after_hours && session->trading_date == minute.date;
    case StoredSeries::day:
      break;
  }
  return false;
}

struct Case {
  Hours hours;
  std::string_view now;
};
// In the US regular hours; in the mainland's closing auction; in the minutes in which Hong Kong's closing
// auction prints; in the US night; on a Saturday; on a half day after its close.
const std::vector<Case> kCases{{Hours::always, kNow},
                               {Hours::real, kNow},
                               {Hours::real, "2026-11-20T07:28:00Z"},
                               {Hours::real, "2026-11-20T08:35:00Z"},
                               {Hours::real, "2026-11-20T02:00:59Z"},
                               {Hours::real, "2026-11-21T12:00:00Z"},
                               {Hours::real, "2026-11-27T18:30:00Z"}};

TEST(SimulatedPast, has_only_sound_klines_of_the_calendar_in_order) {
  for (const auto& [hours, now] : kCases) {
    SCOPED_TRACE(now);
    const auto made = small_world(hours);
    const UnixNanos end = std::chrono::floor<std::chrono::minutes>(at(now)) - 30min;
    const auto told = told_at(*made, spec_of(hours), now);
    ASSERT_EQ(told.size(), kOneOfEach.size());
    for (const auto& [id, past] : told) {
      const Instrument& instrument = made->instruments.at(id);
      const SessionCalendar& calendar = made->calendars.at(instrument.calendar);
      SCOPED_TRACE(instrument.code.to_string());
      std::optional<Date> last;
      for (const auto& [date, day] : past.days) {
        ASSERT_TRUE(!last || *last < date);
        last = date;
        expect_sound(instrument, day);
        ASSERT_EQ(day.start, calendar.local_midnight(date));
        ASSERT_FALSE(calendar.regular_of(date).empty());
        if (HasFatalFailure()) return;
      }
      std::map<StoredSeries, UnixNanos> newest;
      for (const ToldMinute& minute : past.minutes) {
        expect_sound(instrument, minute.kline);
        ASSERT_TRUE(belongs(instrument, calendar, minute)) << unix_seconds(minute.kline.start);
        const auto [before, first] = newest.try_emplace(minute.series, minute.kline.start);
        ASSERT_TRUE(first || before->second < minute.kline.start);
        before->second = minute.kline.start;
        const bool own_bar = instrument.closing_print == market::ClosingPrint::own_bar;
        ASSERT_LE(minute.kline.start + (own_bar ? 0min : 1min), end);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(SimulatedPast, is_days_of_ten_years_and_minutes_of_thirty_trading_days) {
  for (const Hours hours : {Hours::always, Hours::real}) {
    const auto made = small_world(hours);
    for (const auto& [id, past] : told_at(*made, spec_of(hours), kNow)) {
      const Instrument& instrument = made->instruments.at(id);
      const SessionCalendar& calendar = made->calendars.at(instrument.calendar);
      SCOPED_TRACE(instrument.code.to_string());
      // Every trading date has its day, but the one that goes on.
      std::vector<Date> expected;
      const bool done = calendar.regular_of(*calendar.trading_date_of(kEnd)).back().close <= kEnd;
      const Date today = *calendar.trading_date_of(kEnd);
      for (auto date = std::optional{today}; date && *date >= today - std::chrono::years{10};
           date = calendar.previous_trading_date(*date))
        if (done || *date != today) expected.insert(expected.begin(), *date);
      std::vector<Date> days;
      for (const ToldDay& day : past.days) days.push_back(day.date);
      EXPECT_EQ(days, expected);
      EXPECT_GT(days.size(), 2'400U);

      std::set<Date> dates;
      for (const ToldMinute& minute : past.of(StoredSeries::regular)) dates.insert(minute.date);
      std::set<Date> last_thirty(expected.end() - 30, expected.end());
      if (!done) last_thirty.insert(today);
      EXPECT_EQ(dates, last_thirty);
    }
  }
}

TEST(SimulatedPast, has_days_that_are_the_fold_of_their_minutes) {
  for (const Hours hours : {Hours::always, Hours::real}) {
    const auto made = small_world(hours);
    for (const auto& [id, past] : told_at(*made, spec_of(hours), kNow)) {
      const Instrument& instrument = made->instruments.at(id);
      const SessionCalendar& calendar = made->calendars.at(instrument.calendar);
      SCOPED_TRACE(instrument.code.to_string());
      std::vector<market::FoldPart> parts;
      for (const ToldMinute& minute : past.of(StoredSeries::regular))
        parts.push_back({minute.date, minute.kline});
      const auto folded =
          market::fold_klines(parts, market::KlineType::day, {calendar, instrument.closing_print});
      ASSERT_GE(folded.size(), 30U);
      std::size_t checked = 0;
      for (const ToldDay& day : past.days) {
        const auto same = std::ranges::find(folded, day.kline.start, &Kline::start);
        if (same == folded.end()) continue;
        EXPECT_EQ(day.kline, *same);
        ++checked;
      }
      EXPECT_EQ(checked, 30U);
    }
  }
}

TEST(SimulatedPast, has_auctions_extended_hours_and_gaps_where_the_market_has_them) {
  const auto made = small_world(Hours::real);
  const auto told = told_at(*made, "simulated:hours=real", kNow);
  const auto times = [&](std::string_view code, StoredSeries series, Date date) {
    const Instrument& instrument = (*made)[code];
    const UnixNanos midnight = made->calendars.at(instrument.calendar).local_midnight(date);
    std::set<std::chrono::minutes> found;
    for (const ToldMinute& minute : told.at(instrument.id).of(series))
      if (minute.date == date)
        found.insert(std::chrono::floor<std::chrono::minutes>(minute.kline.start - midnight));
    return found;
  };
  const Date thursday{2026y / 11 / 19};
  const auto shanghai = times("SH:600519", StoredSeries::regular, thursday);
  EXPECT_TRUE(shanghai.contains(9h + 30min));
  EXPECT_TRUE(shanghai.contains(14h + 59min));
  EXPECT_FALSE(shanghai.contains(14h + 57min));
  EXPECT_FALSE(shanghai.contains(14h + 58min));
  const auto index = times("IX:SSEC", StoredSeries::regular, thursday);
  EXPECT_FALSE(index.contains(14h + 59min));
  const auto hong_kong = times("HK:700", StoredSeries::regular, thursday);
  EXPECT_TRUE(hong_kong.contains(15h + 59min));
  EXPECT_FALSE(hong_kong.contains(12h + 30min));
  const auto apple = times("US:AAPL", StoredSeries::regular, thursday);
  EXPECT_TRUE(apple.contains(16h));
  EXPECT_GT(apple.size(), 360U);
  const auto spx = times("IX:SPX", StoredSeries::regular, thursday);
  EXPECT_FALSE(spx.contains(16h)) << "an index has no closing auction";
  EXPECT_GT(times("US:AAPL", StoredSeries::pre_market, thursday).size(), 200U);
  EXPECT_GT(times("US:AAPL", StoredSeries::after_hours, thursday).size(), 150U);
  const auto night = times("US:AAPL", StoredSeries::night, thursday);
  EXPECT_GT(night.size(), 50U);
  EXPECT_LT(night.size(), 470U) << "sparser than a minute each";
  EXPECT_TRUE(times("HK:700", StoredSeries::night, thursday).empty());
  EXPECT_TRUE(times("IX:SPX", StoredSeries::pre_market, thursday).empty());
  // The closing print is known to none before Hong Kong's auction has ended.
  const auto closing = told_at(*made, "simulated:hours=real", "2026-11-20T08:35:00Z");
  const auto& tencent = closing.at((*made)["HK:700"].id);
  EXPECT_EQ(tencent.minutes.back().date, (Date{2026y / 11 / 20}));
  EXPECT_EQ(tencent.days.back().date, thursday);
}

// At a past of every instrument of the table.
TEST(SimulatedPast, has_thin_names_whose_minutes_leave_gaps) {
  const auto made = world(Hours::real);
  std::size_t thin = 0;
  for (const auto& [id, past] : told_at(*made, "simulated:hours=real,markets=US+HK", kNow)) {
    const auto regular = past.of(StoredSeries::regular);
    const Date date = regular.front().date;
    const auto count = std::ranges::count(regular, date, &ToldMinute::date);
    const auto whole =
        static_cast<long>(regular_minutes(made->calendars.at(made->instruments.at(id).calendar), date));
    EXPECT_GT(count, whole / 3);
    thin += count < whole * 9 / 10 ? 1 : 0;
  }
  EXPECT_GT(thin, 5U);
  EXPECT_LT(thin, 30U);
}

// --- chance ---

TEST(SimulatedPast, is_the_same_for_the_same_seed) {
  for (const Hours hours : {Hours::always, Hours::real}) {
    const auto one = small_world(hours);
    const auto other = small_world(hours);
    const auto told = told_at(*one, spec_of(hours), kNow);
    EXPECT_TRUE(told == told_at(*other, spec_of(hours), kNow));
    const auto another = told_at(
        *one, fmt::format("simulated:seed=2,hours={}", hours == Hours::real ? "real" : "always"), kNow);
    for (const auto& [id, past] : told) {
      std::size_t equal = 0;
      for (std::size_t i = 0; i < past.days.size(); ++i)
        equal += past.days[i] == another.at(id).days[i] ? 1 : 0;
      EXPECT_EQ(equal, 0U);
    }
  }
}

TEST(SimulatedPast, leaves_the_others_alone_when_an_instrument_comes_or_goes) {
  const auto made = small_world(Hours::real);
  const auto alone = world(Hours::real, rows_of({"HK:700"}));
  const auto one = told_at(*alone, "simulated:hours=real", kNow);
  const auto all = told_at(*made, "simulated:hours=real", kNow);
  EXPECT_TRUE(one.at((*alone)["HK:700"].id) == all.at((*made)["HK:700"].id));
}

// --- prices ---

// The reference as an exchange computes it, to the nearest tick; the test's own arithmetic.
Price reference_of(const Instrument& instrument, Price close, const market::CorporateAction& action) {
  const auto ratio = [](market::Ratio r) {
    return static_cast<long double>(r.numerator) / static_cast<long double>(r.denominator);
  };
  const long double left = static_cast<long double>(close.raw()) -
                           static_cast<long double>(action.cash.raw()) +
                           ratio(action.rights) * static_cast<long double>(action.rights_price.raw());
  const long double exact = left / (ratio(action.split) * (1 + ratio(action.bonus) + ratio(action.rights)));
  const Price price = Price::from_raw(static_cast<std::int64_t>(exact));
  return instrument.tick.round_down(Price::from_raw(price.raw() + instrument.tick.tick_at(price).raw() / 2));
}

int limit_of(const Instrument& instrument) {
  const std::string& symbol = instrument.code.symbol;
  switch (instrument.code.market) {
    case Market::SH:
    case Market::SZ:
      return symbol.starts_with("688") || symbol.starts_with("300") ? 20 : 10;
    case Market::FX:
    case Market::CM:
    case Market::IX:
      return 5;
    default:
      return 15;
  }
}

// Days after days: within the limits of what each is quoted against, an ex-date's being the ex-right
// reference.
TEST(SimulatedPast, keeps_the_limits_and_is_continuous_over_ex_dates) {
  for (const Hours hours : {Hours::real, Hours::always}) {
    const auto made = world(hours, hours == Hours::real ? "" : rows_of(kOneOfEach));
    const auto spec =
        fmt::format("{}markets=US+HK+SH+SZ", hours == Hours::real ? "simulated:hours=real," : "simulated:");
    std::map<std::string, int> actions;
    for (const auto& [id, past] : told_at(*made, spec, kNow)) {
      const Instrument& instrument = made->instruments.at(id);
      const SessionCalendar& calendar = made->calendars.at(instrument.calendar);
      SCOPED_TRACE(instrument.code.to_string());
      auto action = past.actions.begin();
      for (std::size_t i = 1; i < past.days.size(); ++i) {
        Price reference = past.days[i - 1].kline.close;
        if (action != past.actions.end() && action->ex_date == past.days[i].date) {
          ASSERT_TRUE(calendar.kind(action->ex_date));
          ASSERT_EQ(action->source, "simulated");
          reference = reference_of(instrument, reference, *action);
          actions[action->split == market::Ratio{1, 1} ? "" : action->split.to_string()]++;
          actions["cash"] += action->cash.raw() > 0;
          actions["bonus"] += action->bonus.numerator > 0;
          actions["rights"] += action->rights.numerator > 0 && action->rights_price.raw() > 0;
          ++action;
        }
        const Kline& day = past.days[i].kline;
        const Int128 room = Int128{reference.raw()} * limit_of(instrument);
        ASSERT_LE(Int128{day.high.raw() - reference.raw()} * 100, room) << i;
        ASSERT_LE(Int128{reference.raw() - day.low.raw()} * 100, room) << i;
      }
      ASSERT_EQ(action, past.actions.end()) << "an action on a date that has no day";
    }
    if (hours == Hours::always) continue;
    EXPECT_GT(actions["cash"], 200);
    EXPECT_GT(actions["4"], 2);
    EXPECT_GT(actions["0.2"], 0);
    EXPECT_GT(actions["bonus"], 1);
    EXPECT_GT(actions["rights"], 1);
  }
}

TEST(SimulatedPast, moves_like_a_market) {
  const auto made = small_world(Hours::real);
  for (const auto& [id, past] : told_at(*made, "simulated:hours=real", kNow)) {
    const Instrument& instrument = made->instruments.at(id);
    SCOPED_TRACE(instrument.code.to_string());
    double squares = 0;
    std::int64_t low = INT64_MAX;
    std::int64_t high = 0;
    for (std::size_t i = 1; i < past.days.size(); ++i) {
      const auto before = static_cast<double>(past.days[i - 1].kline.close.raw());
      const double move = static_cast<double>(past.days[i].kline.close.raw()) / before - 1;
      if (std::abs(move) < 0.25) squares += move * move;
      low = std::min(low, past.days[i].kline.low.raw());
      high = std::max(high, past.days[i].kline.high.raw());
    }
    const double deviation = std::sqrt(squares / static_cast<double>(past.days.size()));
    EXPECT_GT(deviation, 0.003);
    EXPECT_LT(deviation, 0.04);
    EXPECT_GT(high, low * 12 / 10);
    EXPECT_LT(high / low, 40);
  }
}

// Shares of a few ticks and of a hundred million, traded thick and rarely.
TEST(SimulatedPast, is_sound_for_strange_instruments) {
  const std::string rows = rows_of({}) +
                           "HK:9901,stock,SEHK,HKD,,A,2000,HKEX,,HK,,,,,,test\n"
                           "HK:9902,stock,SEHK,HKD,,D,2000,HKEX,,HK,,,,,,test\n"
                           "SZ:300999,stock,SZSE,CNY,,B,100,0.01,,CN,,,,,,test\n"
                           "US:TINY,stock,NYSE,USD,,C,1,US,,US,,,,,,test\n"
                           "US:HUGE,stock,NYSE,USD,,E,1,US,,US,,,,,,test\n"
                           "CF:ZZZUSDT,perpetual,BINANCE,USDT,,F,1,0.0000001,0.001,CF,,,,,,test\n";
  for (const std::string_view rate : {"0.001", "1", "10000"}) {
    SCOPED_TRACE(rate);
    const auto made = world(Hours::real, rows);
    const std::string prices =
        "code,price\nHK:9901,0.25\nHK:9902,0.01\nSZ:300999,1.10\nUS:TINY,0.9999\nUS:HUGE,100000000\n"
        "CF:ZZZUSDT,0.0000123\n";
    io::ManualClock clock{at(kNow)};
    using enum Market;
    const auto feed = must(make_feed(must(FeedSpec::parse(fmt::format("simulated:hours=real,rate={}", rate))),
                                     {US, HK, SZ, CF},
                                     {.id = FeedId{3},
                                      .instruments = made->instruments,
                                      .calendars = made->calendars,
                                      .clock = clock,
                                      .simulated_prices = prices}));
    KeepingPast sink;
    ASSERT_TRUE(feed->tell_past(sink, nothing_known));
    ASSERT_EQ(sink.told.size(), 6U);
    for (const auto& [id, past] : sink.told) {
      SCOPED_TRACE(made->instruments.at(id).code.to_string());
      for (const ToldDay& day : past.days) expect_sound(made->instruments.at(id), day.kline);
      for (const ToldMinute& minute : past.minutes) expect_sound(made->instruments.at(id), minute.kline);
      if (HasFatalFailure()) return;
      EXPECT_GT(past.days.size(), 2'400U);
    }
  }
}

TEST(SimulatedPast, ends_with_the_error_of_its_sink) {
  const auto made = small_world(Hours::real);
  io::ManualClock clock{at(kNow)};
  for (const std::size_t calls : {0U, 1U, 5'000U}) {
    KeepingPast sink;
    sink.fail_after(calls);
    const auto result = feed_of(*made, "simulated:hours=real", clock)->tell_past(sink, nothing_known);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "the disk is full");
  }
}

}  // namespace
}  // namespace qos::feed::simulated
