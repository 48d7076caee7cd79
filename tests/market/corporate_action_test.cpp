#include "market/corporate_action.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "calendars.hpp"

namespace qos::market {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

TEST(Ratio, is_read_exactly_reduced_and_written_short) {
  struct Row {
    const char* text;
    Ratio ratio;
    const char* written;
  };
  for (const Row& row :
       {Row{"7", {7, 1}, "7"}, Row{"7:1", {7, 1}, "7"}, Row{"0.35", {7, 20}, "0.35"},
        Row{"1/3", {1, 3}, "1/3"}, Row{"1:10", {1, 10}, "0.1"}, Row{"5/10", {1, 2}, "0.5"},
        Row{"0", {0, 1}, "0"}, Row{"0:5", {0, 1}, "0"}, Row{"0.30", {3, 10}, "0.3"},
        Row{"0.000000000000000001", {1, 1'000'000'000'000'000'000}, "1/1000000000000000000"},
        Row{"9223372036854775807", {kMost, 1}, "9223372036854775807"},
        Row{"1/9223372036854775807", {1, kMost}, "1/9223372036854775807"}, Row{"007:02", {7, 2}, "3.5"}}) {
    const auto read = Ratio::parse(row.text);
    ASSERT_TRUE(read) << row.text;
    EXPECT_EQ(*read, row.ratio) << row.text;
    EXPECT_EQ(read->to_string(), row.written);
    EXPECT_EQ(Ratio::parse(read->to_string()), *read) << row.text;
  }
  for (const char* text : {"",
                           "-1",
                           "+1",
                           ".5",
                           "5.",
                           "1e3",
                           " 1",
                           "1 ",
                           "1/0",
                           "1/",
                           "/1",
                           ":",
                           "1:2:3",
                           "1/-2",
                           "-1/2",
                           "0.5:1",
                           "1/2.0",
                           "9223372036854775808",
                           "1/9223372036854775808",
                           "10.000000000000000001",
                           "0.0000000000000000001",
                           "x",
                           "1,5",
                           "1/0x2"})
    EXPECT_FALSE(Ratio::parse(text)) << text;
}

TEST(Ratio, adds_and_multiplies_exactly_or_says_that_it_does_not_fit) {
  EXPECT_EQ(sum_of({1, 3}, {1, 6}), (Ratio{1, 2}));
  EXPECT_EQ(product_of({2, 3}, {3, 4}), (Ratio{1, 2}));
  EXPECT_EQ(sum_of({kMost, 1}, {0, 1}), (Ratio{kMost, 1}));
  EXPECT_FALSE(sum_of({kMost, 1}, {1, 1}));
  EXPECT_FALSE(product_of({kMost, 1}, {2, 1}));
  EXPECT_FALSE(product_of({1, kMost}, {1, 2}));
  EXPECT_EQ(product_of({kMost, 2}, {2, kMost}), (Ratio{1, 1}));
  EXPECT_FALSE(sum_of({kMost, kMost - 1}, {kMost, kMost - 2}));
}

constexpr const char* kHeader = "code,ex_date,kind,cash,ratio,price,previous_close,source\n";

TEST(CorporateActions, are_one_a_row_of_four_kinds) {
  const auto read =
      parse_corporate_actions("a.csv", std::string{kHeader} +
                                           "SH:600519,2021-06-25,cash,19.293,,,2178.81,company\n"
                                           "hk:00700,2014-05-15,split,,5,,,HKEX\n"
                                           "SZ:000001,1993-05-24,bonus,,0.85,,,list\n"
                                           "SZ:000001,1993-05-24,rights,,1/10,16,,list\n"
                                           "SZ:000002,1993-05-24,rights,,1/10,0,,\"free, a list\"\n");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 5U);
  EXPECT_EQ(read->at(0).code, (Code{Market::SH, "600519"}));
  EXPECT_EQ(read->at(0).action, (CorporateAction{.ex_date = date("2021-06-25"),
                                                 .cash = *Price::parse("19.293"),
                                                 .previous_close = *Price::parse("2178.81"),
                                                 .source = "company"}));
  EXPECT_EQ(read->at(1).code, (Code{Market::HK, "700"}));
  EXPECT_EQ(read->at(1).action,
            (CorporateAction{.ex_date = date("2014-05-15"), .split = {5, 1}, .source = "HKEX"}));
  EXPECT_EQ(read->at(2).action.bonus, (Ratio{17, 20}));
  EXPECT_EQ(read->at(3).action.rights, (Ratio{1, 10}));
  EXPECT_EQ(read->at(3).action.rights_price, *Price::parse("16"));
  EXPECT_EQ(read->at(4).action.source, "free, a list");
  EXPECT_TRUE(parse_corporate_actions("a.csv", kHeader)->empty());
}

TEST(CorporateActions, name_file_line_and_column_of_what_is_wrong) {
  struct Row {
    const char* line;
    const char* error;
  };
  for (const Row& row : std::vector<Row>{
           {"AAPL,2020-08-31,split,,4,,,x",
            "a.csv:2: column 'code': 'AAPL': malformed code 'AAPL': the market is missing; a code looks like "
            "US:AAPL or HK:700"},
           {"US:AAPL,31.8.2020,split,,4,,,x",
            "a.csv:2: column 'ex_date': '31.8.2020': expected a date as 2025-03-14"},
           {"US:AAPL,2021-02-29,split,,4,,,x",
            "a.csv:2: column 'ex_date': '2021-02-29': expected a date as 2025-03-14"},
           {"US:AAPL,2020-08-31,dividend,1,,,,x",
            "a.csv:2: column 'kind': 'dividend': expected cash, bonus, split or rights"},
           {"US:AAPL,2020-08-31,cash,0,,,,x",
            "a.csv:2: column 'cash': '0': expected a decimal above 0 with at most 9 decimals"},
           {"US:AAPL,2020-08-31,cash,,,,,x",
            "a.csv:2: column 'cash': '': expected a decimal above 0 with at most 9 decimals"},
           {"US:AAPL,2020-08-31,cash,1,2,,,x",
            "a.csv:2: column 'ratio': '2': expected nothing, cash has no ratio"},
           {"US:AAPL,2020-08-31,cash,1,,2,,x",
            "a.csv:2: column 'price': '2': expected nothing, only rights have a price"},
           {"US:AAPL,2020-08-31,split,1,4,,,x",
            "a.csv:2: column 'cash': '1': expected nothing, cash paid on the same date is a row of its own"},
           {"US:AAPL,2020-08-31,split,,0,,,x",
            "a.csv:2: column 'ratio': '0': expected how many for one share, above 0, as 0.5, 1/2 or 1:2 with "
            "at most "
            "9 decimals or parts of at most 1000000000"},
           {"US:AAPL,2020-08-31,rights,,1/10,,,x",
            "a.csv:2: column 'price': '': expected what one new share costs, 0 or more"},
           {"US:AAPL,2020-08-31,rights,,1/10,-1,,x",
            "a.csv:2: column 'price': '-1': expected what one new share costs, 0 or more"},
           {"US:AAPL,2020-08-31,cash,1,,,0,x",
            "a.csv:2: column 'previous_close': '0': expected a decimal above 0 with at most 9 decimals"},
           {"US:AAPL,2020-08-31,cash,5,,,5,x",
            "a.csv:2: column 'cash': '5': expected less than the previous close, 5"},
           {"US:AAPL,2020-08-31,cash,5,,,,", "a.csv:2: column 'source': '': expected who says so"},
           {"US:AAPL,2020-08-31,cash,5,,,", "a.csv:2: 7 fields, expected 8 as the header has"},
           {"US:AAPL,2020-08-31,cash,5,,,,\x07",
            "a.csv:2: column 'source': '\\x07': control character 0x07 at byte 1, expected plain UTF-8 text"},
           {"US:AAPL,2020-08-31,cash,0000000000000000000000000000000005,,,,x",
            "a.csv:2: column 'cash': '0000000000000000000000000000000005': 34 bytes, expected at most 32"},
           {"US:AAPL,2020-08-31,cash,5,,,,x\nUS:AAPL,2020-08-31,cash,5,,,,x",
            "a.csv:3: column 'kind': 'cash': US:AAPL has one of this kind and date on line 2 already, add "
            "them up"},
           {"US:AAPL,2020-08-31,cash,5,,,500,x\nUS:AAPL,2020-08-31,split,,4,,499,x",
            "a.csv:3: column 'previous_close': '499': line 2 says 500 for the same date"},
       }) {
    const auto read = parse_corporate_actions("a.csv", std::string{kHeader} + row.line + "\n");
    ASSERT_FALSE(read) << row.line;
    EXPECT_EQ(read.error().message, row.error);
  }
  for (const auto& [csv, error] : std::vector<std::pair<std::string, std::string>>{
           {"",
            "a.csv: empty, expected a header line that names 'code', 'ex_date', 'kind', 'cash', 'ratio', "
            "'price', "
            "'previous_close', 'source'"},
           {"code,ex_date\n", "a.csv:1: the header lacks column 'kind'"},
           {"code,code\n", "a.csv:1: column 'code' is named twice"},
           {"code,factor\n",
            "a.csv:1: unknown column 'factor', expected 'code', 'ex_date', 'kind', 'cash', 'ratio', "
            "'price', 'previous_close', 'source'"}}) {
    const auto read = parse_corporate_actions("a.csv", csv);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, error);
  }
}

// Every `MARKET:…,date,kind,…` of the page about the format.
TEST(CorporateActions, are_as_the_page_about_them_shows) {
  const auto page =
      io::read_file(std::filesystem::path{QOS_SOURCE_DIR} / "docs" / "formats" / "corporate_actions.md");
  ASSERT_TRUE(page);
  std::string csv = kHeader;
  std::size_t rows = 0;
  for (std::size_t at = page->find('`'); at != std::string::npos; at = page->find('`', at + 1)) {
    const auto quoted = page->substr(at + 1, page->find('`', at + 1) - at - 1);
    if (std::ranges::count(quoted, ',') != 7) continue;
    csv += quoted + "\n";
    ++rows;
  }
  const auto read = parse_corporate_actions("page", csv);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->size(), rows);
  EXPECT_EQ(rows, 6U);
}

CodedAction coded(const char* code, CorporateAction action) {
  return {parse_code(code)->code, std::move(action)};
}

TEST(CorporateActionTable, adds_up_the_rows_of_a_date_in_any_order) {
  const Date first = date("2024-06-20");
  const Date second = date("2025-06-19");
  const CorporateActionTable table{{
      coded("SH:600001", {.ex_date = second, .cash = *Price::parse("1"), .source = "a"}),
      coded("SH:600001", {.ex_date = first, .bonus = {3, 10}, .source = "a"}),
      coded("SH:600001", {.ex_date = first, .cash = *Price::parse("0.25"), .source = "a"}),
      coded("SH:600001", {.ex_date = first,
                          .rights = {1, 10},
                          .rights_price = *Price::parse("6"),
                          .previous_close = *Price::parse("20"),
                          .source = "b"}),
      coded("SH:600001", {.ex_date = first, .split = {2, 1}}),
      coded("SH:600001", {.ex_date = first, .cash = *Price::parse("0.5"), .bonus = {1, 10}, .split = {1, 3}}),
      coded("SH:600001", {.ex_date = first, .rights = {2, 10}, .rights_price = *Price::parse("9")}),
      coded("US:AAPL", {.ex_date = first, .split = {4, 1}}),
  }};
  EXPECT_EQ(table.size(), 3U);
  const auto of = table.of({Market::SH, "600001"});
  ASSERT_EQ(of.size(), 2U);
  EXPECT_EQ(of[0], (CorporateAction{.ex_date = first,
                                    .cash = *Price::parse("0.75"),
                                    .bonus = {2, 5},
                                    .split = {2, 3},
                                    .rights = {3, 10},
                                    .rights_price = *Price::parse("8"),
                                    .previous_close = *Price::parse("20"),
                                    .source = "a; b"}));
  EXPECT_EQ(of[1].ex_date, second);
  EXPECT_TRUE(table.of({Market::SH, "600002"}).empty());
  EXPECT_EQ(table.of({Market::US, "AAPL"}).size(), 1U);
  EXPECT_EQ(CorporateActionTable{}.size(), 0U);
}

TEST(CorporateActionTable, makes_what_does_not_fit_an_action_without_effect) {
  const Date day = date("2024-06-20");
  const Ratio most{kMost, 1};
  const Price most_cash = Price::from_raw(kMost);
  for (const CorporateAction& action :
       {CorporateAction{.ex_date = day, .bonus = most}, CorporateAction{.ex_date = day, .split = most},
        CorporateAction{.ex_date = day, .rights = most}, CorporateAction{.ex_date = day, .cash = most_cash},
        CorporateAction{.ex_date = day, .bonus = {-1, 0}}}) {
    const CorporateActionTable table{{coded("US:A", action), coded("US:A", action)}};
    ASSERT_EQ(table.of({Market::US, "A"}).size(), 1U);
    EXPECT_EQ(table.of({Market::US, "A"})[0].split, (Ratio{0, 1}));
  }
}

}  // namespace
}  // namespace qos::market
