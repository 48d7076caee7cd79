// A machine that is told the past goes on as one that lived it.
#include <map>
#include <random>
#include <tuple>

#include "state/alike.hpp"

namespace qos::state {
namespace {

using market::KlineType;
using Texts = std::vector<std::string>;

std::int32_t days_of(market::Date date) {
  return static_cast<std::int32_t>(std::chrono::sys_days{date}.time_since_epoch().count());
}

PastKline told(InstrumentId id, StoredSeries series, market::Date date, const Kline& kline, UnixNanos now) {
  return {.instrument = id,
          .series = series,
          .trading_date = days_of(date),
          .start = kline.start,
          .open = kline.open,
          .high = kline.high,
          .low = kline.low,
          .close = kline.close,
          .volume = kline.volume,
          .turnover = kline.turnover,
          .trades = kline.trades,
          .revision = kline.revision,
          .ts_event = now};
}

// All that a store would have of the instrument: days, the latest day's minutes instead of it, and what there
// is of extended sessions.
std::vector<PastKline> past_of(const World& world, InstrumentId id, UnixNanos now) {
  const auto& calendar = world_calendars().at(world.instruments().at(id).calendar);
  std::vector<PastKline> past;
  const auto days = world.klines(id, KlineType::day);
  for (std::size_t at = 0; at + 1 < days.size(); ++at)
    past.push_back(told(id, StoredSeries::day, calendar.local_date(days[at].start), days[at], now));
  if (!days.empty()) {
    const auto date = calendar.local_date(days.back().start);
    for (const Kline& minute : world.klines(id, KlineType::m1)) {
      const bool of_day = calendar.trading_date_of(minute.start) == date;
      if (of_day) past.push_back(told(id, StoredSeries::regular, date, minute, now));
    }
  }
  for (const auto series : kExtendedSeries)
    for (const Kline& minute : world.view(id).extended_minutes(series, 10'000))
      past.push_back(told(id, series, calendar.trading_date_of(minute.start).value(), minute, now));
  return past;
}

// Minutes and what is cut from them are the latest day's only.
std::vector<std::string> since(const std::vector<Kline>& klines, UnixNanos from) {
  std::vector<std::string> texts;
  for (const auto& kline : klines)
    if (kline.start >= from) texts.push_back(plain(kline) + (kline.closed ? " closed" : ""));
  return texts;
}

void expect_continued(unsigned seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const auto pick = [&](int below) { return std::uniform_int_distribution<int>{0, below - 1}(random); };
  World lived;
  World was_told;
  UnixNanos now = utc("2024-08-05 00:00");
  const UnixNanos cut =
      utc("2024-08-07 00:00") + std::chrono::minutes{pick(2 * 24 * 60)};  // Wednesday and Thursday
  const UnixNanos end = cut + std::chrono::hours{30};
  const auto tick_all = [&](World& world, UnixNanos time) {
    for (std::uint16_t id = 0; id < world_calendars().size(); ++id)
      world.apply(ClockTick{.calendar = CalendarId{id}, .ts_event = time});
  };
  bool is_cut = false;
  std::vector<UnixNanos> told_from(6);
  std::vector<bool> traded(6);
  while (now < end) {
    now += std::chrono::milliseconds{pick(60'000)};
    if (!is_cut && now >= cut) {
      is_cut = true;
      tick_all(lived, cut);
      for (std::uint32_t id = 0; id < 6; ++id) {
        for (const auto& past : past_of(lived, InstrumentId{id}, cut))
          EXPECT_TRUE(was_told.apply_to_all(past).empty());
        EXPECT_EQ(was_told.counters().refused.value(), 0U) << "instrument " << id;
        const auto days = lived.klines(InstrumentId{id}, KlineType::day);
        if (!days.empty()) told_from[id] = days.back().start;
      }
      tick_all(was_told, cut);
      EXPECT_EQ(was_told.counters().refused.value(), 0U);
    }
    const InstrumentId id{static_cast<std::uint32_t>(pick(6))};
    Trade trade{.instrument = id,
                .price = Price::from_raw((1'000 + pick(50)) * std::int64_t{10'000'000}),
                .size = Quantity::from_units(1 + pick(500)),
                .ts_event = now};
    // After the cut every instrument trades a price first, for what waits or stands flat is not stored.
    if (traded[id.value()] && is_cut && pick(5) == 0) trade.condition = TradeCondition::odd_lot;
    const auto& calendar = world_calendars().at(lived.instruments().at(id).calendar);
    if (is_cut && calendar.regular_session_at(now)) traded[id.value()] = true;
    lived.apply(trade);
    if (is_cut) was_told.apply(trade);
    if (pick(20) == 0) {
      tick_all(lived, now);
      if (is_cut) tick_all(was_told, now);
    }
  }
  for (std::uint32_t number = 0; number < 6; ++number) {
    SCOPED_TRACE("instrument " + std::to_string(number));
    const InstrumentId id{number};
    const auto& a = lived.view(id);
    const auto& b = was_told.view(id);
    for (const auto type : market::kKlineTypes) {
      // A day of currencies begins at 17:00 the evening before.
      const auto evening = std::chrono::hours{id == kPair ? 7 : 0};
      const UnixNanos from = type < KlineType::day ? told_from[number] - evening : UnixNanos{};
      EXPECT_EQ(since(a.klines(type, 10'000), from), since(b.klines(type, 10'000), from))
          << "kt " << static_cast<int>(type);
    }
    for (const auto series : kExtendedSeries)
      EXPECT_EQ(since(a.extended_minutes(series, 10'000), {}), since(b.extended_minutes(series, 10'000), {}));
    EXPECT_EQ(plain(a.snapshot()), plain(b.snapshot()));
  }
}

TEST(Past, is_gone_on_from_as_if_it_had_been_lived) {
  for (unsigned seed = 1; seed <= 12 && !testing::Test::HasFailure(); ++seed) expect_continued(seed);
}

// What a store that was filled by others would tell a server that comes back at `now`: what its state has
// not lived.
std::vector<PastKline> gap_of(const World& full, const World& stopped, InstrumentId id, UnixNanos now) {
  const auto& calendar = world_calendars().at(full.instruments().at(id).calendar);
  const auto days = full.klines(id, KlineType::day);
  const auto lived_days = stopped.klines(id, KlineType::day);
  const auto lived_minutes = stopped.klines(id, KlineType::m1);
  const UnixNanos own_day = lived_days.empty() ? UnixNanos::min() : lived_days.back().start;
  const UnixNanos own_minute = lived_minutes.empty() ? UnixNanos::min() : lived_minutes.back().start;
  std::vector<PastKline> gap;
  const auto tell_minutes_of = [&](UnixNanos day) {
    const auto date = calendar.local_date(day);
    for (const Kline& minute : full.klines(id, KlineType::m1))
      if (minute.start > own_minute && calendar.trading_date_of(minute.start) == date)
        gap.push_back(told(id, StoredSeries::regular, date, minute, now));
  };
  for (const Kline& day : days) {
    if (day.start < own_day) continue;
    if (day.start == own_day || day.start == days.back().start) {
      tell_minutes_of(day.start);
    } else {
      gap.push_back(told(id, StoredSeries::day, calendar.local_date(day.start), day, now));
    }
  }
  for (const auto series : kExtendedSeries) {
    const auto lived = stopped.view(id).extended_minutes(series, 10'000);
    for (const Kline& minute : full.view(id).extended_minutes(series, 10'000))
      if (lived.empty() || lived.back().start < minute.start)
        gap.push_back(told(id, series, calendar.trading_date_of(minute.start).value(), minute, now));
  }
  return gap;
}

// A closed K-line is told once as closed, and each further change of it raises its revision.
class Subscriber {
 public:
  void hear(const std::vector<Heard>& all) {
    for (const auto& heard : all)
      for (const auto& change : heard.klines) hear(heard.instrument, change);
  }
  std::size_t closed() const { return closed_; }

 private:
  void hear(InstrumentId id, const KlineChange& change) {
    auto& known = known_[{id.value(), change.type, change.session, change.kline.start}];
    if (change.news == KlineNews::closed) {
      EXPECT_FALSE(known.closed) << text_of(change.kline);
      EXPECT_TRUE(change.kline.closed);
      EXPECT_EQ(change.kline.revision, known.revision);
      ++closed_;
    } else if (known.closed) {
      EXPECT_GT(change.kline.revision, known.revision) << text_of(change.kline);
    }
    known = change.kline;
  }
  std::map<std::tuple<std::uint32_t, KlineType, StoredSeries, UnixNanos>, Kline> known_;
  std::size_t closed_ = 0;
};

void expect_gap_filled(unsigned seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const auto pick = [&](int below) { return std::uniform_int_distribution<int>{0, below - 1}(random); };
  World full{{.klines_kept = 10'000}};
  World stopped{{.klines_kept = 10'000}};
  Subscriber subscriber;
  const auto hear = [&](const EventBody& body) { subscriber.hear(stopped.apply_to_all(body)); };
  UnixNanos now = utc("2024-08-05 00:00");  // a Monday
  const UnixNanos cut = now + std::chrono::minutes{pick(2 * 24 * 60)};
  const UnixNanos back = cut + std::chrono::minutes{1 + pick(seed % 2 == 0 ? 300 : 4 * 24 * 60)};
  const UnixNanos end = back + std::chrono::hours{100};
  bool is_back = false;
  std::vector<UnixNanos> told_from(6, UnixNanos::max());
  std::vector<bool> traded(6);
  while (now < end) {
    now += std::chrono::milliseconds{pick(90'000)};
    if (!is_back && now >= back) {
      is_back = true;
      for (std::uint16_t id = 0; id < world_calendars().size(); ++id) {
        full.apply(ClockTick{.calendar = CalendarId{id}, .ts_event = back});
        // With or without the tick that a server sends first.
        if (seed % 3 != 0) hear(ClockTick{.calendar = CalendarId{id}, .ts_event = back});
      }
      for (std::uint32_t number = 0; number < 6; ++number) {
        const InstrumentId id{number};
        for (const auto& past : gap_of(full, stopped, id, back)) hear(past);
        EXPECT_EQ(stopped.counters().refused.value(), 0U) << "instrument " << number;
        const auto minutes = stopped.klines(id, KlineType::m1);
        const auto days = full.klines(id, KlineType::day);
        // Where a day was told, there is nothing before it.
        if (!minutes.empty()) told_from[number] = minutes.front().start;
        if (minutes.empty() && !days.empty()) told_from[number] = days.back().start;
      }
      for (std::uint16_t id = 0; id < world_calendars().size(); ++id)
        hear(ClockTick{.calendar = CalendarId{id}, .ts_event = back});
    }
    const InstrumentId id{static_cast<std::uint32_t>(pick(6))};
    Trade trade{.instrument = id,
                .price = Price::from_raw((1'000 + pick(50)) * std::int64_t{10'000'000}),
                .size = Quantity::from_units(1 + pick(500)),
                .ts_event = now};
    if (traded[id.value()] && is_back && pick(5) == 0) trade.condition = TradeCondition::odd_lot;
    const auto& calendar = world_calendars().at(full.instruments().at(id).calendar);
    if (is_back && calendar.regular_session_at(now)) traded[id.value()] = true;
    full.apply(trade);
    if (now < cut || is_back) hear(trade);
    if (pick(20) == 0) {
      for (std::uint16_t id = 0; id < world_calendars().size(); ++id) {
        full.apply(ClockTick{.calendar = CalendarId{id}, .ts_event = now});
        if (now < cut || is_back) hear(ClockTick{.calendar = CalendarId{id}, .ts_event = now});
      }
    }
  }
  for (std::uint32_t number = 0; number < 6; ++number) {
    SCOPED_TRACE("instrument " + std::to_string(number));
    const auto& a = full.view(InstrumentId{number});
    const auto& b = stopped.view(InstrumentId{number});
    for (const auto type : market::kKlineTypes) {
      // The first K-line may have begun before the first minute.
      const auto all = b.klines(type, 10'000);
      const UnixNanos from = type < KlineType::day && !all.empty() ? all.front().start : UnixNanos{};
      if (type < KlineType::day && !all.empty()) {
        EXPECT_LE(all.front().start, told_from[number]);
      }
      EXPECT_EQ(since(a.klines(type, 10'000), from), since(all, from)) << "kt " << static_cast<int>(type);
    }
    for (const auto series : kExtendedSeries)
      EXPECT_EQ(since(a.extended_minutes(series, 10'000), {}), since(b.extended_minutes(series, 10'000), {}));
    EXPECT_EQ(plain(a.snapshot()), plain(b.snapshot()));
  }
  EXPECT_GT(subscriber.closed(), 0U);
}

TEST(Past, that_is_told_after_a_gap_is_as_if_the_gap_had_been_lived) {
  for (unsigned seed = 1; seed <= 12 && !testing::Test::HasFailure(); ++seed) expect_gap_filled(seed);
}

// What state has lived is forgotten for what the store tells, the tape is not.
TEST(Past, begins_anew_after_a_reset_as_in_a_fresh_machine) {
  std::mt19937 random{4};
  const auto pick = [&](int below) { return std::uniform_int_distribution<int>{0, below - 1}(random); };
  World lived;
  World other;
  const UnixNanos end = utc("2024-08-07 12:00");
  for (World* world : {&lived, &other})
    for (UnixNanos now = utc("2024-08-05 00:00"); now < end; now += std::chrono::seconds{1 + pick(60)})
      world->apply(Trade{.instrument = InstrumentId{static_cast<std::uint32_t>(pick(6))},
                         .price = Price::from_raw((1'000 + pick(50)) * std::int64_t{10'000'000}),
                         .size = Quantity::from_units(1 + pick(500)),
                         .ts_event = now});
  World fresh;
  for (std::uint32_t number = 0; number < 6; ++number) {
    const InstrumentId id{number};
    const auto tape = lived.view(id).trades(50);
    EXPECT_TRUE(lived.apply_to_all(PastReset{.instrument = id, .ts_event = end}).empty());
    for (const auto& past : past_of(other, id, end)) {
      lived.apply(past);
      fresh.apply(past);
    }
    EXPECT_EQ(lived.view(id).trades(50), tape);
    EXPECT_EQ(plain(lived.view(id).snapshot()), plain(fresh.view(id).snapshot()));
    for (const auto type : market::kKlineTypes)
      EXPECT_EQ(since(lived.view(id).klines(type, 10'000), {}),
                since(fresh.view(id).klines(type, 10'000), {}));
  }
  EXPECT_EQ(lived.counters().refused.value(), 0U);
}

class Told : public testing::Test {
 protected:
  Told() { day("2024-08-05", "10 12 9 11", "100"); }

  static Kline kline(std::string_view start, std::string_view prices, std::string_view amount) {
    std::vector<Price> p;
    for (std::size_t at = 0; at < prices.size(); at = prices.find(' ', at) + 1) {
      p.push_back(price(prices.substr(at, prices.find(' ', at) - at)));
      if (prices.find(' ', at) == std::string_view::npos) break;
    }
    return {.sequence = {},
            .start = utc(start),
            .open = p[0],
            .high = p[1],
            .low = p[2],
            .close = p[3],
            .volume = volume(amount),
            .turnover = turnover("1000"),
            .trades = 5};
  }
  static market::Date date_of(std::string_view text) {
    return market::Date{std::chrono::floor<std::chrono::days>(utc(std::string{text} + " 12:00"))};
  }
  // Of Shanghai, whose midnight is 16:00 UTC of the day before.
  void day(std::string_view date, std::string_view prices, std::string_view amount) {
    Kline kline = Told::kline("2024-08-05 00:00", prices, amount);
    kline.start = UnixNanos{std::chrono::sys_days{date_of(date)}} - std::chrono::hours{8};
    world.apply(told(kSh, StoredSeries::day, date_of(date), kline, utc(now)));
  }
  void minute(std::string_view start, std::string_view prices, std::string_view amount,
              StoredSeries series = StoredSeries::regular) {
    world.apply(told(kSh, series, date_of(start.substr(0, 10)), kline(start, prices, amount), utc(now)));
  }
  Texts texts(KlineType type) { return texts_of(world.klines(kSh, type)); }

  std::string now = "2024-08-06 01:33:00";
  World world;
};

TEST_F(Told, days_make_weeks_and_minutes_make_the_day) {
  minute("2024-08-06 01:30", "11 13 11 12", "10");
  minute("2024-08-06 01:31", "12 14 10 13", "20");
  EXPECT_EQ(texts(KlineType::m5), Texts{"2024-08-06 01:30:00 11 14 10 13 30 x10"});
  EXPECT_EQ(texts(KlineType::day),
            (Texts{"2024-08-04 16:00:00 10 12 9 11 100 x5", "2024-08-05 16:00:00 11 14 10 13 30 x10"}));
  EXPECT_EQ(texts(KlineType::week), Texts{"2024-08-04 16:00:00 10 14 9 13 130 x15"});
  EXPECT_EQ(texts(KlineType::year), Texts{"2023-12-31 16:00:00 10 14 9 13 130 x15"});
  EXPECT_TRUE(world.klines(kSh, KlineType::m1).back().closed);
  EXPECT_FALSE(world.klines(kSh, KlineType::m5).back().closed);
  EXPECT_TRUE(world.klines(kSh, KlineType::day).front().closed);
  EXPECT_FALSE(world.klines(kSh, KlineType::week).back().closed);
  const Snapshot snapshot = world.view(kSh).snapshot();
  EXPECT_EQ(snapshot.last, price("13"));
  EXPECT_EQ(snapshot.open, price("11"));
  EXPECT_EQ(snapshot.high, price("14"));
  EXPECT_EQ(snapshot.previous_close, price("11"));
  EXPECT_EQ(snapshot.volume, volume("30"));
  // Open K-lines of the past are closed by the clock like any other.
  const auto heard = world.apply_to_all(
      ClockTick{.calendar = world.instruments().at(kSh).calendar, .ts_event = utc("2024-08-06 01:35:00")});
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].klines[0].type, KlineType::m5);
}

TEST_F(Told, a_late_trade_of_a_told_day_counts_in_it_and_makes_no_minute) {
  world.trade(kSh, "2024-08-05 02:00:00", "15", "7");
  EXPECT_TRUE(texts(KlineType::m1).empty());
  EXPECT_TRUE(texts(KlineType::m60).empty());
  EXPECT_EQ(texts(KlineType::day), Texts{"2024-08-04 16:00:00 10 15 9 11 107 x6"});
  EXPECT_EQ(world.klines(kSh, KlineType::day)[0].revision, 1U);
}

TEST_F(Told, a_whole_day_ends_the_minutes_before_it) {
  world.trade(kSh, "2024-08-06 01:31:10", "12", "20");
  now = "2024-08-08 01:33:00";
  const auto day_after = told(kSh, StoredSeries::day, date_of("2024-08-07"),
                              {.start = utc("2024-08-06 16:00"),
                               .open = price("12"),
                               .high = price("15"),
                               .low = price("11"),
                               .close = price("14"),
                               .volume = volume("50"),
                               .trades = 9},
                              utc(now));
  const auto heard = world.apply_to_all(day_after);
  // What subscribers saw open is over: seven types to 240 minutes, and the day; the week goes on.
  ASSERT_EQ(heard.size(), 1U);
  std::vector<std::string> news;
  for (const auto& change : heard[0].klines)
    news.push_back(std::to_string(static_cast<int>(change.type)) +
                   (change.news == KlineNews::closed ? " closed" : " values"));
  EXPECT_EQ(news, (Texts{"1 closed", "5 closed", "15 closed", "30 closed", "60 closed", "120 closed",
                         "240 closed", "1001 closed", "1007 values", "1030 values", "2001 values"}));
  EXPECT_TRUE(texts(KlineType::m1).empty());
  EXPECT_TRUE(texts(KlineType::m240).empty());
  EXPECT_EQ(texts(KlineType::day).size(), 3U);
  EXPECT_EQ(texts(KlineType::week), Texts{"2024-08-04 16:00:00 10 15 9 14 170 x15"});
  minute("2024-08-06 01:40", "12 14 10 13", "20");  // of a day that is over
  EXPECT_EQ(world.counters().refused.value(), 1U);
  minute("2024-08-08 01:30", "14 16 14 15", "20");
  EXPECT_EQ(texts(KlineType::m1), Texts{"2024-08-08 01:30:00 14 16 14 15 20 x5"});
  EXPECT_EQ(world.view(kSh).snapshot().previous_close, price("14"));
}

TEST_F(Told, what_does_not_come_after_all_that_is_there_is_refused) {
  minute("2024-08-06 01:31", "12 14 10 13", "20");
  const auto before = plain(world.view(kSh).snapshot());
  minute("2024-08-06 01:31", "12 14 10 13", "20");
  minute("2024-08-06 01:30", "12 14 10 13", "20");
  minute("2024-08-05 01:30", "12 14 10 13", "20");  // told as a day
  day("2024-08-06", "12 14 10 13", "20");           // told as minutes
  day("2024-08-05", "12 14 10 13", "20");
  minute("2024-08-06 01:32", "12 10 14 13", "20");  // low above high
  minute("2024-08-06 01:32", "12 14 10 13", "20", StoredSeries::night);
  EXPECT_EQ(world.counters().refused.value(), 7U);
  EXPECT_EQ(plain(world.view(kSh).snapshot()), before);
}

}  // namespace
}  // namespace qos::state
