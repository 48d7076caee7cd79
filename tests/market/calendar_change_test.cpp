// An operator's word about one date, spoken while the calendar is in use.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "calendars.hpp"

namespace qos::market {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::sys_days;
using Kind = CalendarChange::Kind;

constexpr auto kAsUsual = CalendarChange::kAsUsual;

CalendarChange change_of(std::string_view day, Kind kind, std::int16_t open = kAsUsual,
                         std::int16_t close = kAsUsual) {
  return {.kind = kind,
          .date = static_cast<std::int32_t>(sys_days{date(day)}.time_since_epoch().count()),
          .open = open,
          .close = close};
}

constexpr std::int16_t clock(int hour, int minute) {
  return static_cast<std::int16_t>(hour * 60 + minute);
}

SessionCalendar changed(const SessionCalendar& calendar, const CalendarChange& change) {
  auto with = calendar.with(change);
  EXPECT_TRUE(with) << (with ? "" : with.error().message);
  return with ? *with : SessionCalendar{};
}

std::string fault_of(const SessionCalendar& calendar, const CalendarChange& change) {
  const auto with = calendar.with(change);
  return with ? "none" : with.error().message;
}

TEST(CalendarChange, closes_a_day_and_moves_its_evening_to_the_day_before) {
  const SessionCalendar& us = calendar("US");
  const auto closed = changed(us, change_of("2025-03-12", Kind::closed));
  EXPECT_FALSE(closed.kind(date("2025-03-12")));
  EXPECT_EQ(text_of(closed.trading_date_of(utc("2025-03-12 15:00"))), "2025-03-11");
  EXPECT_FALSE(closed.session_at(utc("2025-03-12 01:00")));  // its night
  EXPECT_EQ(text_of(closed.next_trading_date(date("2025-03-11"))), "2025-03-13");
  EXPECT_EQ(text_of(closed.previous_trading_date(date("2025-03-13"))), "2025-03-11");
  EXPECT_TRUE(us.kind(date("2025-03-12"))) << "the calendar it was made from stays";
  EXPECT_TRUE(closed.session_at(utc("2025-03-13 15:00")));
  EXPECT_TRUE(closed.session_at(utc("2027-12-31 15:00")));
}

TEST(CalendarChange, a_typhoon_afternoon_has_what_is_left_of_the_full_day) {
  const auto storm = changed(calendar("HK"), change_of("2026-09-08", Kind::partial, clock(14, 30)));
  EXPECT_EQ(storm.kind(date("2026-09-08")), DayKind::half);
  ASSERT_EQ(storm.regular_of(date("2026-09-08")).size(), 1U);
  EXPECT_EQ(text_of(storm.regular_of(date("2026-09-08"))[0].open), "2026-09-08 06:30:00");
  EXPECT_EQ(text_of(storm.regular_of(date("2026-09-08"))[0].close), "2026-09-08 08:00:00");
  EXPECT_EQ(storm.sessions_of(date("2026-09-08")).size(), 2U);  // and the closing auction
}

TEST(CalendarChange, a_day_that_is_cut_off_before_the_close_ends_there) {
  const auto storm = changed(calendar("CN"), change_of("2026-09-08", Kind::partial, kAsUsual, clock(14, 58)));
  const auto hours = storm.regular_of(date("2026-09-08"));
  ASSERT_EQ(hours.size(), 2U);
  EXPECT_EQ(text_of(hours[1].close), "2026-09-08 06:58:00") << "the closing auction's minutes still join";
}

TEST(CalendarChange, opens_a_weekend_and_gives_a_half_day) {
  const auto saturday = changed(calendar("US"), change_of("2025-03-15", Kind::full));
  EXPECT_EQ(saturday.kind(date("2025-03-15")), DayKind::full);
  EXPECT_EQ(text_of(saturday.trading_date_of(utc("2025-03-15 15:00"))), "2025-03-15");
  const auto half = changed(calendar("HK"), change_of("2026-03-12", Kind::half));
  EXPECT_EQ(half.kind(date("2026-03-12")), DayKind::half);
  EXPECT_EQ(text_of(half.regular_of(date("2026-03-12")).back().close), "2026-03-12 04:00:00");
}

// by_rule is what the files say, not what an earlier change said.
TEST(CalendarChange, a_word_taken_back_leaves_the_day_as_the_files_have_it) {
  const SessionCalendar& hk = calendar("HK");
  auto now = changed(hk, change_of("2023-10-09", Kind::closed));
  now = changed(now, change_of("2023-10-09", Kind::full));
  EXPECT_EQ(now.kind(date("2023-10-09")), DayKind::full);
  now = changed(now, change_of("2023-10-09", Kind::by_rule));
  EXPECT_TRUE(now.same_day(hk, date("2023-10-09")));
  EXPECT_EQ(text_of(now.regular_of(date("2023-10-09"))[0].open), "2023-10-09 06:00:00");
}

TEST(CalendarChange, is_refused_with_the_reason_where_it_cannot_be) {
  const SessionCalendar& hk = calendar("HK");
  EXPECT_EQ(fault_of(hk, change_of("2028-01-03", Kind::closed)),
            "2028-01-03 lies outside the calendar, which goes from 2010-01-01 to 2027-12-31");
  EXPECT_EQ(fault_of(hk, change_of("2009-12-31", Kind::by_rule)),
            "2009-12-31 lies outside the calendar, which goes from 2010-01-01 to 2027-12-31");
  EXPECT_EQ(fault_of(calendar("CN"), change_of("2026-03-12", Kind::half)),
            "2026-03-12 of CN: the rules have no half days");
  EXPECT_EQ(fault_of(hk, change_of("2026-03-12", Kind::partial, clock(16, 0))),
            "2026-03-12 of HK: nothing of a regular session is left; the day is closed");
  EXPECT_EQ(fault_of(hk, change_of("2026-03-12", Kind::partial)),
            "a partial day needs the time it opened late or closed early");
  EXPECT_EQ(fault_of(hk, change_of("2026-03-12", Kind::closed, clock(9, 0))),
            "open and close are for partial days; a closed day has the hours of the rules");
  EXPECT_EQ(fault_of(hk, change_of("2026-03-12", Kind::partial, clock(12, 0), clock(11, 0))),
            "close must be after open");
  EXPECT_EQ(fault_of(hk, change_of("2026-03-12", Kind::partial, 1441)),
            "1441 minutes from midnight are more than a day");
  EXPECT_EQ(fault_of(hk, change_of("2026-03-12", static_cast<Kind>(99))), "99 is no kind of day");
  EXPECT_EQ(fault_of(hk.always_open(), change_of("2026-03-12", Kind::closed)),
            "the calendar HK is open around the clock, every day: there are no hours to change");
  CalendarChange far = change_of("2026-03-12", Kind::closed);
  far.date = INT32_MAX;
  EXPECT_NE(fault_of(hk, far), "none");
  far.date = INT32_MIN;
  EXPECT_NE(fault_of(hk, far), "none");
  EXPECT_NE(fault_of(SessionCalendar{}, change_of("2026-03-12", Kind::closed)), "none");
}

TEST(CalendarChange, does_not_let_a_day_run_into_its_neighbours) {
  // The short Friday ends before the long Saturday session would begin; a full Friday does not.
  const auto loaded = load_calendar(R"(name = "X"
zone = "UTC"
from = 2025-01-01
horizon = 2025-01-31
weekdays = ["Mon", "Tue", "Wed", "Thu"]
[[hours]]
from = 2025-01-01
source = "test"
full = [ { phase = "regular", open = "-1d 12:00", close = "12:00" } ]
half = [ { phase = "regular", open = "-1d 06:00", close = "06:00" } ]
)",
                                    "");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(fault_of(*loaded, change_of("2025-01-08", Kind::half)),
            "the sessions of 2025-01-08 of X would run into those of the trading day before or after");
  EXPECT_EQ(fault_of(*loaded, change_of("2025-01-06", Kind::half)), "none") << "Sunday is closed";
  const auto monday = changed(*loaded, change_of("2025-01-06", Kind::half));
  EXPECT_EQ(fault_of(monday, change_of("2025-01-05", Kind::full)),
            "the sessions of 2025-01-05 of X would run into those of the trading day before or after");
}

// Model: the same files with the operator's rows among the file's rows, read from the start.
TEST(CalendarChange, a_row_spoken_and_a_row_read_make_the_same_calendar) {
  const std::uint32_t seed = 20260908;
  SCOPED_TRACE(seed);
  std::mt19937 random{seed};
  const std::string rules = config_file("HK.toml");
  const std::string header = "date,kind,open,close,name,source\n";
  auto now = load_calendar(rules, header);
  ASSERT_TRUE(now);
  const auto first = sys_days{date("2015-12-20")};
  std::map<sys_days, std::string> rows;
  for (int step = 0; step < 120; ++step) {
    const auto day = first + days{static_cast<int>(random() % 40)};
    const std::string text = to_string(Date{day});
    switch (random() % 5) {
      case 0:
        rows[day] = text + ",closed,,,n,s\n";
        now = now->with(change_of(text, Kind::closed));
        break;
      case 1:
        rows[day] = text + ",half,,,n,s\n";
        now = now->with(change_of(text, Kind::half));
        break;
      case 2:
        rows[day] = text + ",partial,10:15,15:45,n,s\n";
        now = now->with(change_of(text, Kind::partial, clock(10, 15), clock(15, 45)));
        break;
      case 3:
        rows[day] = text + ",full,,,n,s\n";
        now = now->with(change_of(text, Kind::full));
        break;
      default:
        rows.erase(day);
        now = now->with(change_of(text, Kind::by_rule));
        break;
    }
    ASSERT_TRUE(now) << now.error().message;
    if (step % 20 != 19) continue;
    std::string csv = header;
    for (const auto& [at, row] : rows) csv += row;
    const auto read = load_calendar(rules, csv);
    ASSERT_TRUE(read) << read.error().message;
    for (auto at = sys_days{date("2010-01-01")}; at <= sys_days{read->horizon()}; at += days{1}) {
      ASSERT_TRUE(now->same_day(*read, Date{at})) << to_string(Date{at}) << " after step " << step;
      for (const Session& session : read->sessions_of(Date{at}))
        ASSERT_EQ(now->session_at(session.open), session);
    }
  }
}

TEST(CalendarTable, shows_a_change_with_the_next_question_and_keeps_what_it_said_before) {
  CalendarTable table;
  const auto hk = table.add(calendar("HK"));
  const SessionCalendar& before = table.at(hk);
  const auto sessions = before.sessions_of(date("2026-09-08"));
  ASSERT_TRUE(table.change(hk, change_of("2026-09-08", Kind::closed)));
  EXPECT_FALSE(table.at(hk).kind(date("2026-09-08")));
  EXPECT_TRUE(before.kind(date("2026-09-08")));
  EXPECT_EQ(sessions.front().phase, Phase::opening_auction);
  const SessionCalendar& closed = table.at(hk);
  EXPECT_FALSE(table.change(hk, change_of("2009-09-08", Kind::closed)));
  EXPECT_EQ(&table.at(hk), &closed) << "an error changes nothing";
  EXPECT_FALSE(table.change(CalendarId{7}, change_of("2026-09-08", Kind::closed)));
}

TEST(CalendarTable, keeps_a_bounded_number_of_versions_and_counts_only_what_differs) {
  CalendarTable table;
  const auto x = table.add(*load_calendar(R"(name = "X"
zone = "UTC"
from = 2025-01-01
horizon = 2025-01-31
weekdays = ["Mon"]
[[hours]]
from = 2025-01-01
source = "test"
full = [ { phase = "regular", open = "09:00", close = "12:00" } ]
)",
                                          ""));
  for (std::size_t i = 0; i < CalendarTable::kMaxChanges; ++i) {
    ASSERT_TRUE(table.change(x, change_of("2025-01-06", i % 2 == 0 ? Kind::closed : Kind::full)));
    ASSERT_TRUE(table.change(x, change_of("2025-01-07", Kind::closed)));  // a Tuesday is closed anyway
  }
  const auto refused = table.change(x, change_of("2025-01-06", Kind::closed));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "1000 changes of calendars since the start, the most there may be; a restart reads them anew");
  EXPECT_TRUE(table.change(x, change_of("2025-01-06", Kind::full))) << "this holds already";
}

// For the thread sanitizer: one writer, a reader that sees each day either as it was or as it is.
TEST(CalendarTable, is_read_while_it_is_changed) {
  CalendarTable table;
  const auto hk = table.add(calendar("HK"));
  std::atomic<bool> done{false};
  std::size_t torn = 0;
  std::thread reader{[&] {
    do {
      const SessionCalendar& now = table.at(hk);
      const auto sessions = now.sessions_of(date("2026-09-08"));
      if (!sessions.empty() && sessions.size() != 4) ++torn;
      if (now.kind(date("2026-09-08")).has_value() == sessions.empty()) ++torn;
    } while (!done.load(std::memory_order_relaxed));
  }};
  for (int i = 0; i < 50; ++i)
    EXPECT_TRUE(table.change(hk, change_of("2026-09-08", i % 2 == 0 ? Kind::closed : Kind::by_rule)));
  done.store(true, std::memory_order_relaxed);
  reader.join();
  EXPECT_EQ(torn, 0U);
}

TEST(CalendarChange, a_row_becomes_an_event_and_a_row_again) {
  const sys_days day{date("2026-09-08")};
  const std::vector<DayRow> rows{{.kind = DayRow::Kind::closed},
                                 {.kind = DayRow::Kind::half},
                                 {.kind = DayRow::Kind::full},
                                 {.kind = DayRow::Kind::partial, .open = -4h},
                                 {.kind = DayRow::Kind::partial, .open = 9h, .close = 24h}};
  for (const DayRow& row : rows) {
    const auto change = change_to(CalendarId{3}, day, &row, utc("2026-09-08 00:00"));
    EXPECT_EQ(change.calendar, CalendarId{3});
    EXPECT_EQ(change.date, day.time_since_epoch().count());
    EXPECT_EQ(change.ts_event, utc("2026-09-08 00:00"));
    const auto back = day_row_of(change);
    ASSERT_TRUE(back) << back.error().message;
    ASSERT_TRUE(*back);
    EXPECT_EQ(**back, row);
  }
  const auto back = day_row_of(change_to(CalendarId{3}, day, nullptr, {}));
  ASSERT_TRUE(back);
  EXPECT_FALSE(*back);
}

}  // namespace
}  // namespace qos::market
