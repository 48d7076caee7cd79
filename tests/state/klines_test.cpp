// K-lines from trades, market by market. Times are UTC: New York is 4 hours behind in August 2024, Hong Kong
// and Shanghai are 8 ahead.
#include "state/world.hpp"

namespace qos::state {
namespace {

using market::KlineType;
using Texts = std::vector<std::string>;
using enum TradeCondition;

TEST(Klines, fold_the_trades_of_a_minute) {
  World world;
  for (const auto* at : {"10", "12", "9", "11"}) world.trade(kSh, "2024-08-06 02:00:10", at, "100");
  world.trade(kSh, "2024-08-06 02:01:00", "13", "200");
  EXPECT_EQ(texts_of(world.klines(kSh, KlineType::m1)),
            (Texts{"2024-08-06 02:00:00 10 12 9 11 400 x4", "2024-08-06 02:01:00 13 13 13 13 200 x1"}));
  EXPECT_EQ(texts_of(world.klines(kSh, KlineType::m5)), (Texts{"2024-08-06 02:00:00 10 13 9 13 600 x5"}));
}

TEST(Klines, put_auction_prints_into_their_session_whatever_their_clock_says) {
  World world;
  world.trade(kHk, "2024-08-06 01:20:00", "360", "100", opening_auction);  // 09:20
  world.trade(kHk, "2024-08-06 01:30:20", "361", "100");
  world.trade(kHk, "2024-08-06 07:59:30", "365", "100");
  world.trade(kHk, "2024-08-06 08:08:12", "366", "500", closing_auction);  // 16:08:12
  EXPECT_EQ(
      texts_of(world.klines(kHk, KlineType::m1)),
      (Texts{"2024-08-06 01:30:00 360 361 360 361 200 x2", "2024-08-06 07:59:00 365 366 365 366 600 x2"}));
  EXPECT_EQ(texts_of(world.klines(kHk, KlineType::day)),
            (Texts{"2024-08-05 16:00:00 360 366 360 366 800 x4"}));
}

TEST(Klines, give_the_us_closing_print_a_minute_of_its_own) {
  World world;
  world.trade(kUs, "2024-08-06 19:59:30", "207", "100");
  world.trade(kUs, "2024-08-06 20:00:02", "208", "100", extended_session);
  world.trade(kUs, "2024-08-06 20:00:05", "207.23", "5000", closing_auction);
  EXPECT_EQ(texts_of(world.klines(kUs, KlineType::m1)),
            (Texts{"2024-08-06 19:59:00 207 207 207 207 100 x1",
                   "2024-08-06 20:00:00 207.23 207.23 207.23 207.23 5000 x1"}));
  EXPECT_EQ(texts_of(world.klines(kUs, KlineType::m5)),
            (Texts{"2024-08-06 19:55:00 207 207.23 207 207.23 5100 x2"}));
  EXPECT_EQ(world.view(kUs).snapshot().last, price("207.23"));
}

TEST(Klines, of_fx_belong_to_the_day_that_begins_on_the_evening_before) {
  World world;
  world.trade(kPair, "2024-08-05 21:30:00", "144", "1");  // 17:30 in New York: Tuesday's
  world.trade(kPair, "2024-08-06 20:30:00", "145", "1");  // 16:30: Tuesday's still
  world.trade(kPair, "2024-08-06 21:00:00", "146", "1");  // Wednesday's
  EXPECT_EQ(texts_of(world.klines(kPair, KlineType::day)),
            (Texts{"2024-08-06 04:00:00 144 145 144 145 2 x2", "2024-08-07 04:00:00 146 146 146 146 1 x1"}));
}

TEST(Klines, take_no_trade_from_outside_the_regular_session) {
  World world;
  world.trade(kHk, "2024-08-06 04:30:00", "360", "100");  // lunch
  world.trade(kUs, "2024-08-06 12:00:00", "207", "100");  // pre-market
  EXPECT_TRUE(world.klines(kHk, KlineType::m1).empty());
  EXPECT_TRUE(world.klines(kUs, KlineType::m1).empty());
  EXPECT_EQ(world.counters().outside_sessions.value(), 1U);
  EXPECT_EQ(world.view(kHk).snapshot().last, std::nullopt);
  EXPECT_EQ(world.view(kHk).trades(1).size(), 1U);
}

TEST(Klines, add_volume_only_trades_without_their_price) {
  World world;
  world.trade(kUs, "2024-08-06 13:30:01", "207", "100");
  const auto heard = world.trade(kUs, "2024-08-06 13:30:02", "999", "7", odd_lot);
  EXPECT_EQ(text_of(*heard.kline(KlineType::m1)), "2024-08-06 13:30:00 207 207 207 207 107 x2");
  EXPECT_EQ(heard.snapshot->last, price("207"));
  EXPECT_EQ(heard.snapshot->volume, volume("107"));
  EXPECT_EQ(heard.snapshot->high, price("207"));
}

TEST(Klines, lend_a_minute_the_price_before_it_until_it_has_its_own) {
  World world;
  world.trade(kUs, "2024-08-06 13:30:01", "207", "100");
  world.trade(kUs, "2024-08-06 13:31:01", "999", "7", odd_lot);
  EXPECT_EQ(text_of(world.klines(kUs, KlineType::m1).back()), "2024-08-06 13:31:00 207 207 207 207 7 x1");
  world.trade(kUs, "2024-08-06 13:31:02", "205", "100");
  EXPECT_EQ(text_of(world.klines(kUs, KlineType::m1).back()), "2024-08-06 13:31:00 205 205 205 205 107 x2");
  EXPECT_EQ(texts_of(world.klines(kUs, KlineType::m5)),
            (Texts{"2024-08-06 13:30:00 207 207 205 205 207 x3"}));
}

TEST(Klines, keep_a_days_first_odd_lots_for_its_first_price) {
  World world;
  const auto heard = world.trade(kUs, "2024-08-06 13:30:01", "999", "7", odd_lot);
  EXPECT_FALSE(heard.snapshot);
  EXPECT_TRUE(heard.klines.empty());
  world.trade(kUs, "2024-08-06 13:32:00", "207", "100");
  EXPECT_EQ(texts_of(world.klines(kUs, KlineType::m1)),
            (Texts{"2024-08-06 13:32:00 207 207 207 207 107 x2"}));
  EXPECT_EQ(world.view(kUs).snapshot().volume, volume("107"));
}

TEST(Klines, put_fixed_price_trades_after_the_close_into_the_last_minute) {
  World world;
  world.trade(kSh, "2024-08-06 06:59:59", "1450", "100");
  world.trade(kSh, "2024-08-06 07:10:00", "1450", "300", after_close_fixed);
  EXPECT_EQ(texts_of(world.klines(kSh, KlineType::m1)),
            (Texts{"2024-08-06 06:59:00 1450 1450 1450 1450 400 x2"}));
  EXPECT_EQ(world.view(kSh).snapshot().ts, utc("2024-08-06 06:59:59"));
}

TEST(Klines, put_a_late_trade_into_its_own_minute_by_time) {
  World world;
  world.trade(kCoin, "2024-08-06 10:00:10", "10", "1");
  world.trade(kCoin, "2024-08-06 10:00:50", "11", "1");
  world.trade(kCoin, "2024-08-06 10:03:00", "20", "1");
  const auto opens = world.trade(kCoin, "2024-08-06 10:00:05", "9", "1");
  EXPECT_EQ(text_of(*opens.kline(KlineType::m1)), "2024-08-06 10:00:00 9 11 9 11 3 x3");
  EXPECT_EQ(opens.kline(KlineType::m1)->revision, 1U);
  EXPECT_EQ(text_of(*opens.kline(KlineType::day)), "2024-08-06 00:00:00 9 20 9 20 4 x4");
  EXPECT_EQ(opens.kline(KlineType::day)->revision, 0U);  // still open
  world.trade(kCoin, "2024-08-06 10:01:30", "30", "1");  // a minute that had none
  EXPECT_EQ(texts_of(world.klines(kCoin, KlineType::m1)),
            (Texts{"2024-08-06 10:00:00 9 11 9 11 3 x3", "2024-08-06 10:01:00 30 30 30 30 1 x1",
                   "2024-08-06 10:03:00 20 20 20 20 1 x1"}));
  const auto snapshot = world.view(kCoin).snapshot();
  EXPECT_EQ(snapshot.last, price("20"));
  EXPECT_EQ(snapshot.ts, utc("2024-08-06 10:03:00"));
  EXPECT_EQ(snapshot.high, price("30"));
  EXPECT_EQ(snapshot.volume, volume("5"));
}

TEST(Klines, are_closed_by_the_clock_or_by_the_next_one) {
  World world;
  world.trade(kCoin, "2024-08-06 10:00:10", "10", "1");
  const auto minute = [&](std::size_t at) { return world.klines(kCoin, KlineType::m1).at(at); };
  world.tick(kCoin, "2024-08-06 10:00:59");
  EXPECT_FALSE(minute(0).closed);
  EXPECT_EQ(world.view(kCoin).version(), Sequence{1});
  const auto heard = world.tick(kCoin, "2024-08-06 10:01:00");
  EXPECT_TRUE(heard.klines.empty());
  EXPECT_TRUE(minute(0).closed);
  EXPECT_EQ(minute(0).sequence, world.last());
  EXPECT_EQ(world.view(kCoin).version(), world.last());
  EXPECT_FALSE(world.klines(kCoin, KlineType::m5)[0].closed);
  world.tick(kCoin, "2024-08-07 00:00:00");
  EXPECT_TRUE(world.klines(kCoin, KlineType::day)[0].closed);
  EXPECT_FALSE(world.klines(kCoin, KlineType::week)[0].closed);

  world.trade(kCoin, "2024-08-07 10:00:10", "10", "1");
  world.trade(kCoin, "2024-08-07 10:02:10", "10", "1");
  EXPECT_TRUE(minute(1).closed);
  EXPECT_FALSE(minute(2).closed);
  world.tick(kHk, "2024-08-08 00:00:00");  // another calendar's time
  EXPECT_FALSE(minute(2).closed);
}

// "type start revision news", in the order told; minutes first.
Texts news_of(const Heard& heard) {
  Texts texts;
  for (const auto& told : heard.klines)
    texts.push_back(std::to_string(static_cast<int>(told.type)) + " " + market::text_of(told.kline.start) +
                    " r" + std::to_string(told.kline.revision) + (told.kline.closed ? " final" : " open") +
                    (told.news == KlineNews::closed ? " told" : ""));
  return texts;
}

TEST(Klines, are_told_as_closed_once_by_the_clock) {
  World world;
  world.trade(kCoin, "2024-08-06 10:04:10", "10", "1");
  const auto tick = [&](std::string_view time) {
    return world.apply_to_all(
        ClockTick{.calendar = world.instruments().at(kCoin).calendar, .ts_event = utc(time)});
  };
  EXPECT_TRUE(tick("2024-08-06 10:04:59").empty());
  const auto heard = tick("2024-08-06 10:05:00");
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].instrument, kCoin);
  EXPECT_FALSE(heard[0].trade || heard[0].snapshot || heard[0].depth);
  EXPECT_EQ(news_of(heard[0]),
            (Texts{"1 2024-08-06 10:04:00 r0 final told", "5 2024-08-06 10:00:00 r0 final told"}));
  EXPECT_EQ(heard[0].klines[0].kline, world.klines(kCoin, KlineType::m1)[0]);
  EXPECT_TRUE(tick("2024-08-06 10:06:00").empty());
  const auto late = world.trade(kCoin, "2024-08-06 10:04:20", "11", "1");
  EXPECT_EQ(news_of(late)[0], "1 2024-08-06 10:04:00 r1 final");
  EXPECT_EQ(news_of(late)[2], "15 2024-08-06 10:00:00 r0 open");
}

TEST(Klines, are_told_as_closed_right_before_the_one_that_follows) {
  World world;
  world.trade(kCoin, "2024-08-06 10:04:10", "10", "1");
  const auto heard = world.trade(kCoin, "2024-08-06 10:05:10", "11", "1");
  const Texts news = news_of(heard);
  ASSERT_EQ(news.size(), 13U);
  EXPECT_EQ((Texts{news.begin(), news.begin() + 5}),
            (Texts{"1 2024-08-06 10:04:00 r0 final told", "1 2024-08-06 10:05:00 r0 open",
                   "5 2024-08-06 10:00:00 r0 final told", "5 2024-08-06 10:05:00 r0 open",
                   "15 2024-08-06 10:00:00 r0 open"}));
}

TEST(Klines, are_found_by_their_start) {
  World world;
  for (int minute = 0; minute < 30; ++minute)
    world.apply(Trade{.instrument = kCoin,
                      .price = price("1"),
                      .size = size("1"),
                      .ts_event = utc("2024-08-06 10:00") + std::chrono::minutes{minute}});
  const auto starts = [&](std::size_t count, std::optional<UnixNanos> until) {
    Texts out;
    for (const auto& kline : world.view(kCoin).klines(KlineType::m1, count, until))
      out.push_back(market::text_of(kline.start).substr(11, 5));
    return out;
  };
  EXPECT_EQ(starts(2, std::nullopt), (Texts{"10:28", "10:29"}));
  EXPECT_EQ(starts(2, utc("2024-08-06 10:05")), (Texts{"10:04", "10:05"}));
  EXPECT_EQ(starts(5, utc("2024-08-06 10:01:59")), (Texts{"10:00", "10:01"}));
  EXPECT_EQ(starts(5, utc("2024-08-06 09:59:59")), Texts{});
  EXPECT_EQ(starts(0, std::nullopt), Texts{});
}

class Restating : public testing::Test {
 protected:
  Heard restate(std::string_view start, std::string_view prices, std::string_view amount, unsigned trades) {
    const auto at = [&](int n) {
      return price(std::string{prices.substr(static_cast<std::size_t>(n) * 3, 2)});
    };
    return world.apply(KlineRestatement{.instrument = kCoin,
                                        .start = utc(start),
                                        .open = at(0),
                                        .high = at(1),
                                        .low = at(2),
                                        .close = at(3),
                                        .volume = volume(amount),
                                        .turnover = turnover("100"),
                                        .trades = trades,
                                        .ts_event = utc("2024-08-06 11:00")});
  }
  void trade_three_minutes(World& into) {
    into.trade(kCoin, "2024-08-06 10:00:10", "10", "1");
    into.trade(kCoin, "2024-08-06 10:01:10", "50", "1");
    into.trade(kCoin, "2024-08-06 10:02:10", "20", "1");
  }

  World world;
};

TEST_F(Restating, a_minute_changes_all_that_stands_on_it) {
  trade_three_minutes(world);
  const auto heard = restate("2024-08-06 10:01", "15 16 14 15", "3", 2);
  ASSERT_EQ(heard.klines.size(), market::kKlineTypes.size());
  EXPECT_EQ(text_of(*heard.kline(KlineType::m1)), "2024-08-06 10:01:00 15 16 14 15 3 x2");
  EXPECT_EQ(heard.kline(KlineType::m1)->revision, 1U);
  for (const auto& change : heard.klines)
    if (change.type != KlineType::m1) {
      EXPECT_EQ(text_of(change.kline).substr(19), " 10 20 10 20 5 x4");
    }
  ASSERT_TRUE(heard.snapshot);
  EXPECT_EQ(heard.snapshot->high, price("20"));
  EXPECT_EQ(heard.snapshot->volume, volume("5"));
  EXPECT_EQ(heard.snapshot->last, price("20"));
}

TEST_F(Restating, the_newest_minute_changes_the_last_price) {
  trade_three_minutes(world);
  EXPECT_EQ(restate("2024-08-06 10:02", "20 21 20 21", "1", 1).snapshot->last, price("21"));
  EXPECT_EQ(world.view(kCoin).snapshot().ts, utc("2024-08-06 10:02:10"));
}

TEST_F(Restating, to_no_trades_removes_the_minute) {
  trade_three_minutes(world);
  const auto heard = restate("2024-08-06 10:02", "00 00 00 00", "0", 0);
  EXPECT_EQ(heard.kline(KlineType::m1)->trades, 0U);
  EXPECT_EQ(texts_of(world.klines(kCoin, KlineType::m1)),
            (Texts{"2024-08-06 10:00:00 10 10 10 10 1 x1", "2024-08-06 10:01:00 50 50 50 50 1 x1"}));
  EXPECT_EQ(heard.snapshot->last, price("50"));
  EXPECT_EQ(heard.snapshot->ts, utc("2024-08-06 10:01:10"));
  EXPECT_EQ(heard.snapshot->volume, volume("2"));
}

TEST_F(Restating, everything_away_leaves_nothing) {
  world.trade(kCoin, "2024-08-06 10:00:10", "10", "1");
  const auto heard = restate("2024-08-06 10:00", "00 00 00 00", "0", 0);
  for (const auto type : market::kKlineTypes) EXPECT_TRUE(world.klines(kCoin, type).empty());
  EXPECT_EQ(heard.snapshot->last, std::nullopt);
  EXPECT_EQ(heard.snapshot->open, std::nullopt);
  world.trade(kCoin, "2024-08-06 10:05:10", "12", "1");
  EXPECT_EQ(texts_of(world.klines(kCoin, KlineType::day)), (Texts{"2024-08-06 00:00:00 12 12 12 12 1 x1"}));
}

TEST_F(Restating, an_untraded_minute_makes_one) {
  trade_three_minutes(world);
  restate("2024-08-06 09:59", "05 06 04 05", "3", 2);
  EXPECT_EQ(text_of(world.klines(kCoin, KlineType::m1).front()), "2024-08-06 09:59:00 5 6 4 5 3 x2");
  EXPECT_EQ(text_of(world.klines(kCoin, KlineType::day).front()), "2024-08-06 00:00:00 5 50 4 20 6 x5");
}

TEST_F(Restating, corrects_by_the_difference_what_cannot_be_folded_any_more) {
  World small{{.klines_kept = 2}};
  trade_three_minutes(small);
  const auto heard = small.apply(KlineRestatement{.instrument = kCoin,
                                                  .start = utc("2024-08-06 10:01"),
                                                  .open = price("15"),
                                                  .high = price("15"),
                                                  .low = price("5"),
                                                  .close = price("15"),
                                                  .volume = volume("7"),
                                                  .turnover = turnover("100"),
                                                  .trades = 3,
                                                  .ts_event = utc("2024-08-06 11:00")});
  // The high of 50 is one of those that cannot be taken back.
  EXPECT_EQ(text_of(*heard.kline(KlineType::day)), "2024-08-06 00:00:00 10 50 5 20 9 x5");
  EXPECT_EQ(heard.kline(KlineType::day)->turnover, turnover("130"));
  EXPECT_EQ(heard.snapshot->volume, volume("9"));
}

TEST_F(Restating, counts_what_it_cannot_do) {
  World small{{.klines_kept = 2}};
  trade_three_minutes(small);
  KlineRestatement restatement{
      .instrument = kCoin, .start = utc("2024-08-06 10:00"), .ts_event = utc("2024-08-06 11:00")};
  EXPECT_TRUE(small.apply(restatement).klines.empty());  // not kept any more
  restatement.start += std::chrono::seconds{1};          // no minute
  EXPECT_TRUE(small.apply(restatement).klines.empty());
  EXPECT_EQ(small.counters().lost_restatements.value(), 2U);
}

}  // namespace
}  // namespace qos::state
