// Snapshots (QOS protocol, section 4, "Ours, exactly"). Times are UTC: New York is 4 hours behind
// in August 2024, Hong Kong 8 ahead.
#include "state/world.hpp"

namespace qos::state {
namespace {

using namespace std::chrono_literals;
using enum TradeCondition;

class SnapshotOf : public testing::Test {
 protected:
  Heard reference(InstrumentId id, std::string_view time, std::string_view close) {
    return world.apply(
        ReferencePrice{.instrument = id, .previous_close = price(close), .ts_event = utc(time)});
  }
  // A trade between two seconds, which the short way to say a time has no word for.
  Heard trade_after(InstrumentId id, std::string_view time, std::chrono::milliseconds after,
                    std::string_view at, TradeCondition condition = regular) {
    return world.apply(Trade{.instrument = id,
                             .price = price(at),
                             .size = size("100"),
                             .ts_event = utc(time) + after,
                             .condition = condition});
  }
  void expect_no_trade_today(InstrumentId id) const {
    const Snapshot snapshot = of(id);
    EXPECT_FALSE(snapshot.open || snapshot.high || snapshot.low);
    EXPECT_EQ(snapshot.volume, Volume{});
    EXPECT_EQ(snapshot.turnover, Turnover{});
  }
  Snapshot of(InstrumentId id) const { return world.view(id).snapshot(); }

  World world;
};

TEST_F(SnapshotOf, yesterday_stays_until_todays_first_regular_trade) {
  world.trade(kHk, "2024-08-05 02:00:00", "350", "100");
  world.trade(kHk, "2024-08-05 03:00:00", "352", "100");
  reference(kHk, "2024-08-06 00:30:00", "351.8");  // before the open: today's
  EXPECT_EQ(of(kHk).open, price("350"));
  EXPECT_EQ(of(kHk).previous_close, std::nullopt);
  const auto heard = world.trade(kHk, "2024-08-06 01:30:00", "360", "100");
  EXPECT_EQ(heard.snapshot->open, price("360"));
  EXPECT_EQ(heard.snapshot->low, price("360"));
  EXPECT_EQ(heard.snapshot->volume, volume("100"));
  EXPECT_EQ(heard.snapshot->previous_close, price("351.8"));
}

TEST_F(SnapshotOf, a_day_without_a_reference_price_is_quoted_against_the_close_before) {
  world.trade(kHk, "2024-08-05 03:00:00", "352", "100");
  EXPECT_EQ(world.trade(kHk, "2024-08-06 01:30:00", "360", "100").snapshot->previous_close, price("352"));
}

TEST_F(SnapshotOf, the_clock_opens_the_day_of_a_stock_that_has_not_traded_yet) {
  world.trade(kHk, "2024-08-05 02:00:00", "350", "100");
  world.trade(kHk, "2024-08-05 03:00:00", "352", "100");
  world.tick(kHk, "2024-08-05 03:00:01");
  reference(kHk, "2024-08-06 00:30:00", "351.8");
  const Snapshot yesterday = of(kHk);
  world.tick(kHk, "2024-08-06 01:29:59");  // the opening auction is over, the session is not open
  EXPECT_EQ(of(kHk), yesterday);
  const auto version = world.view(kHk).version();

  const auto heard = world.tick(kHk, "2024-08-06 01:30:00");
  EXPECT_FALSE(heard.snapshot || heard.trade || heard.depth || !heard.klines.empty());
  expect_no_trade_today(kHk);
  EXPECT_EQ(of(kHk).previous_close, price("351.8"));
  EXPECT_EQ(of(kHk).last, price("352"));
  EXPECT_EQ(of(kHk).ts, yesterday.ts);
  EXPECT_GT(world.view(kHk).version(), version);
  EXPECT_EQ(of(kHk).sequence, world.last());

  const Snapshot opened = of(kHk);
  world.tick(kHk, "2024-08-06 01:30:01");
  EXPECT_EQ(of(kHk), opened);
  EXPECT_EQ(reference(kHk, "2024-08-06 02:00:00", "351").snapshot->previous_close, price("351"));
  EXPECT_FALSE(reference(kHk, "2024-08-05 02:00:00", "300").snapshot);  // a day that is over
  const auto first = world.trade(kHk, "2024-08-06 06:00:00", "355", "100").snapshot;
  EXPECT_EQ(first->open, price("355"));
  EXPECT_EQ(first->volume, volume("100"));
  EXPECT_EQ(first->previous_close, price("351"));
  world.tick(kHk, "2024-08-06 07:00:00");
  EXPECT_EQ(of(kHk), *first);
}

TEST_F(SnapshotOf, the_clock_opens_no_day_of_another_calendar_or_without_trading) {
  world.trade(kHk, "2024-08-09 03:00:00", "352", "100");  // Friday
  const Snapshot friday = of(kHk);
  world.tick(kSh, "2024-08-12 01:30:00");
  world.tick(kHk, "2024-08-10 01:30:00");
  world.tick(kHk, "2024-08-12 01:29:00");
  EXPECT_EQ(of(kHk), friday);
  world.tick(kHk, "2024-08-12 02:00:00");  // the first after the open
  expect_no_trade_today(kHk);
}

TEST_F(SnapshotOf, a_stock_suspended_for_days_is_quoted_against_its_last_close) {
  world.trade(kSh, "2024-08-05 02:00:00", "1450", "100");
  world.trade(kSh, "2024-08-05 06:59:00", "1452", "100");
  for (const auto* open : {"2024-08-06 01:30:00", "2024-08-07 01:30:00", "2024-08-09 01:30:00"}) {
    world.tick(kSh, open);
    expect_no_trade_today(kSh);
    EXPECT_EQ(of(kSh).previous_close, price("1452"));
    EXPECT_EQ(of(kSh).last, price("1452"));
  }
  const auto heard = world.trade(kSh, "2024-08-12 01:25:00", "1500", "300", opening_auction);
  EXPECT_EQ(heard.snapshot->open, price("1500"));
  EXPECT_EQ(heard.snapshot->previous_close, price("1452"));
  world.tick(kSh, "2024-08-12 01:30:00");  // the auction has opened the day already
  EXPECT_EQ(of(kSh), *heard.snapshot);
}

TEST_F(SnapshotOf, a_late_trade_brings_nothing_of_yesterday_back_but_its_close) {
  world.trade(kSh, "2024-08-05 06:50:00", "1450", "100");
  world.tick(kSh, "2024-08-06 01:30:00");
  const auto late = world.trade(kSh, "2024-08-05 06:55:00", "1460", "200");
  EXPECT_EQ(late.kline(market::KlineType::day)->volume, volume("300"));
  expect_no_trade_today(kSh);
  EXPECT_EQ(of(kSh).last, price("1460"));
  EXPECT_EQ(of(kSh).previous_close, price("1460"));
  // The first that is ever heard of an instrument, and of a day that is over.
  world.tick(kHk, "2024-08-06 01:30:00");
  world.trade(kHk, "2024-08-05 02:00:00", "350", "100");
  expect_no_trade_today(kHk);
  EXPECT_EQ(of(kHk).last, price("350"));
  EXPECT_EQ(of(kHk).previous_close, price("350"));
}

TEST_F(SnapshotOf, a_day_restated_away_after_its_open_has_no_trades) {
  world.trade(kSh, "2024-08-05 06:50:00", "1450", "100");
  world.tick(kSh, "2024-08-06 01:30:00");
  world.trade(kSh, "2024-08-06 01:31:10", "1455", "100");
  world.apply(KlineRestatement{
      .instrument = kSh, .start = utc("2024-08-06 01:31"), .ts_event = utc("2024-08-06 01:32")});
  expect_no_trade_today(kSh);
  EXPECT_EQ(of(kSh).last, price("1450"));
  EXPECT_EQ(of(kSh).previous_close, price("1450"));
}

TEST_F(SnapshotOf, a_us_stock_shows_the_last_day_until_the_regular_open) {
  world.trade(kUs, "2024-08-02 14:00:00", "219", "100");
  world.trade(kUs, "2024-08-05 14:00:00", "209", "100");
  world.tick(kUs, "2024-08-05 23:59:00");
  world.tick(kUs, "2024-08-06 01:00:00");  // Tuesday's night
  world.trade(kUs, "2024-08-06 12:00:00", "212", "30", extended_session);
  world.tick(kUs, "2024-08-06 13:29:59");
  EXPECT_EQ(of(kUs).open, price("209"));
  EXPECT_EQ(of(kUs).volume, volume("100"));
  EXPECT_EQ(of(kUs).previous_close, price("219"));
  const auto pre = of(kUs).pre_market;
  world.tick(kUs, "2024-08-06 13:30:00");
  expect_no_trade_today(kUs);
  EXPECT_EQ(of(kUs).previous_close, price("209"));
  EXPECT_EQ(of(kUs).last, price("212"));
  EXPECT_EQ(of(kUs).session, UsSession::pre_market);
  EXPECT_EQ(of(kUs).pre_market, pre);
}

TEST_F(SnapshotOf, a_venues_rolling_figures_know_no_new_day) {
  world.trade(kCoin, "2024-08-05 03:00:00", "56000", "1");
  world.apply(RollingStats{.instrument = kCoin,
                           .open = price("50000"),
                           .high = price("60000"),
                           .low = price("49000"),
                           .volume = volume("1234.5"),
                           .turnover = turnover("67000000"),
                           .ts_event = utc("2024-08-05 03:00:01")});
  const Snapshot before = of(kCoin);
  world.tick(kCoin, "2024-08-06 00:00:00");
  EXPECT_EQ(of(kCoin), before);
}

TEST_F(SnapshotOf, a_time_that_no_calendar_knows_opens_nothing_for_good) {
  world.trade(kHk, "2024-08-05 03:00:00", "352", "100");
  const Snapshot before = of(kHk);
  for (const UnixNanos time : {UnixNanos::min(), UnixNanos::max(), utc("1999-01-01 00:00:00")})
    world.apply(ClockTick{.calendar = world.instruments().at(kHk).calendar, .ts_event = time});
  EXPECT_EQ(of(kHk).open, before.open);
  world.tick(kHk, "2024-08-06 01:30:00");
  expect_no_trade_today(kHk);
}

TEST_F(SnapshotOf, a_reference_price_during_the_day_counts_at_once) {
  world.trade(kHk, "2024-08-06 01:30:00", "360", "100");
  EXPECT_EQ(reference(kHk, "2024-08-06 02:00:00", "355").snapshot->previous_close, price("355"));
  EXPECT_FALSE(reference(kHk, "2024-08-06 02:00:00", "355").snapshot);
  EXPECT_FALSE(reference(kHk, "2024-08-05 02:00:00", "300").snapshot);  // a day that is over
  EXPECT_EQ(of(kHk).previous_close, price("355"));
}

TEST_F(SnapshotOf, an_instrument_that_never_traded_shows_its_reference_price) {
  EXPECT_EQ(reference(kHk, "2024-08-06 00:30:00", "355").snapshot->previous_close, price("355"));
  EXPECT_EQ(of(kHk).last, std::nullopt);
}

TEST_F(SnapshotOf, a_market_without_previous_closes_has_none) {
  world.trade(kCoin, "2024-08-05 03:00:00", "352", "100");
  EXPECT_EQ(world.trade(kCoin, "2024-08-06 01:30:00", "360", "100").snapshot->previous_close, std::nullopt);
  EXPECT_FALSE(reference(kCoin, "2024-08-06 02:00:00", "355").snapshot);
}

TEST_F(SnapshotOf, a_us_stock_goes_through_its_sessions) {
  world.trade(kUs, "2024-08-05 19:59:00", "209", "100");                   // Monday's close
  world.trade(kUs, "2024-08-05 21:00:00", "210", "10", extended_session);  // after hours
  EXPECT_EQ(of(kUs).session, UsSession::after_hours);
  EXPECT_EQ(of(kUs).after_hours->previous_close, price("209"));
  world.trade(kUs, "2024-08-06 01:00:00", "211", "20", extended_session);  // night, Tuesday's
  EXPECT_EQ(of(kUs).session, UsSession::night);
  EXPECT_EQ(of(kUs).night->previous_close, price("209"));
  reference(kUs, "2024-08-06 08:00:00", "208.5");  // a dividend
  EXPECT_EQ(of(kUs).night->previous_close, price("208.5"));
  EXPECT_EQ(of(kUs).after_hours->previous_close, price("209"));
  world.trade(kUs, "2024-08-06 12:00:00", "212", "30", extended_session);  // pre-market
  world.trade(kUs, "2024-08-06 12:01:00", "214", "30", extended_session);
  world.trade(kUs, "2024-08-06 12:02:00", "213", "30");  // the clock decides
  const auto pre = of(kUs).pre_market;
  ASSERT_TRUE(pre);
  EXPECT_EQ(*pre, (SessionPart{.last = price("213"),
                               .high = price("214"),
                               .low = price("212"),
                               .previous_close = price("208.5"),
                               .volume = volume("90"),
                               .turnover = turnover("19170"),
                               .ts = utc("2024-08-06 12:02:00")}));
  EXPECT_EQ(of(kUs).last, price("213"));
  EXPECT_EQ(of(kUs).open, price("209"));  // Monday's, before Tuesday's first regular trade
  EXPECT_EQ(of(kUs).volume, volume("100"));

  world.trade(kUs, "2024-08-06 13:30:00", "215", "100");
  EXPECT_EQ(of(kUs).session, UsSession::regular);
  EXPECT_EQ(of(kUs).previous_close, price("208.5"));
  EXPECT_EQ(of(kUs).open, price("215"));
  EXPECT_EQ(of(kUs).pre_market, pre);
  world.trade(kUs, "2024-08-06 20:00:01", "216", "10", extended_session);
  EXPECT_EQ(of(kUs).after_hours->previous_close, price("215"));
  EXPECT_EQ(of(kUs).after_hours->volume, volume("10"));
  world.trade(kUs, "2024-08-06 20:00:05", "215.5", "9000", closing_auction);
  EXPECT_EQ(of(kUs).after_hours->previous_close, price("215.5"));
  EXPECT_EQ(of(kUs).pre_market->previous_close, price("208.5"));
}

TEST_F(SnapshotOf, a_reference_price_holds_for_its_own_day_only) {
  reference(kUs, "2024-08-06 13:00:00", "208.5");
  world.trade(kUs, "2024-08-06 14:00:00", "215", "100");
  world.trade(kUs, "2024-08-07 12:00:00", "216", "10", extended_session);
  EXPECT_EQ(of(kUs).pre_market->previous_close, price("215"));
  EXPECT_EQ(world.trade(kUs, "2024-08-07 14:00:00", "217", "100").snapshot->previous_close, price("215"));
}

TEST_F(SnapshotOf, a_us_session_part_takes_odd_lots_as_volume) {
  world.trade(kUs, "2024-08-06 12:00:00", "999", "5", odd_lot);
  EXPECT_FALSE(of(kUs).pre_market);
  world.trade(kUs, "2024-08-06 12:00:01", "212", "30", extended_session);
  world.trade(kUs, "2024-08-06 12:00:02", "1", "5", odd_lot);
  EXPECT_EQ(of(kUs).pre_market->volume, volume("40"));
  EXPECT_EQ(of(kUs).pre_market->low, price("212"));
  EXPECT_EQ(of(kUs).last, price("212"));
}

TEST_F(SnapshotOf, a_trade_of_an_extended_session_reported_in_the_regular_one_moves_nothing) {
  world.trade(kUs, "2024-08-06 14:00:00", "215", "100");
  const auto heard = world.trade(kUs, "2024-08-06 14:00:01", "199", "100", extended_session);
  EXPECT_TRUE(heard.trade);
  EXPECT_FALSE(heard.snapshot);
  EXPECT_TRUE(heard.klines.empty());
}

TEST_F(SnapshotOf, other_markets_have_no_session_of_last) {
  world.trade(kHk, "2024-08-06 02:00:00", "360", "100");
  EXPECT_EQ(of(kHk).session, UsSession::unknown);
}

TEST_F(SnapshotOf, a_late_trade_does_not_take_last_back) {
  world.trade(kHk, "2024-08-06 02:00:10", "360", "100");
  const auto heard = world.trade(kHk, "2024-08-06 02:00:05", "370", "100");
  EXPECT_EQ(heard.snapshot->last, price("360"));
  EXPECT_EQ(heard.snapshot->ts, utc("2024-08-06 02:00:10"));
  EXPECT_EQ(heard.snapshot->high, price("370"));
  EXPECT_EQ(heard.snapshot->open, price("370"));
  EXPECT_EQ(heard.snapshot->volume, volume("200"));
}

// What a market's close looks like: a straggler after the last session, then the closing print.
TEST_F(SnapshotOf, ends_the_day_at_the_closing_print_whatever_was_reported_before_it) {
  const auto day_close = [&](InstrumentId id) {
    return std::optional{world.klines(id, market::KlineType::day).back().close};
  };
  world.trade(kHk, "2024-08-06 07:59:30", "365", "100");
  const auto straggler = trade_after(kHk, "2024-08-06 08:00:00", 200ms, "360");
  EXPECT_TRUE(straggler.trade);
  EXPECT_FALSE(straggler.snapshot);
  EXPECT_EQ(world.counters().outside_sessions.value(), 1U);
  const auto closing = world.trade(kHk, "2024-08-06 08:08:00", "366", "500", closing_auction);
  EXPECT_EQ(closing.snapshot->last, price("366"));
  EXPECT_EQ(closing.snapshot->ts, utc("2024-08-06 08:08:00"));
  EXPECT_EQ(day_close(kHk), price("366"));

  world.trade(kSh, "2024-08-06 06:56:59", "1450", "100");
  EXPECT_FALSE(trade_after(kSh, "2024-08-06 07:00:00", 40ms, "1440").snapshot);
  // Printed before the straggler's time, and heard after it.
  EXPECT_EQ(trade_after(kSh, "2024-08-06 07:00:00", 30ms, "1451", closing_auction).snapshot->last,
            price("1451"));
  EXPECT_EQ(day_close(kSh), price("1451"));
}

TEST_F(SnapshotOf, the_later_of_two_closing_prints_is_last_and_close) {
  world.trade(kHk, "2024-08-06 08:08:30", "366", "500", closing_auction);
  const auto late = world.trade(kHk, "2024-08-06 08:08:10", "364", "100", closing_auction);
  EXPECT_EQ(late.snapshot->last, price("366"));
  EXPECT_EQ(late.kline(market::KlineType::m1)->close, price("366"));
  EXPECT_EQ(late.kline(market::KlineType::day)->close, price("366"));
}

TEST_F(SnapshotOf, a_us_closing_print_is_later_than_the_after_hours_trades_before_it) {
  world.trade(kUs, "2024-08-06 19:59:30", "207", "100");
  world.trade(kUs, "2024-08-06 20:02:00", "208", "100", extended_session);
  world.trade(kUs, "2024-08-06 20:05:00", "207.5", "9000", closing_auction);
  EXPECT_EQ(of(kUs).last, price("207.5"));
  EXPECT_EQ(of(kUs).session, UsSession::regular);
  world.trade(kUs, "2024-08-06 20:05:01", "209", "100", extended_session);
  EXPECT_EQ(of(kUs).last, price("209"));
}

TEST_F(SnapshotOf, an_opening_print_reported_late_does_not_take_last_back) {
  world.trade(kHk, "2024-08-06 02:00:00", "361", "100");
  const auto late = world.trade(kHk, "2024-08-06 02:30:00", "360", "100", opening_auction);
  EXPECT_EQ(late.snapshot->open, price("360"));
  EXPECT_EQ(late.snapshot->last, price("361"));
}

TEST_F(SnapshotOf, is_suspended_while_trading_is_halted) {
  const auto status = [&](TradingState state) {
    return world.apply(
        TradingStatus{.instrument = kHk, .state = state, .ts_event = utc("2024-08-06 02:00:00")});
  };
  EXPECT_FALSE(status(TradingState::trading).snapshot);
  EXPECT_TRUE(status(TradingState::halted).snapshot->suspended);
  EXPECT_FALSE(status(TradingState::halted).snapshot);
  EXPECT_FALSE(status(TradingState::trading).snapshot->suspended);
}

TEST_F(SnapshotOf, a_venues_rolling_figures_replace_the_days_for_good) {
  world.trade(kCoin, "2024-08-06 02:00:00", "56000", "1");
  const auto heard = world.apply(RollingStats{.instrument = kCoin,
                                              .open = price("50000"),
                                              .high = price("60000"),
                                              .low = price("49000"),
                                              .volume = volume("1234.5"),
                                              .turnover = turnover("67000000"),
                                              .ts_event = utc("2024-08-06 02:00:01")});
  EXPECT_EQ(heard.snapshot->open, price("50000"));
  const auto next = world.trade(kCoin, "2024-08-06 02:00:02", "70000", "1");
  EXPECT_EQ(next.snapshot->last, price("70000"));
  EXPECT_EQ(next.snapshot->high, price("60000"));
  EXPECT_EQ(next.snapshot->volume, volume("1234.5"));
  EXPECT_EQ(next.kline(market::KlineType::day)->high, price("70000"));
}

TEST_F(SnapshotOf, an_index_has_no_volume_and_still_moves) {
  world.trade(kIndex, "2024-08-06 02:00:00", "16647.34", "0");
  const auto heard = world.trade(kIndex, "2024-08-06 02:00:01", "16650", "0");
  EXPECT_EQ(heard.snapshot->last, price("16650"));
  EXPECT_EQ(heard.snapshot->volume, Volume{});
  EXPECT_EQ(text_of(*heard.kline(market::KlineType::m1)),
            "2024-08-06 02:00:00 16647.34 16650 16647.34 16650 0 x2");
}

}  // namespace
}  // namespace qos::state
