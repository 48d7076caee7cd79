#include "market/kline_fold.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "calendars.hpp"

namespace qos::market {
namespace {

using namespace std::chrono_literals;

constexpr auto kLast = ClosingPrint::last_bar;
constexpr auto kOwn = ClosingPrint::own_bar;

Kline kline_at(UnixNanos start, std::int64_t price = 100) {
  const Price p = Price::from_raw(price);
  return {.sequence = Sequence{1},
          .start = start,
          .open = p,
          .high = p,
          .low = p,
          .close = p,
          .volume = Volume{Quantity::from_units(1)},
          .turnover = Turnover{p, Quantity::from_units(1)},
          .trades = 1,
          .closed = true};
}

// Every minute of a date that can have a K-line, the one of a closing print's own included. Prices are the
// minute's number in the day, from 1, so that a fold tells which minutes it is made of.
std::vector<FoldPart> minutes_of(const SessionCalendar& calendar, Date date, ClosingPrint closing) {
  std::vector<FoldPart> parts;
  const auto add = [&](UnixNanos t) {
    parts.push_back({date, kline_at(t, static_cast<std::int64_t>(parts.size()) + 1)});
  };
  for (const Session& session : calendar.regular_of(date))
    for (auto t = session.open; t < session.close; t += 1min) add(t);
  const auto close = minute_of(calendar, parts.back().kline.start, Print::closing, closing);
  if (close && close->start > parts.back().kline.start) add(close->start);
  return parts;
}

// "13:30 1-60, 14:30 61-120": when each begins, and the first and last minute in it.
std::string fold_text(const std::vector<Kline>& klines) {
  std::string out;
  for (const Kline& kline : klines)
    out += fmt::format("{}{} {}-{}", out.empty() ? "" : ", ", text_of(kline.start).substr(11, 5),
                       kline.open.raw(), kline.close.raw());
  return out;
}

struct DayRow {
  const char* market;
  const char* date;
  KlineType type;
  ClosingPrint closing;
  Anchor anchor;
  const char* klines;  // UTC
};

void expect_folds(const std::vector<DayRow>& table) {
  for (const DayRow& row : table) {
    const SessionCalendar& market = calendar(row.market);
    const FoldRules rules{market, row.closing, row.anchor};
    EXPECT_EQ(fold_text(fold_klines(minutes_of(market, date(row.date), row.closing), row.type, rules)),
              row.klines)
        << row.market << " " << row.date << " " << static_cast<int>(row.type);
  }
}

TEST(ContinueKline, keeps_the_open_moves_the_close_widens_and_adds) {
  Kline longer = kline_at(utc("2025-03-14 13:30"));
  longer.high = Price::from_raw(120);
  longer.low = Price::from_raw(90);
  longer.revision = 1;
  Kline next = kline_at(utc("2025-03-14 13:31"), 95);
  next.sequence = Sequence{7};
  next.high = Price::from_raw(119);
  next.low = Price::from_raw(80);
  next.revision = 2;
  next.closed = false;
  continue_kline(longer, next);
  EXPECT_EQ(longer, (Kline{.sequence = Sequence{7},
                           .start = utc("2025-03-14 13:30"),
                           .open = Price::from_raw(100),
                           .high = Price::from_raw(120),
                           .low = Price::from_raw(80),
                           .close = Price::from_raw(95),
                           .volume = Volume{Quantity::from_units(2)},
                           .turnover = Turnover::from_raw(Int128{195} * Quantity::kScale),
                           .trades = 2,
                           .revision = 3,
                           .closed = false}));
  next.sequence = Sequence{3};
  next.high = Price::from_raw(130);
  continue_kline(longer, next);
  EXPECT_EQ(longer.sequence, Sequence{7});
  EXPECT_EQ(longer.high, Price::from_raw(130));
}

TEST(ContinueKline, stops_counting_at_the_largest_count) {
  Kline longer = kline_at(utc("2025-03-14 13:30"));
  longer.trades = 0xFFFF'FFFE;
  Kline next = longer;
  next.trades = 5;
  next.revision = 0xFFFF'FFFF;
  continue_kline(longer, next);
  EXPECT_EQ(longer.trades, 0xFFFF'FFFF);
  EXPECT_EQ(longer.revision, 0xFFFF'FFFF);
}

TEST(FoldKlines, reaches_across_the_hong_kong_lunch_and_starts_again_after_it_with_the_anchor_segment) {
  constexpr auto kSession = Anchor::session;
  constexpr auto kSegment = Anchor::segment;
  expect_folds({
      {"HK", "2026-01-05", KlineType::m60, kLast, kSession,
       "01:30 1-60, 02:30 61-120, 03:30 121-180, 05:30 181-240, 06:30 241-300, 07:30 301-330"},
      {"HK", "2026-01-05", KlineType::m60, kLast, kSegment,
       "01:30 1-60, 02:30 61-120, 03:30 121-150, 05:00 151-210, 06:00 211-270, 07:00 271-330"},
      {"HK", "2026-01-05", KlineType::m240, kLast, kSession, "01:30 1-240, 06:30 241-330"},
      {"HK", "2026-01-05", KlineType::m240, kLast, kSegment, "01:30 1-150, 05:00 151-330"},
      {"HK", "2026-12-24", KlineType::m120, kLast, kSession, "01:30 1-120, 03:30 121-150"},
      {"HK", "2026-01-05", KlineType::day, kLast, kSession, "16:00 1-330"},
      {"CN", "2025-03-14", KlineType::m60, kLast, kSession,
       "01:30 1-60, 02:30 61-120, 05:00 121-180, 06:00 181-240"},
      {"CN", "2025-03-14", KlineType::m60, kLast, kSegment,
       "01:30 1-60, 02:30 61-120, 05:00 121-180, 06:00 181-240"},
      {"CN", "2025-03-14", KlineType::m240, kLast, kSession, "01:30 1-240"},
      {"CN", "2025-03-14", KlineType::m240, kLast, kSegment, "01:30 1-120, 05:00 121-240"},
  });
}

TEST(FoldKlines, joins_the_closing_prints_own_minute_to_the_days_last_kline) {
  constexpr auto kSession = Anchor::session;
  expect_folds({
      {"US", "2025-03-14", KlineType::m120, kOwn, kSession,
       "13:30 1-120, 15:30 121-240, 17:30 241-360, 19:30 361-391"},
      {"US", "2025-03-14", KlineType::m120, kOwn, Anchor::segment,
       "13:30 1-120, 15:30 121-240, 17:30 241-360, 19:30 361-391"},
      {"US", "2025-03-14", KlineType::m240, kLast, kSession, "13:30 1-240, 17:30 241-390"},
      // A half day: 210 minutes and the closing print's.
      {"US", "2026-11-27", KlineType::m60, kOwn, kSession,
       "14:30 1-60, 15:30 61-120, 16:30 121-180, 17:30 181-211"},
      // The closing print alone is the last K-line where the day is a whole number of them.
      {"US", "2026-11-27", KlineType::m30, kOwn, kSession,
       "14:30 1-30, 15:00 31-60, 15:30 61-90, 16:00 91-120, 16:30 121-150, 17:00 151-180, 17:30 181-211"},
      {"US", "2025-03-14", KlineType::day, kOwn, kSession, "04:00 1-391"},
  });
}

TEST(FoldKlines,
     cuts_on_the_utc_clock_where_trading_never_ends_and_on_the_same_minutes_after_a_clock_change) {
  constexpr auto kSession = Anchor::session;
  expect_folds({
      {"CF", "2025-03-14", KlineType::m240, kLast, kSession,
       "00:00 1-240, 04:00 241-480, 08:00 481-720, 12:00 721-960, 16:00 961-1200, 20:00 1201-1440"},
      // New York's clock changed on Sunday, March 9th 2025 and on November 2nd.
      {"US", "2025-03-07", KlineType::m240, kOwn, kSession, "14:30 1-240, 18:30 241-391"},
      {"US", "2025-03-10", KlineType::m240, kOwn, kSession, "13:30 1-240, 17:30 241-391"},
      {"US", "2025-10-31", KlineType::m240, kOwn, kSession, "13:30 1-240, 17:30 241-391"},
      {"US", "2025-11-03", KlineType::m240, kOwn, kSession, "14:30 1-240, 18:30 241-391"},
      {"FX", "2025-03-10", KlineType::day, kLast, kSession, "04:00 1-1440"},
  });
}

TEST(FoldKlines, makes_weeks_months_and_years_of_days_and_days_of_minutes_however_many_days_come) {
  const FoldRules rules{calendar("US")};
  std::vector<FoldPart> days;
  std::vector<FoldPart> minutes;
  for (auto day = std::optional{date("2024-12-20")}; *day < date("2025-03-20");
       day = calendar("US").next_trading_date(*day)) {
    for (const FoldPart& part : minutes_of(calendar("US"), *day, kLast)) minutes.push_back(part);
    days.push_back({*day, kline_at(calendar("US").local_midnight(*day))});
  }
  EXPECT_EQ(fold_klines(minutes, KlineType::day, rules).size(), days.size());
  const auto months = fold_klines(days, KlineType::month, rules);
  ASSERT_EQ(months.size(), 4U);
  EXPECT_EQ(text_of(months[3].start), "2025-03-01 05:00:00");  // the clock change is on the 9th
  EXPECT_EQ(months[3].trades, 13U);
  const auto years = fold_klines(days, KlineType::year, rules);
  ASSERT_EQ(years.size(), 2U);
  EXPECT_EQ(years[0].trades, 7U);
  EXPECT_EQ(text_of(years[1].start), "2025-01-01 05:00:00");
  const auto weeks = fold_klines(days, KlineType::week, rules);
  ASSERT_EQ(weeks.size(), 14U);
  EXPECT_EQ(text_of(weeks[2].start), "2024-12-30 05:00:00");
  EXPECT_EQ(weeks[2].trades, 4U);
}

TEST(FoldKlines, leaves_out_minutes_of_dates_without_trading_and_takes_no_other_minute_for_theirs) {
  const FoldRules rules{calendar("US")};
  const std::vector<FoldPart> parts{
      {date("2025-03-14"), kline_at(utc("2025-03-14 13:30"))},
      {date("2025-03-15"), kline_at(utc("2025-03-15 13:30"))},  // a Saturday
      {date("2025-03-15"), kline_at(utc("2025-03-14 13:31"))},
      {date("2025-03-17"), kline_at(utc("2025-03-17 13:35"))},
  };
  const auto folded = fold_klines(parts, KlineType::m5, rules);
  ASSERT_EQ(folded.size(), 2U);
  EXPECT_EQ(folded[0].trades, 1U);
  EXPECT_EQ(folded[1].start, utc("2025-03-17 13:35"));
  EXPECT_EQ(fold_klines(parts, KlineType::m1, rules).size(), 4U);
  EXPECT_EQ(fold_klines(std::span{parts}.first(2), KlineType::day, rules).size(), 2U);
  EXPECT_TRUE(fold_klines({}, KlineType::m5, rules).empty());
  EXPECT_TRUE(fold_klines(parts, KlineType::m60, FoldRules{SessionCalendar{}}).empty());
}

// Random dates of every market with random minutes left out: the same K-lines as asking kline_span() for each
// minute alone, whatever the anchor and the place of the closing print.
TEST(FoldKlines, agrees_with_kline_span_on_random_days_of_every_market) {
  std::mt19937 random{20261122};
  SCOPED_TRACE("seed 20261122");
  const SessionCalendar open = calendar("US").always_open();
  for (const char* name : {"US", "HK", "CN", "CF", "FX", "CM", "always"}) {
    const SessionCalendar& market = std::string{name} == "always" ? open : calendar(name);
    for (int round = 0; round < 12; ++round) {
      const auto closing = round % 2 == 0 ? kLast : kOwn;
      const auto anchor = round % 4 < 2 ? Anchor::session : Anchor::segment;
      const FoldRules rules{market, closing, anchor};
      std::vector<FoldPart> parts;
      auto day = market.next_trading_date(
          Date{std::chrono::sys_days{date("2011-01-01")} + std::chrono::days{random() % 5600}});
      for (int days = 0; days < 5 && day; ++days, day = market.next_trading_date(*day))
        for (const FoldPart& part : minutes_of(market, *day, closing))
          if (random() % 4 != 0) parts.push_back(part);
      for (const KlineType type : kKlineTypes) {
        std::vector<Kline> expected;
        for (const auto& [trading_date, kline] : parts) {
          const auto start = kline_span(market, type, {trading_date, kline.start}, closing, anchor).start;
          if (expected.empty() || expected.back().start != start) {
            expected.push_back(kline);
            expected.back().start = start;
          } else {
            continue_kline(expected.back(), kline);
          }
        }
        ASSERT_EQ(fold_klines(parts, type, rules), expected)
            << name << " round " << round << " type " << static_cast<int>(type);
      }
    }
  }
}

// "03-14 13:30 7, 03-14 13:31 -7?": start, - if flat, the close, ? if open.
std::string filled_text(const std::vector<Kline>& klines) {
  std::string out;
  for (const Kline& kline : klines)
    out += fmt::format("{}{} {}{}{}", out.empty() ? "" : ", ", text_of(kline.start).substr(5, 11),
                       kline.trades > 0 ? "" : "-", kline.close.raw(), kline.closed ? "" : "?");
  return out;
}

TEST(FillKlines, puts_flat_klines_between_but_none_in_the_break_nor_over_night) {
  const FoldRules rules{calendar("CN")};
  const std::vector<Kline> klines{kline_at(utc("2025-03-14 03:28"), 7), kline_at(utc("2025-03-14 05:01"), 8),
                                  kline_at(utc("2025-03-14 06:58"), 9), kline_at(utc("2025-03-17 01:31"), 6)};
  const auto filled = fill_klines(klines, KlineType::m1, rules, {});
  ASSERT_EQ(filled.size(), 122U + 2U);
  EXPECT_EQ(filled_text({filled.begin(), filled.begin() + 5}),
            "03-14 03:28 7, 03-14 03:29 -7, 03-14 05:00 -7, 03-14 05:01 8, 03-14 05:02 -8");
  EXPECT_EQ(filled_text({filled.end() - 4, filled.end()}),
            "03-14 06:58 9, 03-14 06:59 -9, 03-17 01:30 -9, 03-17 01:31 6");
  EXPECT_EQ(filled[1], (Kline{.sequence = {},
                              .start = utc("2025-03-14 03:29"),
                              .open = Price::from_raw(7),
                              .high = Price::from_raw(7),
                              .low = Price::from_raw(7),
                              .close = Price::from_raw(7),
                              .volume = {},
                              .turnover = {},
                              .closed = true}));
}

TEST(FillKlines, goes_on_until_the_given_time_and_leaves_the_span_that_holds_it_open) {
  const FoldRules rules{calendar("HK")};
  const std::vector<Kline> klines{kline_at(utc("2026-01-05 01:30"), 7)};
  EXPECT_EQ(filled_text(fill_klines(klines, KlineType::m60, rules, utc("2026-01-05 04:30"))),
            "01-05 01:30 7, 01-05 02:30 -7, 01-05 03:30 -7?");
  EXPECT_EQ(filled_text(fill_klines(klines, KlineType::m60, rules, utc("2026-01-05 05:30"))),
            "01-05 01:30 7, 01-05 02:30 -7, 01-05 03:30 -7, 01-05 05:30 -7?");
  EXPECT_EQ(filled_text(fill_klines(klines, KlineType::m60, rules, utc("2026-01-05 05:29:59"))),
            "01-05 01:30 7, 01-05 02:30 -7, 01-05 03:30 -7?");
  // Before the last K-line it changes nothing.
  EXPECT_EQ(filled_text(fill_klines(klines, KlineType::m60, rules, utc("2026-01-01 00:00"))),
            "01-05 01:30 7");
  EXPECT_EQ(filled_text(fill_klines(klines, KlineType::day, rules, {})), "01-05 01:30 7");
  EXPECT_TRUE(fill_klines({}, KlineType::m1, rules, utc("2026-01-05 05:30")).empty());
}

TEST(FillKlines, gives_the_closing_print_no_kline_where_there_was_none) {
  const FoldRules rules{calendar("US"), kOwn};
  const std::vector<Kline> klines{kline_at(utc("2025-03-13 19:58"), 7), kline_at(utc("2025-03-13 20:00"), 8),
                                  kline_at(utc("2025-03-14 19:58"), 9), kline_at(utc("2025-03-17 13:30"), 6)};
  const auto filled = fill_klines(klines, KlineType::m1, rules, {});
  ASSERT_EQ(filled.size(), 3U + 390U + 1U);
  EXPECT_EQ(filled_text({filled.begin(), filled.begin() + 4}),
            "03-13 19:58 7, 03-13 19:59 -7, 03-13 20:00 8, 03-14 13:30 -8");
  EXPECT_EQ(filled_text({filled.end() - 3, filled.end()}), "03-14 19:58 9, 03-14 19:59 -9, 03-17 13:30 6");
}

TEST(FillKlines, fills_days_weeks_months_and_years_that_had_trading) {
  const FoldRules rules{calendar("CN")};
  const auto at = [](const char* day, std::int64_t price) {
    return kline_at(calendar("CN").local_midnight(date(day)), price);
  };
  // The National Day week of 2024 had one trading day, a Monday; 2025's began on a Wednesday.
  EXPECT_EQ(filled_text(fill_klines(std::vector{at("2024-09-27", 7), at("2024-10-09", 8)}, KlineType::day,
                                    rules, {})),
            "09-26 16:00 7, 09-29 16:00 -7, 10-07 16:00 -7, 10-08 16:00 8");
  EXPECT_EQ(filled_text(fill_klines(std::vector{at("2020-01-13", 7), at("2020-02-10", 8)}, KlineType::week,
                                    rules, {})),
            "01-12 16:00 7, 01-19 16:00 -7, 02-02 16:00 -7, 02-09 16:00 8");
  EXPECT_EQ(filled_text(fill_klines(std::vector{at("2024-01-01", 7), at("2024-04-01", 8)}, KlineType::month,
                                    rules, utc("2024-05-06 00:00"))),
            "12-31 16:00 7, 01-31 16:00 -7, 02-29 16:00 -7, 03-31 16:00 8, 04-30 16:00 -8?");
  EXPECT_EQ(filled_text(fill_klines(std::vector{at("2020-01-01", 7)}, KlineType::year, rules,
                                    utc("2022-06-03 00:00"))),
            "12-31 16:00 7, 12-31 16:00 -7, 12-31 16:00 -7?");
}

TEST(FillKlines, begins_a_month_and_a_day_with_its_trading_and_a_day_with_the_evening_before) {
  // The first trading day of May 2024 was the 6th.
  const std::vector<Kline> april{kline_at(calendar("CN").local_midnight(date("2024-04-01")), 7)};
  const FoldRules cn{calendar("CN")};
  EXPECT_EQ(filled_text(fill_klines(april, KlineType::month, cn, utc("2024-05-05 15:59"))), "03-31 16:00 7");
  EXPECT_EQ(filled_text(fill_klines(april, KlineType::month, cn, utc("2024-05-05 16:00"))),
            "03-31 16:00 7, 04-30 16:00 -7?");
  // Monday begins on Sunday evening, 22:00 UTC.
  const std::vector<Kline> friday{kline_at(utc("2025-01-10 21:59"), 7)};
  const FoldRules fx{calendar("FX")};
  EXPECT_EQ(filled_text(fill_klines(friday, KlineType::m1, fx, utc("2025-01-12 21:59"))), "01-10 21:59 7");
  EXPECT_EQ(filled_text(fill_klines(friday, KlineType::m1, fx, utc("2025-01-12 22:00:30"))),
            "01-10 21:59 7, 01-12 22:00 -7?");
}

TEST(FillKlines, keeps_the_latest_when_there_are_more_than_wanted) {
  const FoldRules rules{calendar("CF")};
  const std::vector<Kline> klines{kline_at(utc("2020-01-01 00:00"), 7), kline_at(utc("2025-01-01 00:02"), 8)};
  EXPECT_EQ(filled_text(fill_klines(klines, KlineType::m1, rules, {}, 3)),
            "01-01 00:00 -7, 01-01 00:01 -7, 01-01 00:02 8");
  EXPECT_TRUE(fill_klines(klines, KlineType::m1, rules, {}, 0).empty());
  const auto most = fill_klines(klines, KlineType::m1, rules, {});
  EXPECT_EQ(most.size(), kMaxFilled);
  EXPECT_EQ(most.back(), klines.back());
}

TEST(FillKlines, fills_nothing_where_the_calendar_knows_nothing_and_bears_any_time) {
  const std::vector<Kline> klines{kline_at(utc("2026-12-31 02:00"), 7)};
  const auto known = fill_klines(klines, KlineType::m240, FoldRules{calendar("CN")}, UnixNanos::max());
  EXPECT_EQ(filled_text(known), "12-31 02:00 7");  // the horizon is the year's end
  EXPECT_EQ(fill_klines(klines, KlineType::m1, FoldRules{SessionCalendar{}}, utc("2027-01-05 00:00")),
            klines);
  EXPECT_EQ(fill_klines(klines, KlineType::m1, FoldRules{calendar("CN")}, UnixNanos::min()), klines);
  const std::vector<Kline> odd{kline_at(UnixNanos::min(), 7), kline_at(utc("1950-01-01 00:00"), 8)};
  EXPECT_EQ(fill_klines(odd, KlineType::m1, FoldRules{calendar("CN")}, {}), odd);
  const std::vector<Kline> late{kline_at(UnixNanos::max(), 7)};
  EXPECT_EQ(fill_klines(late, KlineType::day, FoldRules{calendar("CN")}, UnixNanos::max()), late);
}

// What is filled folds to the same longer K-lines as what was given.
TEST(FillKlines, changes_no_longer_kline) {
  std::mt19937 random{7};
  SCOPED_TRACE("seed 7");
  for (const char* name : {"US", "HK", "CN", "CF", "FX"}) {
    const SessionCalendar& market = calendar(name);
    const FoldRules rules{market, kOwn};
    std::vector<FoldPart> parts;
    std::vector<Kline> klines;
    for (auto day = market.next_trading_date(date("2025-03-05")); *day < date("2025-03-12");
         day = market.next_trading_date(*day))
      for (const FoldPart& part : minutes_of(market, *day, kOwn))
        if (random() % 3 == 0) {
          parts.push_back(part);
          klines.push_back(part.kline);
        }
    const auto filled = fill_klines(klines, KlineType::m1, rules, {});
    ASSERT_GT(filled.size(), klines.size());
    EXPECT_TRUE(std::ranges::is_sorted(filled, {}, &Kline::start)) << name;
    EXPECT_EQ(std::ranges::count_if(filled, [](const Kline& k) { return k.trades > 0; }),
              static_cast<std::ptrdiff_t>(klines.size()));
    std::vector<FoldPart> filled_parts;
    for (const Kline& kline : filled) filled_parts.push_back({*market.trading_date_of(kline.start), kline});
    auto folded = fold_klines(filled_parts, KlineType::day, rules);
    auto expected = fold_klines(parts, KlineType::day, rules);
    ASSERT_EQ(folded.size(), expected.size());
    for (std::size_t i = 0; i < folded.size(); ++i) {
      folded[i].open = expected[i].open;  // a flat minute before the day's first trade has the close before
      folded[i].high = std::max(folded[i].high, expected[i].high);
      expected[i].high = folded[i].high;
      folded[i].low = expected[i].low;
    }
    EXPECT_EQ(folded, expected) << name;
  }
}

}  // namespace
}  // namespace qos::market
