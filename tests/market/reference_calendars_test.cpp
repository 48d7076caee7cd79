// Our calendars against tables that others compiled (tests' data folder, not part of the project). Where we
// know better the difference is listed here, with the reason.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "calendars.hpp"

namespace qos::market {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

std::filesystem::path data_folder() {
  if (const char* set = std::getenv("QOS_TEST_DATA"); set != nullptr) return set;
  return std::filesystem::path{QOS_SOURCE_DIR} / ".." / "shared" / "data";
}

using CsvRow = std::vector<std::string>;

// Rows without the header; these files have no quotes where we look.
std::vector<CsvRow> read_csv(const std::filesystem::path& path) {
  std::vector<CsvRow> rows;
  const auto text = io::read_file(path);
  if (!text) return rows;
  std::size_t at = text->find('\n') + 1;
  while (at < text->size()) {
    const auto end = std::min(text->find('\n', at), text->size());
    CsvRow row{""};
    for (const char c : text->substr(at, end - at)) {
      if (c == ',')
        row.emplace_back();
      else if (c != '\r')
        row.back() += c;
    }
    rows.push_back(std::move(row));
    at = end + 1;
  }
  return rows;
}

struct Venue {
  const char* calendar;
  const char* mic;
  const char* hours_from;              // before it the table's hours are known to be wrong
  std::set<std::string> known_better;  // dates of the sessions table that differ, see below
};

// HK 2011-02-02: the eve of Lunar New Year, which HKEX's standing rule makes a half day. The partial days are
// storms that the table does not know. Hong Kong's hours of 2010 to 2012 stand there with the later lunch
// break.
const std::vector<Venue> kVenues{
    {"US", "XNYS", "2010-01-01", {}},
    {"HK",
     "XHKG",
     "2012-03-05",
     {"2011-02-02", "2012-07-24", "2013-09-23", "2014-09-16", "2019-07-31", "2020-08-19", "2021-06-28",
      "2022-08-25", "2022-11-02", "2023-10-09"}},
    {"CN", "XSHG", "2010-01-01", {}},
};

// "09:30-12:00 13:00-16:00", local.
std::string hours_text(const SessionCalendar& calendar, Date day) {
  std::string text;
  for (const Session& session : calendar.regular_of(day)) {
    const auto midnight = calendar.local_midnight(day);
    if (!text.empty()) text += ' ';
    text += text_of(UnixNanos{session.open - midnight}).substr(11, 5) + "-" +
            text_of(UnixNanos{session.close - midnight}).substr(11, 5);
  }
  return text;
}

TEST(ReferenceCalendars, agree_with_the_sessions_of_2010_to_2023) {
  for (const Venue& venue : kVenues) {
    const auto path = data_folder() / "calendar" / (std::string{"sessions_"} + venue.mic + "_2010_2023.csv");
    const auto rows = read_csv(path);
    if (rows.empty()) GTEST_SKIP() << "no reference sessions at " << path;
    std::map<std::string, CsvRow> theirs;
    for (const CsvRow& row : rows) theirs[row.at(0)] = row;
    const SessionCalendar& ours = calendar(venue.calendar);
    int compared = 0;
    for (auto day = sys_days{date(rows.front().at(0))}; day <= sys_days{date(rows.back().at(0))};
         day += days{1}) {
      const std::string text = to_string(Date{day});
      const auto found = theirs.find(text);
      ASSERT_EQ(ours.kind(Date{day}).has_value(), found != theirs.end()) << venue.calendar << " " << text;
      if (found == theirs.end() || venue.known_better.contains(text)) continue;
      const CsvRow& row = found->second;
      EXPECT_EQ(ours.kind(Date{day}) == DayKind::half, row.at(5) == "H") << venue.calendar << " " << text;
      if (text < venue.hours_from) continue;
      const std::string hours = row.at(2).empty()
                                    ? row.at(1) + "-" + row.at(4)
                                    : row.at(1) + "-" + row.at(2) + " " + row.at(3) + "-" + row.at(4);
      EXPECT_EQ(hours_text(ours, Date{day}), hours) << venue.calendar << " " << text;
      ++compared;
    }
    EXPECT_GT(compared, 2500) << venue.calendar;
  }
}

// The table is known to lack some irregular days, so every row of it must be ours, not the other way round.
TEST(ReferenceCalendars, have_every_holiday_of_2023_to_2027_that_the_table_has) {
  const auto path = data_folder() / "reference" / "exchange_holidays_2023_2027.csv";
  const auto rows = read_csv(path);
  if (rows.empty()) GTEST_SKIP() << "no reference holidays at " << path;
  const std::map<std::string, std::string> calendars{
      {"XNYS", "US"}, {"XNAS", "US"}, {"XHKG", "HK"}, {"XSHG", "CN"}, {"XSHE", "CN"}};
  for (const CsvRow& row : rows) {
    const SessionCalendar& ours = calendar(calendars.at(row.at(0)));
    const Date day = date(row.at(1));
    ASSERT_LE(day, ours.horizon()) << row.at(0) << " " << row.at(1);
    const auto kind = ours.kind(day);
    EXPECT_EQ(kind.has_value(), row.at(2) == "H") << row.at(0) << " " << row.at(1);
    if (row.at(2) == "H") {
      EXPECT_EQ(kind, DayKind::half) << row.at(0) << " " << row.at(1);
      EXPECT_EQ(hours_text(ours, day), row.at(3) + "-" + row.at(4)) << row.at(0) << " " << row.at(1);
    }
  }
}

}  // namespace
}  // namespace qos::market
