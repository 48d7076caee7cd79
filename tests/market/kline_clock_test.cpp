#include "market/kline_clock.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "calendars.hpp"

namespace qos::market {
namespace {

using namespace std::chrono_literals;

constexpr auto kLast = ClosingPrint::last_bar;
constexpr auto kOwn = ClosingPrint::own_bar;

// "2025-03-14 13:30:00 of 2025-03-14", "none"
std::string minute_text(const std::string& name, const char* at, Print print, ClosingPrint closing) {
  const auto minute = minute_of(calendar(name), utc(at), print, closing);
  return minute ? text_of(minute->start) + " of " + to_string(minute->trading_date) : "none";
}

std::string span_text(const Span& span) {
  return text_of(span.start) + " to " + text_of(span.end);
}

std::string span_text(const std::string& name, KlineType type, const char* at, ClosingPrint closing = kLast) {
  const auto minute = minute_of(calendar(name), utc(at), Print::continuous, closing);
  return minute ? span_text(kline_span(calendar(name), type, *minute, closing)) : "no minute";
}

TEST(KlineType, is_read_from_the_wires_number) {
  for (const KlineType type : kKlineTypes) EXPECT_EQ(parse_kline_type(static_cast<std::int64_t>(type)), type);
  for (const std::int64_t kt : {0, 2, 10, 1000, 1002, -1, 2002, 65536 + 1})
    EXPECT_FALSE(parse_kline_type(kt)) << kt;
  EXPECT_FALSE(parse_kline_type((std::int64_t{1} << 32) + 1));
}

TEST(MinuteOf, a_trade_belongs_to_the_minute_it_fell_in_and_to_none_outside_regular_sessions) {
  struct Row {
    const char* market;
    const char* at;
    const char* minute;
  };
  const std::vector<Row> table{
      {"US", "2025-03-14 13:29:59", "none"},
      {"US", "2025-03-14 13:30", "2025-03-14 13:30:00 of 2025-03-14"},
      {"US", "2025-03-14 13:30:59", "2025-03-14 13:30:00 of 2025-03-14"},
      {"US", "2025-03-14 19:59:59", "2025-03-14 19:59:00 of 2025-03-14"},
      // Exactly at the end is after the end: only a closing print may stand there.
      {"US", "2025-03-14 20:00", "none"},
      {"US", "2025-03-14 21:00", "none"},
      {"US", "2025-03-14 08:30", "none"},
      {"US", "2025-03-15 15:00", "none"},
      {"US", "2026-11-27 17:59:30", "2026-11-27 17:59:00 of 2026-11-27"},
      {"US", "2026-11-27 18:00", "none"},
      {"HK", "2026-01-05 03:59:59", "2026-01-05 03:59:00 of 2026-01-05"},
      {"HK", "2026-01-05 04:00", "none"},
      {"HK", "2026-01-05 04:30", "none"},
      {"HK", "2026-01-05 05:00", "2026-01-05 05:00:00 of 2026-01-05"},
      {"HK", "2026-01-05 08:00", "none"},
      {"HK", "2026-01-05 08:05", "none"},
      {"CN", "2025-03-14 01:25", "none"},
      {"CN", "2025-03-14 06:58:10", "2025-03-14 06:58:00 of 2025-03-14"},
      {"CN", "2025-03-14 07:10", "none"},
      {"CF", "2025-03-14 23:59:59", "2025-03-14 23:59:00 of 2025-03-14"},
      {"CF", "2025-03-15 00:00", "2025-03-15 00:00:00 of 2025-03-15"},
      {"FX", "2025-01-12 22:00:30", "2025-01-12 22:00:00 of 2025-01-13"},
      {"FX", "2025-01-12 21:59:59", "none"},
  };
  for (const Row& row : table)
    EXPECT_EQ(minute_text(row.market, row.at, Print::continuous, kOwn), row.minute)
        << row.market << " " << row.at;
}

TEST(MinuteOf, an_opening_print_belongs_to_the_first_minute_whatever_its_clock_says) {
  for (const char* at : {"2025-03-14 01:15", "2025-03-14 01:25", "2025-03-14 01:25:03", "2025-03-14 01:30:02",
                         "2025-03-14 00:30", "2025-03-14 05:10"})
    EXPECT_EQ(minute_text("CN", at, Print::opening, kLast), "2025-03-14 01:30:00 of 2025-03-14") << at;
  for (const char* at :
       {"2025-03-14 13:29:59", "2025-03-14 13:30:01", "2025-03-14 13:31:40", "2025-03-14 01:30"})
    EXPECT_EQ(minute_text("US", at, Print::opening, kOwn), "2025-03-14 13:30:00 of 2025-03-14") << at;
  EXPECT_EQ(minute_text("HK", "2026-01-05 01:20:30", Print::opening, kLast),
            "2026-01-05 01:30:00 of 2026-01-05");
  // Koinu: the day began at 14:00.
  EXPECT_EQ(minute_text("HK", "2023-10-09 06:00", Print::opening, kLast),
            "2023-10-09 06:00:00 of 2023-10-09");
  EXPECT_EQ(minute_text("US", "2025-03-15 13:30", Print::opening, kOwn), "none");
  EXPECT_EQ(minute_text("CN", "2027-01-04 01:25", Print::opening, kLast), "none");
}

TEST(MinuteOf, a_closing_print_belongs_to_the_last_minute_or_to_a_kline_of_its_own_at_the_close) {
  struct Row {
    const char* market;
    const char* at;
    ClosingPrint closing;
    const char* minute;
  };
  const std::vector<Row> table{
      {"CN", "2025-03-14 07:00", kLast, "2025-03-14 06:59:00 of 2025-03-14"},
      {"CN", "2025-03-14 06:59:58", kLast, "2025-03-14 06:59:00 of 2025-03-14"},
      {"CN", "2025-03-14 07:00:03", kLast, "2025-03-14 06:59:00 of 2025-03-14"},
      {"CN", "2025-03-14 07:06", kLast, "2025-03-14 06:59:00 of 2025-03-14"},
      {"HK", "2026-01-05 08:08:21", kLast, "2026-01-05 07:59:00 of 2026-01-05"},
      {"HK", "2026-01-05 08:10", kLast, "2026-01-05 07:59:00 of 2026-01-05"},
      {"HK", "2026-12-24 04:08:21", kLast, "2026-12-24 03:59:00 of 2026-12-24"},
      {"US", "2025-03-14 20:00", kOwn, "2025-03-14 20:00:00 of 2025-03-14"},
      {"US", "2025-03-14 20:00:07", kOwn, "2025-03-14 20:00:00 of 2025-03-14"},
      {"US", "2025-03-14 20:16", kOwn, "2025-03-14 20:00:00 of 2025-03-14"},
      {"US", "2025-03-14 19:59:59", kOwn, "2025-03-14 20:00:00 of 2025-03-14"},
      {"US", "2025-03-14 20:00", kLast, "2025-03-14 19:59:00 of 2025-03-14"},
      {"US", "2026-11-27 18:00:01", kOwn, "2026-11-27 18:00:00 of 2026-11-27"},
      // So late that the next date's night has begun: still the day that closed.
      {"US", "2025-03-14 00:30", kOwn, "2025-03-13 20:00:00 of 2025-03-13"},
      // After midnight, or before the day has opened, there is nothing that could close.
      {"US", "2025-03-14 05:00", kOwn, "none"},
      {"US", "2025-03-14 12:00", kOwn, "none"},
      {"US", "2025-03-15 20:00", kOwn, "none"},
      {"HK", "2022-11-02 05:55", kLast, "2022-11-02 05:54:00 of 2022-11-02"},
  };
  for (const Row& row : table)
    EXPECT_EQ(minute_text(row.market, row.at, Print::closing, row.closing), row.minute)
        << row.market << " " << row.at;
}

TEST(KlineSpan, an_hour_reaches_across_the_hong_kong_lunch_and_the_last_is_short) {
  const auto hour = [](const char* at) { return span_text("HK", KlineType::m60, at); };
  EXPECT_EQ(hour("2026-01-05 01:30"), "2026-01-05 01:30:00 to 2026-01-05 02:30:00");
  EXPECT_EQ(hour("2026-01-05 03:29:59"), "2026-01-05 02:30:00 to 2026-01-05 03:30:00");
  EXPECT_EQ(hour("2026-01-05 03:30"), "2026-01-05 03:30:00 to 2026-01-05 05:30:00");
  EXPECT_EQ(hour("2026-01-05 03:59"), "2026-01-05 03:30:00 to 2026-01-05 05:30:00");
  EXPECT_EQ(hour("2026-01-05 05:29"), "2026-01-05 03:30:00 to 2026-01-05 05:30:00");
  EXPECT_EQ(hour("2026-01-05 05:30"), "2026-01-05 05:30:00 to 2026-01-05 06:30:00");
  EXPECT_EQ(hour("2026-01-05 06:30"), "2026-01-05 06:30:00 to 2026-01-05 07:30:00");
  EXPECT_EQ(hour("2026-01-05 07:30"), "2026-01-05 07:30:00 to 2026-01-05 08:00:00");
  // One that ends with the morning ends at lunch, not after it.
  EXPECT_EQ(span_text("HK", KlineType::m30, "2026-01-05 03:45"),
            "2026-01-05 03:30:00 to 2026-01-05 04:00:00");
  EXPECT_EQ(span_text("HK", KlineType::m240, "2026-01-05 06:00"),
            "2026-01-05 01:30:00 to 2026-01-05 06:30:00");
  EXPECT_EQ(span_text("HK", KlineType::m240, "2026-01-05 06:30"),
            "2026-01-05 06:30:00 to 2026-01-05 08:00:00");
  // A half day ends with its morning.
  EXPECT_EQ(hour("2026-12-24 03:45"), "2026-12-24 03:30:00 to 2026-12-24 04:00:00");
}

TEST(KlineSpan, the_mainland_has_four_hours_and_one_of_240_minutes) {
  const auto hour = [](const char* at) { return span_text("CN", KlineType::m60, at); };
  EXPECT_EQ(hour("2025-03-14 01:59"), "2025-03-14 01:30:00 to 2025-03-14 02:30:00");
  EXPECT_EQ(hour("2025-03-14 03:29"), "2025-03-14 02:30:00 to 2025-03-14 03:30:00");
  EXPECT_EQ(hour("2025-03-14 05:00"), "2025-03-14 05:00:00 to 2025-03-14 06:00:00");
  EXPECT_EQ(hour("2025-03-14 06:59"), "2025-03-14 06:00:00 to 2025-03-14 07:00:00");
  EXPECT_EQ(span_text("CN", KlineType::m240, "2025-03-14 05:00"),
            "2025-03-14 01:30:00 to 2025-03-14 07:00:00");
  EXPECT_EQ(span_text("CN", KlineType::m5, "2025-03-14 06:58"), "2025-03-14 06:55:00 to 2025-03-14 07:00:00");
}

TEST(KlineSpan, crypto_is_cut_on_the_utc_clock_and_currencies_from_new_york_five_oclock) {
  EXPECT_EQ(span_text("CF", KlineType::m240, "2025-03-14 23:59"),
            "2025-03-14 20:00:00 to 2025-03-15 00:00:00");
  EXPECT_EQ(span_text("CF", KlineType::m120, "2025-03-14 00:00"),
            "2025-03-14 00:00:00 to 2025-03-14 02:00:00");
  EXPECT_EQ(span_text("CF", KlineType::m1, "2025-03-14 00:00"), "2025-03-14 00:00:00 to 2025-03-14 00:01:00");
  EXPECT_EQ(span_text("FX", KlineType::m240, "2025-01-12 23:30"),
            "2025-01-12 22:00:00 to 2025-01-13 02:00:00");
}

TEST(KlineSpan, the_closing_print_of_its_own_goes_with_the_last_kline_of_longer_types) {
  const SessionCalendar& us = calendar("US");
  const auto close = minute_of(us, utc("2025-03-14 20:00:02"), Print::closing, kOwn);
  ASSERT_TRUE(close);
  EXPECT_EQ(span_text(kline_span(us, KlineType::m1, *close, kOwn)),
            "2025-03-14 20:00:00 to 2025-03-14 20:01:00");
  EXPECT_EQ(span_text(kline_span(us, KlineType::m5, *close, kOwn)),
            "2025-03-14 19:55:00 to 2025-03-14 20:01:00");
  EXPECT_EQ(span_text(kline_span(us, KlineType::m60, *close, kOwn)),
            "2025-03-14 19:30:00 to 2025-03-14 20:01:00");
  EXPECT_EQ(span_text(kline_span(us, KlineType::m240, *close, kOwn)),
            "2025-03-14 17:30:00 to 2025-03-14 20:01:00");
  EXPECT_EQ(span_text("US", KlineType::m60, "2025-03-14 19:30", kOwn),
            "2025-03-14 19:30:00 to 2025-03-14 20:01:00");
  EXPECT_EQ(span_text("US", KlineType::m60, "2025-03-14 19:29", kOwn),
            "2025-03-14 18:30:00 to 2025-03-14 19:30:00");
  EXPECT_EQ(span_text("US", KlineType::m60, "2025-03-14 19:30", kLast),
            "2025-03-14 19:30:00 to 2025-03-14 20:00:00");
}

TEST(KlineSpan, days_and_longer_begin_at_local_midnights) {
  struct Row {
    const char* market;
    KlineType type;
    const char* at;
    std::int64_t start;
    std::int64_t end;
  };
  const std::vector<Row> table{
      {"US", KlineType::day, "2025-03-14 15:00", 1741924800, 1741924800 + 86400},
      {"US", KlineType::week, "2025-03-14 15:00", 1741579200, 1742184000},  // Monday 2025-03-10
      {"US", KlineType::month, "2025-03-14 15:00", 1740805200,
       1743480000},  // 2025-03-01, before the clock change
      {"US", KlineType::year, "2025-03-14 15:00", 1735707600, 1767243600},
      {"CF", KlineType::day, "2025-03-14 23:59", 1741910400, 1741996800},
      {"CF", KlineType::week, "2025-03-16 12:00", 1741564800,
       1742169600},  // a Sunday belongs to the Monday before
      {"CN", KlineType::year, "2023-06-01 02:00", 1672502400, 1704038400},
      {"CN", KlineType::month, "2024-12-31 02:00", 1732982400, 1735660800},
      {"CN", KlineType::year, "2026-12-31 02:00", 1767196800, 1798732800},  // the end lies past the horizon
      {"FX", KlineType::day, "2025-01-12 22:30", 1736744400, 1736830800},   // Sunday evening is Monday's
      {"FX", KlineType::week, "2025-01-12 22:30", 1736744400, 1737349200},
  };
  for (const Row& row : table) {
    const auto minute = minute_of(calendar(row.market), utc(row.at), Print::continuous, kLast);
    ASSERT_TRUE(minute) << row.market << " " << row.at;
    const Span span = kline_span(calendar(row.market), row.type, *minute, kLast);
    EXPECT_EQ(unix_seconds(span.start), row.start) << row.market << " " << row.at;
    EXPECT_EQ(unix_seconds(span.end), row.end) << row.market << " " << row.at;
  }
}

TEST(KlineSpan, a_minute_of_no_trading_day_is_its_own_kline) {
  const Minute stray{date("2025-03-15"), utc("2025-03-15 15:00")};
  EXPECT_EQ(span_text(kline_span(calendar("US"), KlineType::m60, stray, kOwn)),
            "2025-03-15 15:00:00 to 2025-03-15 15:01:00");
}

// Every minute of a day, in order: K-lines of one type follow each other without overlap, hold their minutes,
// and all but the last have the full number of them.
void expect_clean_cut(const std::string& name, const SessionCalendar& market, Date day, KlineType type,
                      ClosingPrint closing) {
  const auto length = std::chrono::minutes{static_cast<int>(type)};
  std::vector<Minute> all;
  for (const Session& session : market.regular_of(day)) {
    for (auto t = session.open; t < session.close; t += 1min) {
      const auto minute = minute_of(market, t + 59s, Print::continuous, closing);
      ASSERT_EQ(minute, (Minute{day, t})) << name << " " << text_of(t);
      all.push_back(*minute);
    }
  }
  ASSERT_FALSE(all.empty());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto first = i - i % static_cast<std::size_t>(length.count());
    const auto last = std::min(first + static_cast<std::size_t>(length.count()), all.size()) - 1;
    auto end = all[last].start + 1min;
    // A K-line of the closing print's own lies where nothing else trades.
    const bool closing_kline = closing == kOwn && !market.regular_session_at(end);
    if (closing_kline && last + 1 == all.size() && type != KlineType::m1) end += 1min;
    const Span span = kline_span(market, type, all[i], closing);
    ASSERT_EQ(span, (Span{all[first].start, end}))
        << name << " " << to_string(day) << " type " << static_cast<int>(type) << ": " << span_text(span);
  }
}

TEST(KlineSpan, cuts_every_kind_of_day_cleanly) {
  const std::vector<std::pair<const char*, const char*>> days{
      {"US", "2025-03-10"}, {"US", "2025-11-03"}, {"US", "2026-11-27"}, {"HK", "2026-01-05"},
      {"HK", "2026-12-24"}, {"HK", "2023-10-09"}, {"HK", "2022-11-02"}, {"HK", "2010-06-01"},
      {"CN", "2025-03-14"}, {"CF", "2025-03-14"}, {"FX", "2025-01-13"}, {"CM", "2025-11-03"}};
  for (const auto& [name, day] : days) {
    for (const ClosingPrint closing : {kLast, kOwn}) {
      for (std::size_t type = 0; type < index_of(KlineType::day); ++type)
        expect_clean_cut(name, calendar(name), date(day), kKlineTypes[type], closing);
    }
  }
  // 23 and 25 hours.
  const SessionCalendar open = calendar("US").always_open();
  for (const char* day : {"2025-03-09", "2025-11-02"})
    for (const ClosingPrint closing : {kLast, kOwn})
      expect_clean_cut("open US", open, date(day), KlineType::m240, closing);
}

// Always open, the minute at the close is the first of the next day.
TEST(KlineSpan, gives_no_closing_kline_where_trading_goes_on_at_the_close) {
  const SessionCalendar always = calendar("US").always_open();
  const auto closing = minute_of(always, utc("2024-08-06 20:00:05"), Print::closing, kOwn);
  ASSERT_TRUE(closing);
  EXPECT_EQ(text_of(closing->start), "2024-08-07 03:59:00");  // 23:59 in New York
  const auto next = minute_of(always, utc("2024-08-07 04:00:05"), Print::continuous, kOwn);
  ASSERT_TRUE(next);
  for (const KlineType type : kKlineTypes) {
    if (type >= KlineType::week) break;
    EXPECT_EQ(kline_span(always, type, *closing, kOwn).end, kline_span(always, type, *next, kOwn).start)
        << static_cast<int>(type);
  }
}

}  // namespace
}  // namespace qos::market
