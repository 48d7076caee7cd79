#include "server/calendar_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <sstream>

#include "io/file.hpp"
#include "server/reference.hpp"
#include "support/temp_folder.hpp"

namespace qos::server {
namespace {

using namespace std::chrono_literals;
using market::DayRow;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

market::Date date(std::string_view text) {
  return market::parse_date(text).value();
}

store::CalendarRow typhoon(std::string calendar = "HK", DayRow row = {.kind = DayRow::Kind::closed}) {
  return {.calendar = std::move(calendar),
          .date = date("2026-09-08"),
          .row = row,
          .name = "typhoon",
          .source = "HKEX, 05:40"};
}

class CalendarCommand : public ::testing::Test {
 protected:
  struct Answer {
    int exit_code;
    std::string out;
    std::string err;
  };
  Answer add(const store::CalendarRow& row) {
    return run([&](Terminal terminal) { return add_day(place(), row, terminal); });
  }
  Answer remove(const std::string& calendar, std::string_view day) {
    return run([&](Terminal terminal) { return remove_day(place(), calendar, date(day), terminal); });
  }
  Answer list(const std::string& calendar = "") {
    return run([&](Terminal terminal) { return list_days(place(), calendar, terminal); });
  }
  Answer show(const std::string& calendar, std::string_view day) {
    return run([&](Terminal terminal) { return show_day(place(), calendar, date(day), terminal); });
  }
  Answer vectors(const std::filesystem::path& file = {}) {
    return run([&](Terminal terminal) { return write_vectors(place(), file, terminal); });
  }
  CalendarPlace place() const { return {.data = data_.string()}; }
  std::vector<store::CalendarRow> rows() const {
    return store::ReferenceRows::open(reference_database(data_)).value().calendar_rows().value();
  }
  // The whole command line after `qos`, through CLI11; -1: usage error.
  static int command_line(std::vector<std::string> arguments) {
    CLI::App app;
    int exit_code = -2;
    add_calendar_command(app, exit_code);
    std::ranges::reverse(arguments);  // as CLI11 wants them
    try {
      app.parse(arguments);
    } catch (const CLI::ParseError& error) {
      return error.get_exit_code() == 0 ? 0 : -1;
    }
    return exit_code;
  }

  test::TempFolder folder_;
  std::filesystem::path data_ = folder_ / "var";

 private:
  template <typename Body>
  static Answer run(Body body) {
    std::ostringstream out;
    std::ostringstream err;
    const int exit_code = body(Terminal{.out = out, .err = err});
    return {exit_code, out.str(), err.str()};
  }
};

TEST_F(CalendarCommand, add_keeps_the_row_and_prints_what_the_day_is_now) {
  const auto answer = add(typhoon("HK", {.kind = DayRow::Kind::partial, .open = 14h + 30min}));
  EXPECT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_EQ(
      answer.out,
      "HK 2026-09-08 Tuesday: half day\n"
      "  operator: partial 14:30 - , typhoon (HKEX, 05:40)\n"
      "  files:    HKEX closing auction session, phase 1 (hours from 2016-07-25; config/markets/HK.toml)\n"
      "  SESSION            Asia/Hong_Kong                       UTC\n"
      "  regular            2026-09-08 14:30 - 2026-09-08 16:00  2026-09-08 06:30Z - 2026-09-08 08:00Z\n"
      "  closing_auction    2026-09-08 16:00 - 2026-09-08 16:10  2026-09-08 08:00Z - 2026-09-08 08:10Z\n");
  EXPECT_THAT(answer.err, AllOf(StartsWith("noted in "), HasSubstr("reference.sqlite")));
  EXPECT_EQ(rows().size(), 1U);
}

TEST_F(CalendarCommand, a_second_word_replaces_the_first_and_the_same_word_stands_already) {
  ASSERT_EQ(add(typhoon()).exit_code, 0);
  EXPECT_THAT(add(typhoon()).err, StartsWith("stands already"));
  EXPECT_THAT(add(typhoon("HK", {.kind = DayRow::Kind::half})).out,
              StartsWith("HK 2026-09-08 Tuesday: half day"));
  EXPECT_EQ(rows().size(), 1U);
}

TEST_F(CalendarCommand, add_refuses_what_no_calendar_can_be_and_writes_nothing) {
  auto far = typhoon();
  far.date = date("2031-01-01");
  auto no_source = typhoon();
  no_source.source = "";
  auto bell = typhoon();
  bell.name = "storm\a";
  auto long_name = typhoon();
  long_name.name = std::string(201, 'x');
  const std::vector<std::pair<store::CalendarRow, std::string>> table{
      {typhoon("JP"), "there is no calendar 'JP'; known: CF, CM, CN, FX, HK, US (SH and SZ are CN)"},
      {typhoon("CN", {.kind = DayRow::Kind::half}), "2026-09-08 of CN: the rules have no half days"},
      {typhoon("HK", {.kind = DayRow::Kind::partial}),
       "a partial day needs the time it opened late or closed early"},
      {typhoon("HK", {.kind = DayRow::Kind::closed, .open = 9h}), "open and close are for partial days"},
      {typhoon("HK", {.kind = DayRow::Kind::partial, .open = 17h}), "nothing of a regular session is left"},
      {far, "2031-01-01 lies outside the calendar, which goes from 2010-01-01 to 2027-12-31"},
      {no_source, "--source (who says so) must not be empty"},
      {bell, "NAME (why): control character 0x07"},
      {long_name, "NAME (why) has 201 bytes, at most 200"},
  };
  for (const auto& [row, message] : table) {
    const auto answer = add(row);
    EXPECT_EQ(answer.exit_code, 1) << message;
    EXPECT_THAT(answer.err, AllOf(StartsWith("qos calendar: "), HasSubstr(message)));
    EXPECT_EQ(answer.out, "");
  }
  EXPECT_FALSE(std::filesystem::exists(data_)) << "nothing was written";
}

TEST_F(CalendarCommand, takes_shanghai_and_shenzhen_for_their_calendar_and_says_so) {
  const auto answer = add(typhoon("SZ"));
  EXPECT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_THAT(answer.err, HasSubstr("SZ has the calendar CN, which SH and SZ share"));
  EXPECT_EQ(rows().front().calendar, "CN");
  EXPECT_THAT(show("SH", "2026-09-08").out,
              StartsWith("CN 2026-09-08 Tuesday: closed\n  operator: closed, typhoon"));
}

TEST_F(CalendarCommand, remove_lets_the_files_hold_again) {
  ASSERT_EQ(add(typhoon()).exit_code, 0);
  const auto answer = remove("HK", "2026-09-08");
  EXPECT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_THAT(answer.out, AllOf(StartsWith("HK 2026-09-08 Tuesday: full day\n"), Not(HasSubstr("operator"))));
  EXPECT_TRUE(rows().empty());
  const auto again = remove("HK", "2026-09-08");
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.err, HasSubstr("nothing is said of 'HK' 2026-09-08"));
}

TEST_F(CalendarCommand, list_shows_the_rows_of_one_calendar_or_of_all) {
  EXPECT_EQ(list().exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(data_)) << "looking makes nothing";
  ASSERT_EQ(add(typhoon()).exit_code, 0);
  ASSERT_EQ(add(typhoon("US", {.kind = DayRow::Kind::partial, .open = 10h, .close = 15h})).exit_code, 0);
  EXPECT_EQ(list("US").out,
            "CALENDAR  DATE        KIND                   NAME (SOURCE)\n"
            "US        2026-09-08  partial 10:00 - 15:00  typhoon (HKEX, 05:40)\n");
  EXPECT_THAT(list().out, HasSubstr("\nHK        2026-09-08  closed "));
  EXPECT_EQ(list("JP").exit_code, 1);
}

TEST_F(CalendarCommand, a_row_that_fits_no_longer_is_listed_and_said_not_to_be_in_force) {
  ASSERT_EQ(add(typhoon()).exit_code, 0);
  {
    auto database = store::ReferenceRows::open(reference_database(data_));
    ASSERT_TRUE(database && database->put(typhoon("MOON")));
  }
  const auto answer = list();
  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_THAT(answer.out, HasSubstr("MOON"));
  EXPECT_THAT(answer.err,
              HasSubstr("not in force: MOON 2026-09-08 (typhoon): there is no calendar of this name"));
  EXPECT_EQ(remove("MOON", "2026-09-08").exit_code, 0);
}

TEST_F(CalendarCommand, show_says_who_says_so) {
  EXPECT_THAT(show("HK", "2023-10-09").out,
              AllOf(StartsWith("HK 2023-10-09 Monday: half day\n  files:    Typhoon Koinu"),
                    HasSubstr("config/markets/HK.days.csv:")));
  EXPECT_THAT(show("US", "2026-11-28").out,
              StartsWith("US 2026-11-28 Saturday: closed\n  files:    no trading on this day of the week"));
  EXPECT_THAT(show("US", "2026-03-09").out,
              HasSubstr("night              2026-03-08 20:00 - 2026-03-09 03:50  2026-03-09 00:00Z - "));
  EXPECT_THAT(show("CN", "2027-01-04").out, StartsWith("CN 2027-01-04 Monday: not known\n"));
}

TEST_F(CalendarCommand, vectors_go_to_standard_output_or_a_file_whatever_the_operator_says) {
  const auto before = vectors();
  EXPECT_EQ(before.exit_code, 0);
  EXPECT_THAT(before.out, StartsWith("market,zone,why,utc,local,"));
  auto row = typhoon();
  row.date = date("2026-01-05");
  ASSERT_EQ(add(row).exit_code, 0);
  EXPECT_EQ(vectors(folder_ / "v.csv").exit_code, 0);
  EXPECT_EQ(io::read_file(folder_ / "v.csv").value(), before.out);
}

TEST_F(CalendarCommand, the_command_line_is_read_as_the_manual_says) {
  const std::vector<std::string> base{"calendar", "add", "--data", data_.string()};
  const auto with = [&](std::initializer_list<std::string> more) {
    auto arguments = base;
    arguments.insert(arguments.end(), more);
    return command_line(arguments);
  };
  EXPECT_EQ(with({"HK", "2026-09-08", "partial", "typhoon", "--source", "HKEX", "--open", "13:30"}), 0);
  ASSERT_EQ(rows().size(), 1U);
  EXPECT_EQ(rows().front().row, (DayRow{.kind = DayRow::Kind::partial, .open = 13h + 30min}));
  EXPECT_EQ(rows().front().name, "typhoon");
  EXPECT_EQ(rows().front().source, "HKEX");
  EXPECT_EQ(with({"HK", "2026-09-08", "closed", "typhoon"}), -1) << "no source";
  EXPECT_EQ(with({"HK", "2026-02-30", "closed", "typhoon", "--source", "x"}), -1);
  EXPECT_EQ(with({"HK", "2026-09-08", "shut", "typhoon", "--source", "x"}), -1);
  EXPECT_EQ(with({"HK", "2026-09-08", "partial", "typhoon", "--source", "x", "--open", "1:30"}), -1);
  EXPECT_EQ(with({"JP", "2026-09-08", "closed", "typhoon", "--source", "x"}), 1);
  EXPECT_EQ(command_line({"calendar"}), -1);
}

}  // namespace
}  // namespace qos::server
