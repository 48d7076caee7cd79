// Minutes of the US extended sessions. Times are UTC: New York is 4 hours behind in August 2024.
#include "state/alike.hpp"

namespace qos::state {
namespace {

using market::KlineType;
using Texts = std::vector<std::string>;
using enum StoredSeries;

class Extended : public testing::Test {
 protected:
  Texts minutes(StoredSeries series) { return texts_of(world.view(kUs).extended_minutes(series, 100)); }
  World world;
};

TEST_F(Extended, each_session_has_minutes_of_its_own) {
  world.trade(kUs, "2024-08-06 00:10:10", "10", "100");  // 20:10: the night of the 6th
  world.trade(kUs, "2024-08-06 08:00:10", "11", "100");  // 04:00
  world.trade(kUs, "2024-08-06 08:00:20", "12", "100");
  world.trade(kUs, "2024-08-06 13:30:20", "13", "100");  // regular
  const auto heard = world.trade(kUs, "2024-08-06 20:00:20", "14", "100");
  ASSERT_EQ(heard.klines.size(), 1U);
  EXPECT_EQ(heard.klines[0].type, KlineType::m1);
  EXPECT_EQ(heard.klines[0].session, after_hours);
  EXPECT_EQ(minutes(night), Texts{"2024-08-06 00:10:00 10 10 10 10 100 x1"});
  EXPECT_EQ(minutes(pre_market), Texts{"2024-08-06 08:00:00 11 12 11 12 200 x2"});
  EXPECT_EQ(minutes(after_hours), Texts{"2024-08-06 20:00:00 14 14 14 14 100 x1"});
  EXPECT_TRUE(minutes(regular).empty());
  EXPECT_EQ(world.klines(kUs, KlineType::m1).size(), 1U);
  EXPECT_TRUE(world.view(kHk).extended_minutes(night, 10).empty());
}

TEST_F(Extended, the_clock_closes_them_and_the_next_one_does) {
  world.trade(kUs, "2024-08-06 08:00:10", "11", "100");
  const auto heard = world.apply_to_all(
      ClockTick{.calendar = world.instruments().at(kUs).calendar, .ts_event = utc("2024-08-06 08:01")});
  ASSERT_EQ(heard.size(), 1U);
  ASSERT_EQ(heard[0].klines.size(), 1U);
  EXPECT_EQ(heard[0].klines[0].session, pre_market);
  EXPECT_EQ(heard[0].klines[0].news, KlineNews::closed);
  world.trade(kUs, "2024-08-06 08:02:10", "11", "100");
  const auto next = world.trade(kUs, "2024-08-06 08:03:10", "11", "100");
  ASSERT_EQ(next.klines.size(), 2U);
  EXPECT_EQ(next.klines[0].news, KlineNews::closed);
  EXPECT_EQ(next.klines[1].news, KlineNews::values);
  // Late: a final one changes.
  const auto late = world.trade(kUs, "2024-08-06 08:00:50", "12", "100");
  ASSERT_EQ(late.klines.size(), 1U);
  EXPECT_EQ(late.klines[0].kline.revision, 1U);
}

// The snapshot's part is the fold of the minutes.
TEST_F(Extended, odd_lots_before_the_first_price_wait_for_it) {
  world.trade(kUs, "2024-08-06 08:00:10", "99", "7", TradeCondition::odd_lot);
  EXPECT_TRUE(minutes(pre_market).empty());
  EXPECT_FALSE(world.view(kUs).snapshot().pre_market);
  world.trade(kUs, "2024-08-06 08:05:10", "11", "100");
  world.trade(kUs, "2024-08-06 08:06:10", "99", "3", TradeCondition::odd_lot);
  EXPECT_EQ(minutes(pre_market),
            (Texts{"2024-08-06 08:05:00 11 11 11 11 107 x2", "2024-08-06 08:06:00 11 11 11 11 3 x1"}));
  EXPECT_EQ(world.view(kUs).snapshot().pre_market->volume, volume("110"));
  EXPECT_EQ(world.view(kUs).snapshot().pre_market->high, price("11"));
}

}  // namespace
}  // namespace qos::state
