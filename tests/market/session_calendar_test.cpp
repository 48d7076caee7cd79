#include "market/session_calendar.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "calendars.hpp"

namespace qos::market {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::sys_days;

std::string phase_text(Phase phase) {
  switch (phase) {
    case Phase::night:
      return "night";
    case Phase::pre_market:
      return "pre";
    case Phase::opening_auction:
      return "open";
    case Phase::regular:
      return "regular";
    case Phase::closing_auction:
      return "close";
    case Phase::after_hours:
      return "after";
    case Phase::after_close_fixed:
      return "fixed";
  }
  return "?";
}

// "regular of 2025-03-14", "none"
std::string session_text(const SessionCalendar& calendar, UnixNanos t) {
  const auto session = calendar.session_at(t);
  return session ? phase_text(session->phase) + " of " + to_string(session->trading_date) : "none";
}

struct Instant {
  const char* at;            // UTC
  const char* session;       // as session_text() says it
  const char* trading_date;  // trading_date_of()
};

void expect_instants(const std::string& name, const std::vector<Instant>& table) {
  const SessionCalendar& market = calendar(name);
  for (const Instant& row : table) {
    EXPECT_EQ(session_text(market, utc(row.at)), row.session) << name << " " << row.at;
    EXPECT_EQ(text_of(market.trading_date_of(utc(row.at))), row.trading_date) << name << " " << row.at;
  }
}

TEST(SessionCalendar, knows_the_us_sessions_of_a_winter_day_a_weekend_and_both_clock_changes) {
  expect_instants(
      "US",
      {
          // Thursday 2025-01-16, UTC-5: night from Wednesday 20:00, then 03:50, 04:00, 09:30, 16:00, 20:00.
          {"2025-01-16 00:59:59", "after of 2025-01-15", "2025-01-15"},
          {"2025-01-16 01:00", "night of 2025-01-16", "2025-01-16"},
          {"2025-01-16 08:49:59", "night of 2025-01-16", "2025-01-16"},
          {"2025-01-16 08:50", "none", "2025-01-16"},
          {"2025-01-16 09:00", "pre of 2025-01-16", "2025-01-16"},
          {"2025-01-16 14:29:59", "pre of 2025-01-16", "2025-01-16"},
          {"2025-01-16 14:30", "regular of 2025-01-16", "2025-01-16"},
          {"2025-01-16 20:59:59", "regular of 2025-01-16", "2025-01-16"},
          {"2025-01-16 21:00", "after of 2025-01-16", "2025-01-16"},
          // Friday evening to Sunday evening belong to Friday; Monday 2025-01-20 is a holiday, so Sunday has
          // no night.
          {"2025-01-18 01:00", "none", "2025-01-17"},
          {"2025-01-20 02:00", "none", "2025-01-17"},
          {"2025-01-20 15:00", "none", "2025-01-17"},
          {"2025-01-21 01:00", "night of 2025-01-21", "2025-01-21"},
          // Clocks go forward on Sunday 2025-03-09: Friday opens 14:30 UTC, Monday 13:30; the night from
          // Sunday 20:00.
          {"2025-03-07 14:30", "regular of 2025-03-07", "2025-03-07"},
          {"2025-03-09 23:59:59", "none", "2025-03-07"},
          {"2025-03-10 00:00", "night of 2025-03-10", "2025-03-10"},
          {"2025-03-10 13:29:59", "pre of 2025-03-10", "2025-03-10"},
          {"2025-03-10 13:30", "regular of 2025-03-10", "2025-03-10"},
          {"2025-03-10 20:00", "after of 2025-03-10", "2025-03-10"},
          // Clocks go back on Sunday 2025-11-02: Friday closes 20:00 UTC, Monday 21:00.
          {"2025-10-31 19:59:59", "regular of 2025-10-31", "2025-10-31"},
          {"2025-11-03 00:59:59", "none", "2025-10-31"},
          {"2025-11-03 01:00", "night of 2025-11-03", "2025-11-03"},
          {"2025-11-03 20:59:59", "regular of 2025-11-03", "2025-11-03"},
          // The day after Thanksgiving: 13:00 to 17:00 after hours.
          {"2026-11-27 17:59:59", "regular of 2026-11-27", "2026-11-27"},
          {"2026-11-27 18:00", "after of 2026-11-27", "2026-11-27"},
          {"2026-11-27 22:00", "none", "2026-11-27"},
      });
}

TEST(SessionCalendar, knows_the_hong_kong_sessions_lunch_half_days_and_storms) {
  expect_instants("HK", {
                            {"2026-01-05 00:59:59", "none", "2026-01-02"},
                            {"2026-01-05 01:00", "open of 2026-01-05", "2026-01-05"},
                            {"2026-01-05 01:30", "regular of 2026-01-05", "2026-01-05"},
                            {"2026-01-05 03:59:59", "regular of 2026-01-05", "2026-01-05"},
                            {"2026-01-05 04:00", "none", "2026-01-05"},
                            {"2026-01-05 04:59:59", "none", "2026-01-05"},
                            {"2026-01-05 05:00", "regular of 2026-01-05", "2026-01-05"},
                            {"2026-01-05 08:00", "close of 2026-01-05", "2026-01-05"},
                            {"2026-01-05 08:10", "none", "2026-01-05"},
                            // Christmas Eve: the closing auction follows the morning.
                            {"2026-12-24 03:59:59", "regular of 2026-12-24", "2026-12-24"},
                            {"2026-12-24 04:09:59", "close of 2026-12-24", "2026-12-24"},
                            {"2026-12-24 05:00", "none", "2026-12-24"},
                            {"2026-12-25 02:00", "none", "2026-12-24"},
                            // Koinu: trading from 14:00, without an opening auction. Saola: nothing at all.
                            {"2023-10-09 01:10", "none", "2023-10-06"},
                            {"2023-10-09 05:59:59", "none", "2023-10-06"},
                            {"2023-10-09 06:00", "regular of 2023-10-09", "2023-10-09"},
                            {"2023-10-09 08:05", "close of 2023-10-09", "2023-10-09"},
                            {"2023-09-01 02:00", "none", "2023-08-31"},
                            // Nalgae: closed at 13:55, without a closing auction.
                            {"2022-11-02 05:54:59", "regular of 2022-11-02", "2022-11-02"},
                            {"2022-11-02 05:55", "none", "2022-11-02"},
                            {"2022-11-02 08:05", "none", "2022-11-02"},
                            // Before March 2012 lunch was longer, before March 2011 longer still.
                            {"2012-03-02 05:15", "none", "2012-03-02"},
                            {"2012-03-05 05:15", "regular of 2012-03-05", "2012-03-05"},
                            {"2011-03-04 01:45", "open of 2011-03-04", "2011-03-04"},
                            {"2011-03-07 01:45", "regular of 2011-03-07", "2011-03-07"},
                        });
}

TEST(SessionCalendar, knows_the_mainland_sessions_and_working_weekends_without_trading) {
  expect_instants(
      "CN", {
                {"2025-03-14 01:14:59", "none", "2025-03-13"},
                {"2025-03-14 01:15", "open of 2025-03-14", "2025-03-14"},
                {"2025-03-14 01:25", "none", "2025-03-14"},
                {"2025-03-14 01:30", "regular of 2025-03-14", "2025-03-14"},
                {"2025-03-14 03:30", "none", "2025-03-14"},
                {"2025-03-14 05:00", "regular of 2025-03-14", "2025-03-14"},
                {"2025-03-14 06:56:59", "regular of 2025-03-14", "2025-03-14"},
                {"2025-03-14 06:57", "close of 2025-03-14", "2025-03-14"},
                {"2025-03-14 07:00", "none", "2025-03-14"},
                {"2025-03-14 07:05", "fixed of 2025-03-14", "2025-03-14"},
                {"2025-03-14 07:30", "none", "2025-03-14"},
                {"2018-03-14 07:10", "none", "2018-03-14"},
                // National Day 2025: closed from the 1st to the 8th, and on Saturday the 11th, a working day.
                {"2025-10-08 02:00", "none", "2025-09-30"},
                {"2025-10-09 02:00", "regular of 2025-10-09", "2025-10-09"},
                {"2025-10-11 02:00", "none", "2025-10-10"},
            });
}

TEST(SessionCalendar, crypto_never_closes_and_its_dates_are_utc) {
  expect_instants("CF", {
                            {"2024-12-31 23:59:59", "regular of 2024-12-31", "2024-12-31"},
                            {"2025-01-01 00:00", "regular of 2025-01-01", "2025-01-01"},
                            {"2025-03-16 12:00", "regular of 2025-03-16", "2025-03-16"},
                        });
}

TEST(SessionCalendar, currencies_trade_from_sunday_evening_and_book_an_evening_under_the_next_date) {
  for (const char* name : {"FX", "CM"}) {
    expect_instants(
        name,
        {
            // Friday 2025-01-10 ends at 17:00 New York, 22:00 UTC; Sunday the 12th opens at the same hour.
            {"2025-01-10 21:59:59", "regular of 2025-01-10", "2025-01-10"},
            {"2025-01-10 22:00", "none", "2025-01-10"},
            {"2025-01-12 21:59:59", "none", "2025-01-10"},
            {"2025-01-12 22:00", "regular of 2025-01-13", "2025-01-13"},
            {"2025-01-13 21:59:59", "regular of 2025-01-13", "2025-01-13"},
            {"2025-01-13 22:00", "regular of 2025-01-14", "2025-01-14"},
            // Clocks go forward on Sunday 2025-03-09, before that evening's opening, and back on 2025-11-02.
            {"2025-03-09 20:59:59", "none", "2025-03-07"},
            {"2025-03-09 21:00", "regular of 2025-03-10", "2025-03-10"},
            {"2025-11-02 21:59:59", "none", "2025-10-31"},
            {"2025-11-02 22:00", "regular of 2025-11-03", "2025-11-03"},
            // Christmas: closed from the 24th 17:00 to the 25th 17:00.
            {"2025-12-24 21:59:59", "regular of 2025-12-24", "2025-12-24"},
            {"2025-12-25 12:00", "none", "2025-12-24"},
            {"2025-12-25 22:00", "regular of 2025-12-26", "2025-12-26"},
        });
  }
}

TEST(SessionCalendar, every_full_us_day_has_390_regular_minutes_and_every_half_day_210) {
  const SessionCalendar& us = calendar("US");
  int full = 0;
  int half = 0;
  for (auto day = sys_days{date("2010-01-01")}; day <= sys_days{us.horizon()}; day += days{1}) {
    const auto trading_day = us.day(Date{day});
    if (!trading_day) continue;
    ASSERT_EQ(trading_day->regular().size(), 1U) << to_string(Date{day});
    const auto length = trading_day->regular()[0].close - trading_day->regular()[0].open;
    const bool is_half = trading_day->kind == DayKind::half;
    ASSERT_EQ(length, is_half ? 210min : 390min) << to_string(Date{day});
    ++(is_half ? half : full);
  }
  // 3,522 days to the end of 2023, then 252, 250 (a day of mourning), 251 and 251.
  EXPECT_EQ(half, 37);
  EXPECT_EQ(full + half, 4526);
}

TEST(SessionCalendar, joins_the_mainland_closing_auction_to_the_trading_hours_but_not_hong_kongs) {
  const auto cn = calendar("CN").day(date("2025-03-14"));
  ASSERT_TRUE(cn);
  ASSERT_EQ(cn->regular().size(), 2U);
  EXPECT_EQ(text_of(cn->regular()[1].open), "2025-03-14 05:00:00");
  EXPECT_EQ(text_of(cn->regular()[1].close), "2025-03-14 07:00:00");
  EXPECT_EQ(cn->all().size(), 5U);
  const auto hk = calendar("HK").day(date("2026-01-05"));
  ASSERT_TRUE(hk);
  ASSERT_EQ(hk->regular().size(), 2U);
  EXPECT_EQ(text_of(hk->regular()[1].close), "2026-01-05 08:00:00");
  EXPECT_EQ(hk->all().size(), 4U);
  EXPECT_EQ(calendar("CN").regular_session_at(utc("2025-03-14 06:58"))->open, utc("2025-03-14 05:00"));
  EXPECT_FALSE(calendar("HK").regular_session_at(utc("2026-01-05 08:05")));
}

TEST(SessionCalendar, calls_a_day_full_half_or_nothing) {
  const auto kind = [](const char* name, const char* day) {
    const auto found = calendar(name).kind(date(day));
    return !found ? "closed" : *found == DayKind::half ? "half" : "full";
  };
  EXPECT_STREQ(kind("US", "2026-11-26"), "closed");
  EXPECT_STREQ(kind("US", "2026-11-27"), "half");
  EXPECT_STREQ(kind("US", "2026-11-30"), "full");
  EXPECT_STREQ(kind("US", "2025-01-09"), "closed");
  EXPECT_STREQ(kind("US", "2012-10-30"), "closed");
  EXPECT_STREQ(kind("US", "2021-12-31"), "full");
  EXPECT_STREQ(kind("HK", "2024-02-09"), "half");
  EXPECT_STREQ(kind("HK", "2023-10-09"), "half");
  EXPECT_STREQ(kind("HK", "2024-09-06"), "closed");
  EXPECT_STREQ(kind("CN", "2024-02-09"), "closed");
  EXPECT_STREQ(kind("CN", "2024-02-18"), "closed");
  EXPECT_STREQ(kind("CF", "2026-12-25"), "full");
  EXPECT_STREQ(kind("FX", "2026-12-25"), "closed");
  EXPECT_STREQ(kind("FX", "2026-12-26"), "closed");
}

TEST(SessionCalendar, says_nothing_about_days_it_was_not_told_of) {
  const SessionCalendar& cn = calendar("CN");
  EXPECT_EQ(cn.horizon(), date("2026-12-31"));
  EXPECT_TRUE(cn.kind(date("2026-12-31")));
  EXPECT_FALSE(cn.kind(date("2027-01-04")));
  EXPECT_FALSE(cn.day(date("2027-01-04")));
  EXPECT_FALSE(cn.session_at(utc("2027-01-04 02:00")));
  EXPECT_EQ(text_of(cn.next_trading_date(date("2026-12-30"))), "2026-12-31");
  EXPECT_FALSE(cn.next_trading_date(date("2026-12-31")));
  EXPECT_FALSE(cn.previous_trading_date(date("2027-03-01")));
  EXPECT_EQ(text_of(cn.previous_trading_date(date("2027-01-01"))), "2026-12-31");
  // The last date ends with its local midnight, 16:00 UTC.
  EXPECT_EQ(text_of(cn.trading_date_of(utc("2026-12-31 15:59:59"))), "2026-12-31");
  EXPECT_FALSE(cn.trading_date_of(utc("2026-12-31 16:00")));
  EXPECT_FALSE(cn.trading_date_of(utc("2009-12-31 02:00")));
  EXPECT_FALSE(cn.kind(date("2009-12-31")));
  EXPECT_FALSE(cn.previous_trading_date(date("2010-01-04")));
  EXPECT_FALSE(SessionCalendar{}.session_at(utc("2025-01-01 00:00")));
  EXPECT_FALSE(SessionCalendar{}.trading_date_of(utc("2025-01-01 00:00")));
}

TEST(SessionCalendar, steps_over_holidays_to_the_next_and_the_previous_trading_date) {
  const SessionCalendar& cn = calendar("CN");
  EXPECT_EQ(text_of(cn.next_trading_date(date("2025-09-30"))), "2025-10-09");
  EXPECT_EQ(text_of(cn.previous_trading_date(date("2025-10-09"))), "2025-09-30");
  EXPECT_EQ(text_of(cn.previous_trading_date(date("2025-10-04"))), "2025-09-30");
}

TEST(SessionCalendar, midnights_and_dates_are_the_exchanges_own) {
  const SessionCalendar& us = calendar("US");
  EXPECT_EQ(unix_seconds(us.local_midnight(date("2025-03-14"))), 1741924800);
  EXPECT_EQ(unix_seconds(calendar("CN").local_midnight(date("2023-01-01"))), 1672502400);
  EXPECT_EQ(unix_seconds(calendar("CF").local_midnight(date("2025-03-14"))), 1741910400);
  EXPECT_EQ(us.local_midnight(date("2025-03-10")) - us.local_midnight(date("2025-03-09")), 23h);
  EXPECT_EQ(us.local_midnight(date("2025-11-03")) - us.local_midnight(date("2025-11-02")), 25h);
  EXPECT_EQ(us.local_date(utc("2025-03-14 03:59:59")), date("2025-03-13"));
  EXPECT_EQ(us.local_date(utc("2025-03-14 04:00")), date("2025-03-14"));
  EXPECT_EQ(calendar("CN").local_date(utc("1960-01-01 00:00")), date("1960-01-01"));
}

TEST(SessionCalendar, always_open_makes_every_local_date_one_full_session) {
  const SessionCalendar open = calendar("US").always_open();
  EXPECT_EQ(open.name(), "US");
  EXPECT_EQ(open.zone(), "America/New_York");
  for (auto day = sys_days{date("2024-12-20")}; day < sys_days{date("2025-12-01")}; day += days{1}) {
    const auto trading_day = open.day(Date{day});
    ASSERT_TRUE(trading_day);
    ASSERT_EQ(trading_day->all().size(), 1U);
    EXPECT_EQ(trading_day->kind, DayKind::full);
    EXPECT_EQ(trading_day->regular()[0].open, open.local_midnight(Date{day}));
    EXPECT_EQ(trading_day->regular()[0].close, open.local_midnight(Date{day + days{1}}));
  }
  EXPECT_EQ(session_text(open, utc("2025-12-25 12:00")), "regular of 2025-12-25");
  EXPECT_EQ(session_text(open, utc("2030-06-01 12:00")), "regular of 2030-06-01");
}

TEST(CalendarTable, finds_by_name_and_keeps_one_open) {
  CalendarTable table;
  const auto us = table.add(calendar("US"));
  const auto hk = table.add(calendar("HK"));
  EXPECT_EQ(table.size(), 2U);
  EXPECT_EQ(table.find("HK"), hk);
  EXPECT_FALSE(table.find("hk"));
  table.keep_open(us);
  EXPECT_TRUE(table.at(us).session_at(utc("2025-12-25 12:00")));
  EXPECT_FALSE(table.at(hk).session_at(utc("2025-12-25 12:00")));
}

}  // namespace
}  // namespace qos::market
