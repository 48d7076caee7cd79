// Trades that the venue takes back or corrects. Times are UTC: New York is 4 hours behind in August 2024.
#include <map>
#include <random>

#include "state/alike.hpp"

namespace qos::state {
namespace {

using market::KlineType;
using Texts = std::vector<std::string>;
using enum TradeCondition;

Trade numbered(InstrumentId id, std::uint64_t number, std::string_view time, std::string_view at,
               std::string_view amount, TradeCondition condition = regular) {
  return {.instrument = id,
          .price = price(at),
          .size = size(amount),
          .trade_id = number,
          .ts_event = utc(time),
          .condition = condition};
}

class Correcting : public testing::Test {
 protected:
  Heard bust(std::uint64_t number, InstrumentId id = kCoin) {
    return world.apply(TradeBust{.instrument = id, .trade_id = number, .ts_event = utc("2024-08-06 23:00")});
  }
  Heard correct(std::uint64_t number, std::string_view at, std::string_view amount,
                TradeCondition condition = regular, InstrumentId id = kCoin) {
    return world.apply(TradeCorrection{.instrument = id,
                                       .trade_id = number,
                                       .price = price(at),
                                       .size = size(amount),
                                       .condition = condition,
                                       .ts_event = utc("2024-08-06 23:00")});
  }
  void trade_two_minutes(World& into) {
    into.apply(numbered(kCoin, 1, "2024-08-06 10:00:10", "10", "1"));
    into.apply(numbered(kCoin, 2, "2024-08-06 10:00:20", "90", "2"));
    into.apply(numbered(kCoin, 3, "2024-08-06 10:00:30", "11", "3"));
    into.apply(numbered(kCoin, 4, "2024-08-06 10:01:10", "20", "4"));
  }
  Texts minutes(InstrumentId id = kCoin) { return texts_of(world.klines(id, KlineType::m1)); }
  Kline day(InstrumentId id = kCoin) { return world.klines(id, KlineType::day).back(); }
  std::uint64_t lost() { return world.counters().lost_restatements.value(); }

  World world;
};

TEST_F(Correcting, a_busted_trade_never_happened) {
  trade_two_minutes(world);
  const auto heard = bust(2);
  EXPECT_EQ(text_of(*heard.kline(KlineType::m1)), "2024-08-06 10:00:00 10 11 10 11 4 x2");
  EXPECT_EQ(heard.kline(KlineType::m1)->revision, 1U);
  EXPECT_EQ(text_of(*heard.kline(KlineType::day)), "2024-08-06 00:00:00 10 20 10 20 8 x3");
  EXPECT_EQ(heard.kline(KlineType::day)->turnover, turnover("123"));
  ASSERT_TRUE(heard.snapshot);
  EXPECT_EQ(heard.snapshot->high, price("20"));
  EXPECT_EQ(heard.snapshot->volume, volume("8"));
  EXPECT_FALSE(heard.trade);
  EXPECT_EQ(plain(world.view(kCoin).trades(10)).size(), 3U);
  EXPECT_EQ(lost(), 0U);
}

TEST_F(Correcting, a_correction_is_what_the_trade_should_have_been) {
  trade_two_minutes(world);
  EXPECT_EQ(text_of(*correct(2, "9", "5").kline(KlineType::m1)), "2024-08-06 10:00:00 10 11 9 11 9 x3");
  EXPECT_EQ(day().low, price("9"));
  EXPECT_EQ(plain(world.view(kCoin).trades(10))[1], "9 5 2024-08-06 10:00:20");
  // Corrected once more, then taken back.
  EXPECT_EQ(text_of(*correct(2, "12", "1").kline(KlineType::m1)), "2024-08-06 10:00:00 10 12 10 11 5 x3");
  EXPECT_EQ(text_of(*bust(2).kline(KlineType::m1)), "2024-08-06 10:00:00 10 11 10 11 4 x2");
}

TEST_F(Correcting, to_what_it_was_changes_nothing) {
  trade_two_minutes(world);
  const auto heard = correct(3, "11", "3");
  EXPECT_TRUE(heard.klines.empty() && !heard.snapshot);
}

TEST_F(Correcting, the_latest_trade_takes_last_back) {
  trade_two_minutes(world);
  const auto heard = bust(4);
  EXPECT_EQ(heard.snapshot->last, price("11"));
  EXPECT_EQ(heard.snapshot->ts, utc("2024-08-06 10:00:30"));
  EXPECT_EQ(minutes(), Texts{"2024-08-06 10:00:00 10 90 10 11 6 x3"});
  // The removed minute is told as one that nothing was traded in.
  EXPECT_EQ(text_of(*heard.kline(KlineType::m1)), "2024-08-06 10:01:00 11 11 11 11 0 x0");
}

TEST_F(Correcting, everything_away_leaves_nothing_and_tells_so) {
  world.apply(numbered(kCoin, 1, "2024-08-06 10:00:10", "10", "1"));
  const auto heard = bust(1);
  for (const auto type : market::kKlineTypes) {
    EXPECT_TRUE(world.klines(kCoin, type).empty());
    EXPECT_EQ(heard.kline(type)->trades, 0U);
  }
  EXPECT_EQ(plain(world.view(kCoin).snapshot()), plain(Snapshot{}));
}

TEST_F(Correcting, counts_what_it_does_not_know_and_harms_nothing) {
  trade_two_minutes(world);
  world.trade(kCoin, "2024-08-06 10:01:20", "21", "1");  // without a number
  const auto before = plain(world.view(kCoin).snapshot());
  EXPECT_TRUE(bust(77).klines.empty());
  EXPECT_TRUE(bust(0).klines.empty());
  EXPECT_TRUE(bust(1, kHk).klines.empty());
  EXPECT_TRUE(correct(0, "1", "1").klines.empty());
  EXPECT_EQ(lost(), 4U);
  EXPECT_EQ(plain(world.view(kCoin).snapshot()), before);
  EXPECT_FALSE(bust(4).klines.empty());
  EXPECT_TRUE(bust(4).klines.empty());
  EXPECT_TRUE(correct(4, "1", "1").klines.empty());
  EXPECT_EQ(lost(), 6U);
  const auto refused = world.counters().refused.value();
  correct(1, "1", "-1");
  EXPECT_EQ(world.counters().refused.value(), refused + 1);
}

// A trade of the minute has no number, so the rest of it is not known: sums are right, prices can only widen.
TEST_F(Correcting, corrects_by_the_difference_where_the_minute_is_not_known_whole) {
  trade_two_minutes(world);
  world.trade(kCoin, "2024-08-06 10:00:40", "12", "1");
  EXPECT_EQ(text_of(*bust(2).kline(KlineType::m1)), "2024-08-06 10:00:00 10 90 10 12 5 x3");
  EXPECT_EQ(text_of(*correct(3, "5", "1").kline(KlineType::m1)), "2024-08-06 10:00:00 10 90 5 12 3 x3");
  EXPECT_EQ(day().turnover, turnover("107"));  // 10 + 5 + 80 + 12
  EXPECT_EQ(lost(), 0U);
}

TEST_F(Correcting, forgets_the_oldest_trades) {
  World small{{.ledger_kept = 2}};
  trade_two_minutes(small);
  const auto bust_of = [&](std::uint64_t number) {
    return small.apply(
        TradeBust{.instrument = kCoin, .trade_id = number, .ts_event = utc("2024-08-06 23:00")});
  };
  EXPECT_TRUE(bust_of(2).klines.empty());
  EXPECT_EQ(small.counters().lost_restatements.value(), 1U);
  EXPECT_EQ(text_of(*bust_of(3).kline(KlineType::m1)), "2024-08-06 10:00:00 10 90 10 11 3 x2");
  World none{{.ledger_kept = 0}};
  trade_two_minutes(none);
  EXPECT_TRUE(none.apply(TradeBust{.instrument = kCoin, .trade_id = 4, .ts_event = utc("2024-08-06 23:00")})
                  .klines.empty());
}

TEST_F(Correcting, a_price_that_was_an_odd_lot_is_lent_the_one_before) {
  world.apply(numbered(kUs, 1, "2024-08-06 13:30:10", "10", "100"));
  world.apply(numbered(kUs, 2, "2024-08-06 13:31:10", "50", "100"));
  world.apply(numbered(kUs, 3, "2024-08-06 13:32:10", "60", "7", odd_lot));
  correct(2, "50", "90", odd_lot, kUs);
  EXPECT_EQ(minutes(kUs),
            (Texts{"2024-08-06 13:30:00 10 10 10 10 100 x1", "2024-08-06 13:31:00 10 10 10 10 90 x1",
                   "2024-08-06 13:32:00 10 10 10 10 7 x1"}));
  // Without any price the day's volume waits for one.
  bust(1, kUs);
  EXPECT_TRUE(minutes(kUs).empty());
  EXPECT_EQ(world.view(kUs).snapshot().last, std::nullopt);
  world.apply(numbered(kUs, 4, "2024-08-06 13:40:10", "12", "100"));
  EXPECT_EQ(minutes(kUs), Texts{"2024-08-06 13:40:00 12 12 12 12 197 x3"});
  // And what waited can be taken back of there.
  bust(3, kUs);
  EXPECT_EQ(minutes(kUs), Texts{"2024-08-06 13:40:00 12 12 12 12 190 x2"});
  EXPECT_EQ(lost(), 0U);
}

TEST_F(Correcting, a_closing_print_that_was_an_ordinary_trade_changes_its_minute) {
  world.apply(numbered(kHk, 1, "2024-08-06 07:30:10", "10", "100"));
  world.apply(numbered(kHk, 2, "2024-08-06 07:45:10", "11", "100", closing_auction));
  EXPECT_EQ(minutes(kHk).back(), "2024-08-06 07:59:00 11 11 11 11 100 x1");
  correct(2, "11", "100", regular, kHk);
  EXPECT_EQ(minutes(kHk).back(), "2024-08-06 07:45:00 11 11 11 11 100 x1");
  EXPECT_EQ(world.klines(kHk, KlineType::m1).size(), 2U);
  EXPECT_EQ(day(kHk).volume, volume("200"));
}

TEST_F(Correcting, extended_sessions_are_restated_like_the_regular_one) {
  world.apply(numbered(kUs, 1, "2024-08-06 12:00:10", "10", "100"));
  world.apply(numbered(kUs, 2, "2024-08-06 12:00:20", "50", "100"));
  world.apply(numbered(kUs, 3, "2024-08-06 12:01:20", "11", "100"));
  const auto heard = bust(2, kUs);
  ASSERT_EQ(heard.klines.size(), 1U);
  EXPECT_EQ(heard.klines[0].session, StoredSeries::pre_market);
  EXPECT_EQ(text_of(heard.klines[0].kline), "2024-08-06 12:00:00 10 10 10 10 100 x1");
  ASSERT_TRUE(heard.snapshot && heard.snapshot->pre_market);
  EXPECT_EQ(plain(heard.snapshot->pre_market), "11 11 10 - v200 t2100 @2024-08-06 12:01:20");
  EXPECT_EQ(bust(3, kUs).snapshot->last, price("10"));
  EXPECT_FALSE(bust(1, kUs).snapshot->pre_market);
  EXPECT_TRUE(world.view(kUs).extended_minutes(StoredSeries::pre_market, 10).empty());
}

// Trades of some days; some are taken back, some corrected. Whoever never heard the wrong ones sees the same.
struct Story {
  std::vector<Trade> told;                     // as they came
  std::map<std::size_t, EventBody> corrected;  // told after this one
  std::vector<Trade> right;                    // as they should have come
};

Story random_story(unsigned seed, int late_percent, int volume_only_percent) {
  std::mt19937 random{seed};
  const auto pick = [&](int below) { return std::uniform_int_distribution<int>{0, below - 1}(random); };
  Story story;
  UnixNanos now = utc("2024-08-05 06:00");
  std::vector<bool> gone;
  for (int n = 0; n < 1'500; ++n) {
    now += std::chrono::milliseconds{pick(120'000)};
    Trade trade{.instrument = InstrumentId{static_cast<std::uint32_t>(pick(6))},
                .price = Price::from_raw((1'000 + pick(50)) * std::int64_t{10'000'000}),
                .size = Quantity::from_units(1 + pick(500)),
                .trade_id = static_cast<std::uint64_t>(n) + 1,
                .ts_event = now};
    if (pick(100) < late_percent) trade.ts_event -= std::chrono::seconds{pick(900)};
    if (pick(100) < volume_only_percent) trade.condition = pick(2) == 0 ? odd_lot : off_book;
    story.told.push_back(trade);
    story.right.push_back(trade);
    gone.push_back(false);
    if (pick(100) >= 15) continue;
    const auto at = static_cast<std::size_t>(std::max(0, n - pick(60)));
    Trade& right = story.right[at];
    if (gone[at]) continue;
    if (pick(2) == 0) {
      gone[at] = true;
      story.corrected.emplace(
          story.told.size() - 1,
          TradeBust{.instrument = right.instrument, .trade_id = right.trade_id, .ts_event = now});
    } else {
      right.price = Price::from_raw((1'000 + pick(50)) * std::int64_t{10'000'000});
      right.size = Quantity::from_units(1 + pick(500));
      if (pick(100) < volume_only_percent) right.condition = pick(2) == 0 ? odd_lot : regular;
      story.corrected.emplace(story.told.size() - 1, TradeCorrection{.instrument = right.instrument,
                                                                     .trade_id = right.trade_id,
                                                                     .price = right.price,
                                                                     .size = right.size,
                                                                     .condition = right.condition,
                                                                     .ts_event = now});
    }
  }
  std::size_t kept = 0;
  for (std::size_t at = 0; at < story.right.size(); ++at)
    if (!gone[at]) story.right[kept++] = story.right[at];
  story.right.resize(kept);
  return story;
}

void expect_the_same_market(unsigned seed, int late_percent, int volume_only_percent) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  const Story story = random_story(seed, late_percent, volume_only_percent);
  World corrected{{.trades_kept = 2'000}};
  World never_wrong{{.trades_kept = 2'000}};
  for (std::size_t at = 0; at < story.told.size(); ++at) {
    corrected.apply(story.told[at]);
    if (const auto found = story.corrected.find(at); found != story.corrected.end())
      corrected.apply(found->second);
  }
  for (const Trade& trade : story.right) never_wrong.apply(trade);
  EXPECT_EQ(corrected.counters().lost_restatements.value(), 0U);
  for (std::uint32_t id = 0; id < 6; ++id) {
    SCOPED_TRACE("instrument " + std::to_string(id));
    expect_alike(corrected.view(InstrumentId{id}), never_wrong.view(InstrumentId{id}));
    EXPECT_EQ(plain(corrected.view(InstrumentId{id}).trades(2'000)),
              plain(never_wrong.view(InstrumentId{id}).trades(2'000)));
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Corrections, leave_the_market_as_if_the_trades_had_never_been_wrong) {
  for (unsigned seed = 1; seed <= 10 && !testing::Test::HasFailure(); ++seed)
    expect_the_same_market(seed, 0, 0);
}

TEST(Corrections, are_exact_among_late_trades) {
  for (unsigned seed = 1; seed <= 10 && !testing::Test::HasFailure(); ++seed)
    expect_the_same_market(seed, 20, 0);
}

TEST(Corrections, are_exact_among_odd_lots) {
  for (unsigned seed = 1; seed <= 10 && !testing::Test::HasFailure(); ++seed)
    expect_the_same_market(seed, 0, 40);
}

}  // namespace
}  // namespace qos::state
