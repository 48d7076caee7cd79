// What a market's two files may say, and how they are refused.
#include "market/calendar_rules.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "calendars.hpp"

namespace qos::market {
namespace {

using namespace std::chrono_literals;

// Lines are counted by the tests below: change with care.
const std::string kRules = R"(name = "X"
zone = "America/New_York"
from = 2025-01-01
horizon = 2025-12-31
weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri"]
[[hours]]
from = 2025-01-01
source = "test"
full = [
  { phase = "pre_market", open = "-1d 20:00", close = "09:30" },
  { phase = "regular", open = "09:30", close = "16:00" },
]
half = [ { phase = "regular", open = "09:30", close = "13:00" } ]
)";
const std::string kHeader = "date,kind,open,close,name,source\n";

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

std::string fault_of(const std::string& rules, const std::string& rows = {}) {
  const auto loaded = load_calendar(rules, rows);
  return loaded ? "none" : loaded.error().message;
}

TEST(CalendarRules, reads_what_the_format_says) {
  const auto rules = parse_calendar_rules("X.toml", kRules);
  ASSERT_TRUE(rules) << rules.error().message;
  EXPECT_EQ(rules->name, "X");
  EXPECT_EQ(rules->horizon, date("2025-12-31"));
  EXPECT_FALSE(rules->trades_on[0]);
  EXPECT_TRUE(rules->trades_on[1]);
  ASSERT_EQ(rules->hours.size(), 1U);
  ASSERT_EQ(rules->hours[0].full.size(), 2U);
  EXPECT_EQ(rules->hours[0].full[0].open, -4h);
  EXPECT_EQ(rules->hours[0].full[1].close, 16h);
  EXPECT_EQ(rules->hours[0].half.size(), 1U);
}

TEST(CalendarRules, refuses_a_faulty_file_with_line_and_reason) {
  struct Row {
    const char* what;
    const char* with;
    const char* fault;
  };
  const std::vector<Row> table{
      {"name = \"X\"", "name = ", "X.toml:1: not TOML: "},
      {"name = \"X\"", "name = 7", "X.toml:1: 'name' must be a text in quotes"},
      {"name = \"X\"", "nam = \"X\"",
       "X.toml:1: unknown key 'nam' (known here: name, zone, from, horizon, weekdays, hours)"},
      {"America/New_York", "America/Nowhere",
       "X.toml: the system's time zone database has no zone 'America/Nowhere'"},
      {"America/New_York", "../../etc/passwd", "X.toml: the system's time zone database has no zone"},
      {"horizon = 2025-12-31", "horizon = \"2025-12-31\"",
       "X.toml:4: 'horizon' must be a date without quotes"},
      {"horizon = 2025-12-31", "horizon = 2024-12-31", "X.toml:4: 'horizon' must not lie before 'from'"},
      {"horizon = 2025-12-31", "horizon = 2038-01-01",
       "X.toml:4: 'horizon' must lie in the years 1970 to 2037"},
      {"\"Mon\"", "\"Monday\"", "X.toml:5: a weekday is one of Sun, Mon, Tue, Wed, Thu, Fri, Sat"},
      {"weekdays = [\"Mon\", \"Tue\", \"Wed\", \"Thu\", \"Fri\"]", "weekdays = []",
       "X.toml:5: 'weekdays' must list"},
      {"[[hours]]\nfrom = 2025-01-01", "[[hours]]\nfrom = 2025-01-02",
       "the first [[hours]] block begins on 2025-01-02, after the calendar (2025-01-01)"},
      {"source = \"test\"", "", "X.toml:6: 'source' is missing"},
      {"source = \"test\"", "source = \"test\"\nlunch = 1", "X.toml:9: unknown key 'lunch'"},
      {"phase = \"regular\"", "phase = \"lunch\"",
       "X.toml:11: unknown phase 'lunch' (known: night, pre_market,"},
      {"open = \"09:30\", close = \"16:00\"", "open = \"9:30\", close = \"16:00\"",
       "X.toml:11: 'open' must be a time as in \"09:30\""},
      {"open = \"09:30\", close = \"16:00\"", "open = \"09:30\", close = \"24:01\"",
       "X.toml:11: 'close' must be a time"},
      {"open = \"09:30\", close = \"16:00\"", "open = \"16:00\", close = \"16:00\"",
       "X.toml:11: a session must close after it opens"},
      {"open = \"09:30\", close = \"16:00\"", "open = \"09:29\", close = \"16:00\"",
       "X.toml:11: a session must not open before the one above it has closed"},
      {"close = \"16:00\"", "close = \"20:01\"", "X.toml:9: the sessions of one day must fit into 24 hours"},
      {"open = \"09:30\", close = \"16:00\" }", "open = \"09:30\" }", "X.toml:11: 'close' is missing"},
      {"close = \"16:00\" }", "close = \"16:00\", joins_regular = true }",
       "X.toml:11: 'joins_regular' is true or false, and only of a closing_auction"},
      {"phase = \"regular\", open = \"09:30\", close = \"16:00\"",
       "phase = \"closing_auction\", open = \"09:30\", close = \"16:00\", joins_regular = true",
       "X.toml:11: 'joins_regular' needs a regular session right above it"},
      {"phase = \"regular\"", "phase = \"after_hours\"",
       "X.toml:9: a day needs at least one session of the phase 'regular'"},
      {"half = [ {", "half = [] #", "X.toml:13: 'half' must have 1 to 16 sessions, it has 0"},
      {"half = [ {", "half = 3 #", "X.toml:13: 'half' must be a list of sessions"},
      {"half = [ {", "half = [ 3, {", "X.toml:13: a session must be a table"},
      {"[[hours]]", "[hours]", "1 to 64 [[hours]] blocks are needed"},
  };
  for (const Row& row : table) {
    const std::string fault = fault_of(replaced(kRules, row.what, row.with));
    EXPECT_NE(fault.find(row.fault), std::string::npos) << row.what << " -> " << row.with << ": " << fault;
  }
  EXPECT_EQ(fault_of(kRules), "none");
}

TEST(CalendarRules, refuses_sessions_that_reach_into_the_next_trading_day) {
  const std::string overlapping = replaced(replaced(kRules, "-1d 20:00", "-1d 15:00"), "16:00", "15:00");
  EXPECT_EQ(fault_of(overlapping), "none");
  EXPECT_EQ(fault_of(replaced(replaced(kRules, "-1d 20:00", "-1d 16:30"), "close = \"16:00\"",
                              "close = \"16:30\"")),
            "none");
  const std::string half_day_too_long =
      replaced(replaced(replaced(kRules, "-1d 20:00", "-1d 15:00"), "16:00", "15:00"), "13:00", "15:01");
  EXPECT_EQ(fault_of(half_day_too_long, kHeader + "2025-07-03,half,,,Eve,test\n"),
            "X.toml: the sessions of 2025-07-04 open before those of the trading day before have closed");
}

TEST(CalendarRules, refuses_files_beyond_their_limits) {
  EXPECT_NE(fault_of(kRules + "#" + std::string(kMaxCalendarText, 'x')).find("more than the 4194304"),
            std::string::npos);
  EXPECT_NE(fault_of(kRules, std::string(kMaxCalendarText + 1, 'x')).find("X.days.csv: 4194305 bytes"),
            std::string::npos);
  std::string nested = "x = ";
  for (int i = 0; i < 100'000; ++i) nested += '[';
  EXPECT_NE(fault_of(nested).find("X.toml:1: not TOML"), std::string::npos);
}

TEST(DayRows, change_single_days) {
  const auto changed = load_calendar(kRules, kHeader +
                                                 "2025-01-09,closed,,,\"Mourning, national\",test\r\n"
                                                 "2025-07-03,half,,,Eve,test\n\n"
                                                 "2025-07-07,partial,10:30,,Late,test\n"
                                                 "2025-07-08,partial,,14:00,Early,test\n"
                                                 "2025-07-09,partial,11:00,12:00,Both,test\n"
                                                 "2025-07-12,full,,,A Saturday,test");
  ASSERT_TRUE(changed) << changed.error().message;
  const auto hours = [&](const char* day) {
    const auto regular = changed->regular_of(date(day));
    return regular.empty()
               ? std::string{"closed"}
               : text_of(regular[0].open).substr(11, 5) + "-" + text_of(regular[0].close).substr(11, 5);
  };
  EXPECT_EQ(hours("2025-01-09"), "closed");
  EXPECT_EQ(hours("2025-07-02"), "13:30-20:00");
  EXPECT_EQ(hours("2025-07-03"), "13:30-17:00");
  EXPECT_EQ(hours("2025-07-07"), "14:30-20:00");
  EXPECT_EQ(hours("2025-07-08"), "13:30-18:00");
  EXPECT_EQ(hours("2025-07-09"), "15:00-16:00");
  EXPECT_EQ(hours("2025-07-12"), "13:30-20:00");
  EXPECT_EQ(hours("2025-07-13"), "closed");
  EXPECT_EQ(changed->kind(date("2025-07-07")), DayKind::half);
  EXPECT_EQ(changed->kind(date("2025-07-12")), DayKind::full);
  EXPECT_EQ(changed->sessions_of(date("2025-07-07")).size(), 1U);
}

TEST(DayRows, are_refused_with_line_and_reason) {
  const std::vector<std::pair<const char*, const char*>> table{
      {"2025-01-09,closed,,,Mourning",
       "X.days.csv:2: 5 fields, 6 are needed: date,kind,open,close,name,source"},
      {"2025-01-09,closed,,,Mourning,test,more", "X.days.csv:2: 7 fields, 6 are needed"},
      {"2025-01-09,closed,,,Mour\"ning,test", "X.days.csv:2: byte 25: a quote inside"},
      {"2025-01-09,closed,,,Mour\tning,test",
       "X.days.csv:2: 'Mour\\x09ning': control character 0x09 at byte 5"},
      {"09/01/2025,closed,,,Mourning,test", "X.days.csv:2: date must be as in 2026-11-26, not '09/01/2025'"},
      {"2025-02-29,closed,,,Mourning,test", "X.days.csv:2: date must be"},
      {"2025-01-09,shut,,,Mourning,test",
       "X.days.csv:2: kind must be closed, half, partial or full, not 'shut'"},
      {"2025-01-09,partial,,,Mourning,test", "X.days.csv:2: a partial day needs the time"},
      {"2025-01-09,partial,25:00,,Mourning,test",
       "X.days.csv:2: open must be a time as in 13:00, not '25:00'"},
      {"2025-01-09,partial,,1:00,Mourning,test",
       "X.days.csv:2: close must be a time as in 13:00, not '1:00'"},
      {"2025-01-09,partial,13:00,12:00,Mourning,test", "X.days.csv:2: close must be after open"},
      {"2025-01-09,partial,17:00,,Mourning,test", "X.days.csv:2: nothing of a regular session is left"},
      {"2025-01-09,half,,13:00,Mourning,test",
       "X.days.csv:2: open and close are for partial days; a half day"},
      {"2025-01-09,closed,,,,test", "X.days.csv:2: every row says why"},
      {"2025-01-09,closed,,,Mourning,", "X.days.csv:2: every row says why"},
      {"2024-12-31,closed,,,Mourning,test",
       "X.days.csv:2: 2024-12-31 lies outside the calendar, which goes from 2025-01-01 to 2025-12-31"},
      {"2026-01-01,closed,,,Mourning,test", "X.days.csv:2: 2026-01-01 lies outside the calendar"},
      {"2025-01-09,closed,,,A,test\n2025-01-10,closed,,,B,test\n2025-01-09,half,,,C,test",
       "X.days.csv:4: 2025-01-09 already stands in line 2"},
  };
  for (const auto& [row, fault] : table) {
    const std::string seen = fault_of(kRules, kHeader + row + "\n");
    EXPECT_TRUE(seen.starts_with(fault)) << row << ": " << seen;
  }
  EXPECT_EQ(fault_of(kRules, "date;kind\n"),
            "X.days.csv:1: the first line must be date,kind,open,close,name,source");
  EXPECT_NE(fault_of(kRules, kHeader + std::string(9000, 'x')).find("X.days.csv:2: a line of 9000 bytes"),
            std::string::npos);
  EXPECT_EQ(fault_of(kRules, kHeader), "none");
  const std::string no_half = replaced(kRules, "half = [", "#");
  EXPECT_EQ(fault_of(no_half, kHeader + "2025-07-03,half,,,Eve,test\n"),
            "X.days.csv:2: the rules have no half days");
}

// The text between ```language and ```, the nth such block of a page.
std::string example(const char* page, const std::string& language, int nth = 0) {
  const auto text = io::read_file(std::filesystem::path{QOS_SOURCE_DIR} / "docs" / page);
  if (!text) return text.error().message;
  const std::string fence = "```" + language + "\n";
  std::size_t begin = text->find(fence);
  for (; nth > 0 && begin != std::string::npos; --nth) begin = text->find(fence, begin + 1);
  if (begin == std::string::npos) return "no example";
  begin += fence.size();
  std::string block = text->substr(begin, text->find("```", begin) - begin);
  for (std::size_t at = 0; (at = block.find("\n   ", at)) != std::string::npos;) block.erase(at + 1, 3);
  return block;
}

TEST(DayRows, and_rules_of_the_documents_examples_are_accepted) {
  const auto hong_kong =
      load_calendar(example("formats/markets.md", "toml"), example("formats/markets.md", "csv"));
  ASSERT_TRUE(hong_kong) << hong_kong.error().message;
  EXPECT_EQ(hong_kong->kind(date("2026-12-24")), DayKind::half);
  EXPECT_FALSE(hong_kong->kind(date("2023-09-01")));
  const auto tokyo = load_calendar(example("adding_a_market.md", "toml"), "");
  ASSERT_TRUE(tokyo) << tokyo.error().message;
  EXPECT_EQ(tokyo->regular_session_at(utc("2025-06-02 06:29"))->close, utc("2025-06-02 06:30"));
}

TEST(DayMinutes, are_hours_and_minutes_of_the_date_or_of_the_evening_before) {
  EXPECT_EQ(parse_day_minutes("00:00"), 0min);
  EXPECT_EQ(parse_day_minutes("24:00"), 24h);
  EXPECT_EQ(parse_day_minutes("-1d 20:00"), -4h);
  EXPECT_EQ(parse_day_minutes("-1d 00:00"), -24h);
  for (const char* text : {"", "9:30", "09:60", "24:01", "0930", "09:30:00", "-09:30", "+1d 09:30",
                           "-1d09:30", "ab:cd", " 09:30"})
    EXPECT_FALSE(parse_day_minutes(text)) << text;
}

}  // namespace
}  // namespace qos::market
