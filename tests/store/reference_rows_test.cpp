#include "store/reference_rows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_folder.hpp"

namespace qos::store {
namespace {

using namespace std::chrono_literals;
using market::CodedAction;
using market::DayRow;
using market::Ratio;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::chrono::sys_days day(std::string_view text) {
  return market::parse_date(text).value();
}

CalendarRow typhoon() {
  return {.calendar = "HK",
          .date = day("2026-09-08"),
          .row = {.kind = DayRow::Kind::closed},
          .name = "typhoon",
          .source = "HKEX, 05:40"};
}

CalendarRow late_opening() {
  return {.calendar = "HK",
          .date = day("2026-09-08"),
          .row = {.kind = DayRow::Kind::partial, .open = 14h + 30min},
          .name = "typhoon 台风",
          .source = "HKEX, 12:40"};
}

CodedAction split(std::string code, Ratio ratio) {
  const auto parsed = market::parse_code(code);
  QOS_ASSERT(parsed.has_value());
  return {.code = parsed->code,
          .action = {.ex_date = market::parse_date("2014-06-09").value(),
                     .cash = {},
                     .bonus = {},
                     .split = ratio,
                     .rights = {},
                     .rights_price = {},
                     .previous_close = {},
                     .source = "company notice"}};
}

template <typename T>
std::string fault_of(const Result<T>& result) {
  return result ? "none" : result.error().message;
}

class ReferenceRowsTest : public ::testing::Test {
 protected:
  ReferenceRows open() {
    auto rows = ReferenceRows::open(file_);
    QOS_ASSERT(rows.has_value());
    return std::move(*rows);
  }
  // Behind the rows' back, as another program may.
  void execute(const std::string& sql) {
    auto database = Database::open({.path = file_});
    ASSERT_TRUE(database);
    const auto done = database->execute(sql);
    ASSERT_TRUE(done) << done.error().message;
  }

  test::TempFolder folder_;
  std::filesystem::path file_ = folder_ / "reference.sqlite";
};

TEST_F(ReferenceRowsTest, gives_back_calendar_rows_by_calendar_and_date_after_a_restart) {
  const CalendarRow cut{.calendar = "US",
                        .date = day("2026-01-02"),
                        .row = {.kind = DayRow::Kind::partial, .open = -4h, .close = 24h},
                        .name = "power cut",
                        .source = "notice"};
  CalendarRow eve = typhoon();
  eve.date = day("2025-12-24");
  eve.row.kind = DayRow::Kind::half;
  {
    auto rows = open();
    EXPECT_THAT(rows.calendar_rows().value(), IsEmpty());
    for (const CalendarRow& row : {cut, late_opening(), eve}) EXPECT_TRUE(rows.put(row).value());
  }
  EXPECT_THAT(open().calendar_rows().value(), ElementsAre(eve, late_opening(), cut));
}

TEST_F(ReferenceRowsTest, a_second_word_about_a_date_replaces_the_first) {
  auto rows = open();
  EXPECT_TRUE(rows.put(typhoon()).value());
  EXPECT_FALSE(rows.put(typhoon()).value()) << "it was there like this";
  EXPECT_TRUE(rows.put(late_opening()).value());
  EXPECT_THAT(rows.calendar_rows().value(), ElementsAre(late_opening()));
  CalendarRow other_source = late_opening();
  other_source.source = "HKEX, 12:45";
  EXPECT_TRUE(rows.put(other_source).value());
}

TEST_F(ReferenceRowsTest, the_line_of_a_file_is_not_kept) {
  auto rows = open();
  CalendarRow row = typhoon();
  row.row.line = 17;
  EXPECT_TRUE(rows.put(row).value());
  EXPECT_FALSE(rows.put(row).value());
  EXPECT_THAT(rows.calendar_rows().value(), ElementsAre(typhoon()));
}

TEST_F(ReferenceRowsTest, removes_a_row_once) {
  auto rows = open();
  ASSERT_TRUE(rows.put(typhoon()).value());
  EXPECT_FALSE(rows.remove("US", day("2026-09-08")).value());
  EXPECT_FALSE(rows.remove("HK", day("2026-09-09")).value());
  EXPECT_TRUE(rows.remove("HK", day("2026-09-08")).value());
  EXPECT_FALSE(rows.remove("HK", day("2026-09-08")).value());
  EXPECT_THAT(rows.calendar_rows().value(), IsEmpty());
}

TEST_F(ReferenceRowsTest, refuses_a_row_whose_times_do_not_go_with_its_kind) {
  auto rows = open();
  CalendarRow row = typhoon();
  row.row.open = 10h;
  const auto put = rows.put(row);
  ASSERT_FALSE(put);
  EXPECT_THAT(put.error().message, HasSubstr("a closed day has the hours of the rules"));
  EXPECT_THAT(rows.calendar_rows().value(), IsEmpty());
}

TEST_F(ReferenceRowsTest, another_connection_sees_that_there_is_news_once) {
  auto server = open();
  auto command = open();
  EXPECT_FALSE(server.changed().value());
  ASSERT_TRUE(command.put(typhoon()).value());
  EXPECT_FALSE(command.changed().value()) << "its own word is no news";
  EXPECT_TRUE(server.changed().value());
  EXPECT_FALSE(server.changed().value());
  EXPECT_THAT(server.calendar_rows().value(), ElementsAre(typhoon()));

  ASSERT_FALSE(command.put(typhoon()).value());
  EXPECT_FALSE(server.changed().value()) << "nothing was written";
  ASSERT_FALSE(command.remove("HK", day("2026-09-09")).value());
  ASSERT_TRUE(command.put(std::vector{split("US:AAPL", {7, 1})}));
  ASSERT_TRUE(command.remove("HK", day("2026-09-08")).value());
  EXPECT_TRUE(server.changed().value()) << "two commits are one piece of news";
  EXPECT_FALSE(server.changed().value());
}

TEST_F(ReferenceRowsTest, gives_back_corporate_actions_exactly_by_code_and_date) {
  CodedAction everything = split("SZ:300059", {3, 2});
  everything.action.cash = Price::parse("0.000000001").value();
  everything.action.bonus = {3, 10};
  everything.action.rights = {1, 3};
  everything.action.rights_price = Price::parse("9223372036.854775807").value();
  everything.action.previous_close = Price::parse("12.34").value();
  everything.action.source = "gbbq; 'quoted', 股本变迁";
  CodedAction dividend = split("US:AAPL", {1, 1});
  dividend.action.cash = Price::parse("3.29").value();
  const CodedAction apple = split("US:AAPL", {7, 1});
  const CodedAction reverse = split("HK:700", {1, 10});
  {
    auto rows = open();
    const auto report = rows.put(std::vector{apple, everything, dividend, reverse});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->added, 4U);
    EXPECT_EQ(report->equal, 0U);
    EXPECT_EQ(report->different, 0U);
  }
  const auto actions = open().actions();
  ASSERT_TRUE(actions) << actions.error().message;
  ASSERT_EQ(actions->size(), 4U);
  const std::vector<CodedAction> wanted{reverse, everything, dividend, apple};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ((*actions)[i].code, wanted[i].code) << i;
    EXPECT_EQ((*actions)[i].action, wanted[i].action) << i;
  }
}

TEST_F(ReferenceRowsTest, an_import_reports_what_was_new_equal_and_different) {
  auto rows = open();
  ASSERT_TRUE(rows.put(std::vector{split("US:AAPL", {7, 1}), split("US:NVDA", {10, 1})}));
  const auto again =
      rows.put(std::vector{split("US:AAPL", {4, 1}), split("US:NVDA", {10, 1}), split("US:TSLA", {3, 1})});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->added, 1U);
  EXPECT_EQ(again->equal, 1U);
  EXPECT_EQ(again->different, 1U);
  const auto actions = rows.actions();
  ASSERT_TRUE(actions);
  ASSERT_EQ(actions->size(), 3U);
  EXPECT_EQ(actions->front().action.split, (Ratio{4, 1}));
}

// The row in the middle cannot be compared with what stands there, so none of the three is written.
TEST_F(ReferenceRowsTest, an_import_that_fails_leaves_nothing_of_itself) {
  auto rows = open();
  ASSERT_TRUE(rows.put(std::vector{split("US:NVDA", {10, 1})}));
  execute("UPDATE corporate_actions SET cash='1e5'");
  const auto put =
      rows.put(std::vector{split("US:AAPL", {7, 1}), split("US:NVDA", {10, 1}), split("US:TSLA", {3, 1})});
  ASSERT_FALSE(put);
  execute("UPDATE corporate_actions SET cash='0'");
  EXPECT_EQ(rows.actions().value().size(), 1U);
}

TEST_F(ReferenceRowsTest, a_value_that_another_program_spoilt_is_an_error_that_names_it) {
  auto rows = open();
  ASSERT_TRUE(rows.put(late_opening()).value());
  ASSERT_TRUE(rows.put(std::vector{split("US:AAPL", {7, 1})}));
  struct Case {
    const char* table;
    const char* column;
    const char* value;
    const char* message;
  };
  const std::vector<Case> table{
      {"calendar_rows", "date", "2026-02-30", "the date of HK 2026-02-30 cannot be read: '2026-02-30'"},
      {"calendar_rows", "kind", "holiday", "the kind of HK 2026-09-08 cannot be read: 'holiday'"},
      {"calendar_rows", "open", "25:00", "the opening time of HK 2026-09-08 cannot be read: '25:00'"},
      {"calendar_rows", "close", "14:30", "HK 2026-09-08: close must be after open"},
      {"corporate_actions", "code", "AAPL", "the code of AAPL 2014-06-09 cannot be read"},
      {"corporate_actions", "ex_date", "June", "the ex-date of US:AAPL June cannot be read"},
      {"corporate_actions", "split", "x", "the split of US:AAPL 2014-06-09 cannot be read: 'x'"},
      {"corporate_actions", "rights_price", "1.0000000001", "the rights' price of US:AAPL 2014-06-09"},
      {"corporate_actions", "previous_close", "inf", "the previous close of US:AAPL 2014-06-09"},
  };
  for (const Case& spoilt : table) {
    const auto before = file_.string() + ".before";
    execute(fmt::format("VACUUM INTO '{}'", before));
    execute(fmt::format("UPDATE {} SET {}='{}'", spoilt.table, spoilt.column, spoilt.value));
    const bool is_calendar = std::string_view{spoilt.table} == "calendar_rows";
    const auto message = is_calendar ? fault_of(rows.calendar_rows()) : fault_of(rows.actions());
    EXPECT_THAT(message, AllOf(HasSubstr("reference.sqlite"), HasSubstr(spoilt.message)));
    execute(fmt::format("ATTACH '{0}' AS old; DELETE FROM {1}; INSERT INTO {1} SELECT * FROM old.{1}", before,
                        spoilt.table));
    std::filesystem::remove(before);
  }
}

TEST_F(ReferenceRowsTest, refuses_more_rows_than_any_market_needs) {
  auto rows = open();
  execute(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<20000)"
      " INSERT INTO calendar_rows SELECT 'X'||i, '2026-09-08', 'closed', NULL, NULL, 'n', 's' FROM n");
  const auto put = rows.put(typhoon());
  ASSERT_FALSE(put);
  EXPECT_THAT(put.error().message,
              HasSubstr("calendar_rows would hold 20001 rows, the most it may are 20000"));
  EXPECT_EQ(rows.calendar_rows().value().size(), 20000U);
}

TEST_F(ReferenceRowsTest, refuses_a_file_of_another_program_and_one_of_a_newer_one) {
  execute("CREATE TABLE something(i INTEGER)");
  EXPECT_THAT(ReferenceRows::open(file_).error().message, HasSubstr("belongs to another program"));
  execute("DROP TABLE something");
  static_cast<void>(open());
  execute("UPDATE schema_version SET version=3");
  EXPECT_THAT(ReferenceRows::open(file_).error().message, HasSubstr("schema version is 3"));
}

}  // namespace
}  // namespace qos::store
