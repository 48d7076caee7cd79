// An operator's rows over the calendars' files: at the start, and as news while the server runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/reference.hpp"

namespace qos::server {
namespace {

using namespace std::chrono_literals;
using market::DayRow;
using store::CalendarRow;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = CalendarChange::Kind;

constexpr UnixNanos kNow = from_unix_seconds(1'788'800'000);

std::chrono::sys_days day(std::string_view text) {
  return market::parse_date(text).value();
}

CalendarRow row_of(std::string calendar, std::string_view date, DayRow row = {.kind = DayRow::Kind::closed}) {
  return {
      .calendar = std::move(calendar), .date = day(date), .row = row, .name = "storm", .source = "notice"};
}

class CalendarRows : public ::testing::Test {
 protected:
  CalendarChange change(const char* calendar, std::string_view date, Kind kind) const {
    return {.calendar = calendars_.find(calendar).value(),
            .kind = kind,
            .date = static_cast<std::int32_t>(day(date).time_since_epoch().count()),
            .ts_event = kNow};
  }
  bool trades(const char* calendar, std::string_view date) const {
    return calendars_.at(calendars_.find(calendar).value()).kind(market::Date{day(date)}).has_value();
  }

  market::CalendarTable calendars_ = load_calendars("").value();
};

TEST_F(CalendarRows, that_do_not_fit_are_told_of_and_the_others_hold) {
  const auto faults = apply_calendar_rows(
      calendars_, {row_of("HK", "2026-09-08"), row_of("MOON", "2026-09-08"), row_of("US", "2009-12-31"),
                   row_of("CN", "2026-09-08", {.kind = DayRow::Kind::half}), row_of("US", "2026-09-09")});
  EXPECT_FALSE(trades("HK", "2026-09-08"));
  EXPECT_FALSE(trades("US", "2026-09-09"));
  EXPECT_TRUE(trades("CN", "2026-09-08"));
  EXPECT_THAT(
      faults,
      ElementsAre(Error{"MOON 2026-09-08 (storm): there is no calendar of this name"},
                  Error{"US 2009-12-31 (storm): 2009-12-31 lies outside the calendar, which goes from "
                        "2010-01-01 to 2027-12-31"},
                  Error{"CN 2026-09-08 (storm): 2026-09-08 of CN: the rules have no half days"}));
}

// More rows than a table counts changes: at the start no version is kept.
TEST_F(CalendarRows, of_the_start_do_not_count_as_changes) {
  std::vector<CalendarRow> rows;
  for (int i = 0; i < 1'100; ++i) {
    rows.push_back(row_of("HK", "2020-01-01"));
    rows.back().date += std::chrono::days{i};
  }
  EXPECT_THAT(apply_calendar_rows(calendars_, rows), IsEmpty());
  EXPECT_TRUE(calendars_.change(calendars_.find("HK").value(), change("HK", "2026-09-08", Kind::closed)));
}

TEST_F(CalendarRows, become_events_where_they_are_new_different_or_gone) {
  const DayRow late{.kind = DayRow::Kind::partial, .open = 14h + 30min};
  CalendarRow other_words = row_of("US", "2026-03-04");
  other_words.name = "snow";
  const std::vector<CalendarRow> before{row_of("HK", "2026-09-08"), row_of("HK", "2026-09-09"),
                                        row_of("US", "2026-03-04")};
  const std::vector<CalendarRow> after{row_of("HK", "2026-09-08", late), row_of("HK", "2026-09-10"),
                                       other_words};
  const auto news = changes_between(before, after, calendars_, kNow);
  auto opened_late = change("HK", "2026-09-08", Kind::partial);
  opened_late.open = 14 * 60 + 30;
  EXPECT_THAT(news.changes, ElementsAre(opened_late, change("HK", "2026-09-09", Kind::by_rule),
                                        change("HK", "2026-09-10", Kind::closed)));
  EXPECT_THAT(news.faults, IsEmpty());
  EXPECT_THAT(changes_between(after, after, calendars_, kNow).changes, IsEmpty());
}

TEST_F(CalendarRows, that_do_not_fit_are_no_events) {
  const std::vector<CalendarRow> rows{row_of("CN", "2026-09-08", {.kind = DayRow::Kind::half}),
                                      row_of("MOON", "2026-09-08")};
  const auto news = changes_between({}, rows, calendars_, kNow);
  EXPECT_THAT(news.changes, IsEmpty());
  EXPECT_EQ(news.faults.size(), 2U);
  EXPECT_THAT(changes_between(rows, {}, calendars_, kNow).changes, IsEmpty()) << "never held, not taken back";
}

// After a restart the files would hold, so they hold now.
TEST_F(CalendarRows, a_word_replaced_by_one_that_does_not_fit_is_taken_back) {
  const auto news =
      changes_between({row_of("CN", "2026-09-08")},
                      {row_of("CN", "2026-09-08", {.kind = DayRow::Kind::half})}, calendars_, kNow);
  EXPECT_THAT(news.changes, ElementsAre(change("CN", "2026-09-08", Kind::by_rule)));
  EXPECT_EQ(news.faults.size(), 1U);
}

TEST_F(CalendarRows, say_nothing_to_a_calendar_that_is_kept_open) {
  calendars_.keep_open(calendars_.find("HK").value());
  const auto news = changes_between({}, {row_of("HK", "2026-09-08")}, calendars_, kNow);
  EXPECT_THAT(news.changes, IsEmpty());
  EXPECT_THAT(news.faults,
              ElementsAre(Error{"HK 2026-09-08 (storm): the calendar HK is open around the clock, every day: "
                                "there are no hours to change"}));
}

}  // namespace
}  // namespace qos::server
