#include "archive/tdx_actions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/test_data.hpp"
#include "io/file.hpp"
#include "market/calendars.hpp"

namespace qos::archive {
namespace {

using ::testing::HasSubstr;

const std::string kHeader =
    "market,code,date,category,category_zh,cash_per10,rights_price,bonus_per10,rights_per10,float_before_"
    "10k\n";

TEST(TdxActions, are_per_ten_shares_and_become_per_share) {
  const auto parsed = parse_tdx_actions("g.csv", kHeader +
                                                     "sh,600519,20210625,1,除权除息,192.93,0,0,0,\n"
                                                     "sz,000001,19940709,1,除权除息,5,5,3.5,1,\n");
  ASSERT_TRUE(parsed) << parsed.error().message;
  ASSERT_EQ(parsed->actions.size(), 4U);
  EXPECT_EQ(parsed->events, 2U);
  EXPECT_EQ(parsed->actions[0].code.to_string(), "SH:600519");
  EXPECT_EQ(parsed->actions[0].action.ex_date, market::date("2021-06-25"));
  EXPECT_EQ(parsed->actions[0].action.cash.to_string(), "19.293");
  EXPECT_EQ(parsed->actions[0].action.bonus, market::Ratio{});
  EXPECT_EQ(parsed->actions[1].action.cash.to_string(), "0.5");
  EXPECT_EQ(parsed->actions[1].action.bonus, market::Ratio{});
  EXPECT_EQ(parsed->actions[2].action.bonus, (market::Ratio{7, 20}));
  EXPECT_EQ(parsed->actions[3].action.rights, (market::Ratio{1, 10}));
  EXPECT_EQ(parsed->actions[3].action.rights_price.to_string(), "5");
}

TEST(TdxActions, leave_out_what_moves_no_price) {
  const auto parsed = parse_tdx_actions("g.csv", kHeader +
                                                     "sz,000001,19910403,5,股本变化,,,,,0\n"
                                                     "sh,510050,20050101,11,扩缩股,,,,,\n"
                                                     "bj,430001,20220101,1,除权除息,1,0,0,0,\n");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_TRUE(parsed->actions.empty());
  EXPECT_EQ(parsed->other_categories, 1U);
  EXPECT_EQ(parsed->fund_splits, 1U);
  EXPECT_EQ(parsed->other_markets, 1U);
}

TEST(TdxActions, name_line_and_column_of_what_is_wrong) {
  const auto error = [](const std::string& row) {
    return parse_tdx_actions("g.csv", kHeader + row).error().message;
  };
  EXPECT_THAT(error("sh,600519,20210631,1,x,1,0,0,0,\n"), HasSubstr("g.csv:2: column 'date'"));
  EXPECT_THAT(error("sh,600519,20210625,1,x,-1,0,0,0,\n"), HasSubstr("column 'cash_per10'"));
  EXPECT_THAT(error("sh,600519,20210625,1,x,1,0,abc,0,\n"), HasSubstr("column 'bonus_per10'"));
  EXPECT_THAT(error("sh,60051,20210625,1,x,1,0,0,0,\n"), HasSubstr("g.csv:2: malformed code"));
  EXPECT_THAT(error("sh,600519,20210625,1\n"), HasSubstr("g.csv:2: 4 fields"));
  EXPECT_THAT(parse_tdx_actions("g.csv", "market,code\n").error().message,
              HasSubstr("column 'date' is missing"));
  EXPECT_THAT(error("sh,600519,20210625,1,x,1,0,0,0,\nsh,600519,20210625,1,x,1,0,0,0,\n"),
              HasSubstr("g.csv:3: SH:600519 has an event of this date in line 2"));
  EXPECT_FALSE(parse_tdx_actions("g.csv", ""));
}

TEST(TdxActions, of_real_codes_are_439_price_events) {
  const auto path = test::test_data("cn/tdx_gbbq_events_selected.csv");
  if (path.empty()) GTEST_SKIP() << "the gbbq rows are absent; QOS_TEST_DATA names their folder";
  const auto csv = io::read_file(path).value();
  EXPECT_TRUE(is_tdx_actions(csv));
  const auto parsed = parse_tdx_actions("gbbq", csv);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->events, 439U);
  EXPECT_EQ(parsed->fund_splits, 5U);
  EXPECT_EQ(parsed->other_categories, 1144U - 439U - 5U);
  EXPECT_FALSE(is_tdx_actions("code,ex_date,kind\n"));
}

}  // namespace
}  // namespace qos::archive
