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

// The table of Hong Kong knows no partial day and writes every day's hours as they are since March 2012.
// Where we know better:
//   2011-02-02   the eve of Lunar New Year, a half day by HKEX's standing rule of the three eves; it has a
//   full one 2012-07-24   Vicente, 2013-09-23 Usagi, 2014-09-16 Kalmaegi, 2022-08-25 Ma-on: no morning
//   session 2020-08-19   Higos, 2021-06-28 black rainstorm: trading from 13:30 2019-07-31   Wipha, 2022-11-02
//   Nalgae: ended at 13:55 2023-10-09   Koinu and black rainstorm: trading from 14:00
// Before 2012-03-05 lunch was from 12:00 to 13:30, before 2011-03-07 from 12:30 to 14:30: of these years only
// the first opening and the last closing of full days are compared.
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

// "10:00-12:30 14:30-16:00" -> "10:00-16:00"
std::string outer(const std::string& hours) {
  return hours.size() < 11 ? hours : hours.substr(0, 6) + hours.substr(hours.size() - 5);
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
      if (text < venue.hours_from) {
        if (row.at(5) != "H") {
          EXPECT_EQ(outer(hours_text(ours, Date{day})), row.at(1) + "-" + row.at(4)) << text;
        }
        continue;
      }
      const std::string hours = row.at(2).empty()
                                    ? row.at(1) + "-" + row.at(4)
                                    : row.at(1) + "-" + row.at(2) + " " + row.at(3) + "-" + row.at(4);
      EXPECT_EQ(hours_text(ours, Date{day}), hours) << venue.calendar << " " << text;
      ++compared;
    }
    EXPECT_GT(compared, 2500) << venue.calendar;
  }
}

// The table is known to lack some irregular days; they are listed here, and nothing else is ours alone.
TEST(ReferenceCalendars, have_the_holidays_of_2023_to_2027_that_the_table_has) {
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

  // A day of mourning; storms; the eve of Lunar New Year 2024, a half day in Hong Kong and closed on the
  // mainland although it was a working day.
  const std::map<std::string, std::set<std::string>> ours_alone{
      {"XNYS", {"2025-01-09"}},
      {"XHKG", {"2023-09-01", "2023-09-08", "2023-10-09", "2024-02-09"}},
      {"XSHG", {"2024-02-09"}}};
  for (const auto& [mic, known] : ours_alone) {
    std::set<std::string> theirs;
    for (const CsvRow& row : rows) {
      if (row.at(0) == mic) theirs.insert(row.at(1));
    }
    const SessionCalendar& ours = calendar(calendars.at(mic));
    std::set<std::string> alone;
    for (auto day = sys_days{date("2023-01-01")}; day <= sys_days{ours.horizon()}; day += days{1}) {
      const std::chrono::weekday weekday{day};
      const bool ordinary = ours.kind(Date{day}) == DayKind::full || weekday == std::chrono::Saturday ||
                            weekday == std::chrono::Sunday;
      if (!ordinary && !theirs.contains(to_string(Date{day}))) alone.insert(to_string(Date{day}));
    }
    EXPECT_EQ(alone, known) << mic;
  }
}

}  // namespace
}  // namespace qos::market
