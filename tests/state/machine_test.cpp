#include "state/machine.hpp"

#include "state/world.hpp"

namespace qos::state {
namespace {

using market::KlineType;
using Texts = std::vector<std::string>;

// Times are UTC: New York is 4 hours behind in August 2024, Hong Kong and Shanghai are 8 ahead.

TEST(Machine, reports_a_trade_as_tape_entry_snapshot_and_one_kline_of_each_type) {
  World world;
  const auto heard = world.trade(kUs, "2024-08-06 13:30:05", "189.01", "100");
  ASSERT_TRUE(heard.trade && heard.snapshot);
  EXPECT_EQ(*heard.trade, (TapeTrade{Sequence{1}, 1, price("189.01"), size("100"), utc("2024-08-06 13:30:05"),
                                     Aggressor::unknown}));
  EXPECT_EQ(heard.snapshot->last, price("189.01"));
  EXPECT_EQ(heard.snapshot->turnover, turnover("18901"));
  EXPECT_EQ(heard.snapshot->session, UsSession::regular);
  EXPECT_FALSE(heard.depth);
  ASSERT_EQ(heard.klines.size(), market::kKlineTypes.size());
  for (std::size_t type = 0; type < market::kKlineTypes.size(); ++type) {
    EXPECT_EQ(heard.klines[type].type, market::kKlineTypes[type]);
    EXPECT_EQ(heard.klines[type].kline.sequence, Sequence{1});
    EXPECT_EQ(world.klines(kUs, market::kKlineTypes[type]), std::vector{heard.klines[type].kline});
  }
  EXPECT_EQ(world.view(kUs).snapshot(), *heard.snapshot);
  EXPECT_EQ(world.view(kUs).trades(50), std::vector{*heard.trade});
  EXPECT_EQ(world.view(kUs).version(), Sequence{1});
}

TEST(Machine, starts_each_kline_where_the_protocol_says) {
  World world;
  world.trade(kHk, "2024-08-06 05:01:30", "360", "100");  // 13:01:30, after lunch
  const auto start = [&](KlineType type) { return market::text_of(world.klines(kHk, type).at(0).start); };
  EXPECT_EQ(start(KlineType::m1), "2024-08-06 05:01:00");
  EXPECT_EQ(start(KlineType::m60), "2024-08-06 03:30:00");   // reaches across lunch
  EXPECT_EQ(start(KlineType::day), "2024-08-05 16:00:00");   // local midnight
  EXPECT_EQ(start(KlineType::week), "2024-08-04 16:00:00");  // of Monday the 5th
  EXPECT_EQ(start(KlineType::month), "2024-07-31 16:00:00");
  EXPECT_EQ(start(KlineType::year), "2023-12-31 16:00:00");
}

TEST(Machine, answers_for_rows_that_are_unknown_or_idle) {
  World world;
  const auto heard = world.trade(InstrumentId{99}, "2024-08-06 13:30:05", "1", "1");
  EXPECT_FALSE(heard.trade || heard.snapshot || heard.depth || !heard.klines.empty());
  EXPECT_EQ(world.counters().unknown_instruments.value(), 1U);
  EXPECT_EQ(world.machine().views().find(InstrumentId{99}), nullptr);
  const auto& idle = world.view(kHk);
  EXPECT_EQ(idle.snapshot(), Snapshot{});
  EXPECT_EQ(idle.depth(), Depth{});
  EXPECT_TRUE(idle.trades(50).empty());
  EXPECT_TRUE(idle.klines(KlineType::m1, 10).empty());
  EXPECT_EQ(idle.version(), Sequence{0});
}

TEST(Machine, raises_the_version_with_every_event_of_the_instrument) {
  World world;
  world.trade(kUs, "2024-08-06 13:30:05", "189.01", "100");
  world.trade(kHk, "2024-08-06 02:30:05", "360", "100");
  world.apply(TradingStatus{.instrument = kUs, .ts_event = utc("2024-08-06 13:30:06")});  // changes nothing
  EXPECT_EQ(world.view(kUs).version(), Sequence{3});
  EXPECT_EQ(world.view(kHk).version(), Sequence{2});
}

TEST(Machine, refuses_what_cannot_be_true) {
  World world;
  const auto at = utc("2024-08-06 13:30:05");
  const Price huge = Price::from_raw(std::numeric_limits<std::int64_t>::max());
  const Quantity all = Quantity::from_raw(std::numeric_limits<std::int64_t>::max());
  const std::vector<EventBody> impossible{
      Trade{.instrument = kUs, .price = price("1"), .size = size("-1"), .ts_event = at},
      Trade{.instrument = kUs, .price = huge, .size = all, .ts_event = at},
      Trade{.instrument = kUs, .price = price("1"), .size = size("1"), .ts_event = UnixNanos::max()},
      Trade{.instrument = kUs, .price = price("1"), .size = size("1"), .ts_event = UnixNanos::min()},
      Trade{.instrument = kUs, .price = price("1"), .ts_event = at, .condition = TradeCondition{77}},
      KlineRestatement{
          .instrument = kUs, .start = at, .high = price("1"), .low = price("2"), .trades = 1, .ts_event = at},
      KlineRestatement{.instrument = kUs, .start = UnixNanos::max(), .trades = 0, .ts_event = at},
      RollingStats{.instrument = kUs, .volume = Volume::from_raw(-1), .ts_event = at},
  };
  for (const auto& body : impossible) {
    const auto heard = world.apply(body);
    EXPECT_FALSE(heard.trade || heard.snapshot || heard.depth || !heard.klines.empty());
  }
  EXPECT_EQ(world.counters().refused.value(), impossible.size());
  EXPECT_EQ(world.view(kUs).snapshot(), Snapshot{});
}

TEST(Tape, keeps_the_latest_trades_oldest_first) {
  World world{{.trades_kept = 50}};
  for (int n = 0; n < 120; ++n) world.trade(kCoin, "2024-08-06 13:30:05", std::to_string(100 + n), "1");
  const auto trades = world.view(kCoin).trades(50);
  ASSERT_EQ(trades.size(), 50U);
  EXPECT_EQ(trades.front().price, price("170"));
  EXPECT_EQ(trades.back().price, price("219"));
  EXPECT_EQ(world.view(kCoin).trades(2), (std::vector{trades[48], trades[49]}));
  EXPECT_EQ(world.view(kCoin).trades(1'000).size(), 50U);
  EXPECT_TRUE(world.view(kCoin).trades(0).empty());
}

TEST(Tape, shows_a_late_trade_in_time_order) {
  World world;
  world.trade(kCoin, "2024-08-06 13:30:05", "1", "1");
  world.trade(kCoin, "2024-08-06 13:30:03", "2", "1");
  const auto trades = world.view(kCoin).trades(50);
  ASSERT_EQ(trades.size(), 2U);
  EXPECT_EQ(trades[0].price, price("2"));
}

TEST(Tape, shows_off_book_trades_that_move_nothing_else) {
  World world;
  const auto heard = world.trade(kSh, "2024-08-06 02:00:00", "1450", "100", TradeCondition::off_book);
  EXPECT_TRUE(heard.trade);
  EXPECT_FALSE(heard.snapshot);
  EXPECT_EQ(world.view(kSh).trades(1).size(), 1U);
}

}  // namespace
}  // namespace qos::state
