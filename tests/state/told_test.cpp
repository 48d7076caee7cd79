// Numbers without holes, verdicts, stamps and the digest: what lets others prove that nothing is missing.
#include <map>
#include <thread>

#include "state/random_day.hpp"

namespace qos::state {
namespace {

using market::KlineType;

TEST(Numbers, count_every_push_of_a_channel_from_one_without_a_hole) {
  World world{{.klines_kept = 20}};
  RandomEvents events{{.seed = 9, .late_percent = 20, .correction_percent = 10, .calendar_permille = 2}};
  std::map<std::uint32_t, Numbers> counted;
  for (int n = 0; n < 5'000; ++n)
    for (const auto& heard : world.apply_to_all(events.next(world.instruments()))) {
      Numbers& numbers = counted[heard.instrument.value()];
      if (heard.trade) {
        ASSERT_EQ(heard.trade->number, ++numbers.trade);
      }
      if (heard.snapshot) {
        ASSERT_EQ(heard.snapshot_number, ++numbers.snapshot);
      }
      if (heard.depth) {
        ASSERT_EQ(heard.depth_number, ++numbers.depth);
      }
      for (const auto& change : heard.klines) {
        auto& number = change.session == StoredSeries::regular ? numbers.klines[market::index_of(change.type)]
                                                               : numbers.session_minutes;
        ASSERT_EQ(change.number, ++number);
      }
      ASSERT_EQ(world.view(heard.instrument).numbers(), numbers);
    }
  EXPECT_EQ(counted.size(), 6U);
  EXPECT_GT(counted[kUs.value()].session_minutes, 0U);
  for (const auto& trade : world.view(kUs).trades(2)) EXPECT_GT(trade.number, 0U);
}

// Changed on purpose only: journals hold digests that every later version must come to again.
TEST(Digest, of_a_known_day_is_what_it_always_was) {
  World world;
  world.trade(kUs, "2024-08-06 08:00:10", "188.5", "50");
  world.trade(kUs, "2024-08-06 13:30:05", "189.01", "100");
  world.apply(BookDelta{.instrument = kHk,
                        .side = Side::ask,
                        .price = price("360.2"),
                        .size = size("400"),
                        .ts_event = utc("2024-08-06 02:30:00")});
  world.tick(kUs, "2024-08-06 13:31:00");
  EXPECT_EQ(world.machine().digest(), 10564344426550377017U);
}

TEST(Digest, depends_on_everything_that_is_told) {
  const auto digest_of = [](InstrumentId id, std::string_view at, std::string_view amount, Aggressor side) {
    World world;
    world.apply(Trade{.instrument = id,
                      .price = price(at),
                      .size = size(amount),
                      .ts_event = utc("2024-08-06 13:30:05"),
                      .aggressor = side});
    return world.machine().digest();
  };
  const auto digest = digest_of(kCoin, "10", "3", Aggressor::buy);
  EXPECT_NE(digest, 0U);
  EXPECT_EQ(digest, digest_of(kCoin, "10", "3", Aggressor::buy));
  EXPECT_NE(digest, digest_of(kUs, "10", "3", Aggressor::buy));
  EXPECT_NE(digest, digest_of(kCoin, "11", "3", Aggressor::buy));
  EXPECT_NE(digest, digest_of(kCoin, "10", "4", Aggressor::buy));
  EXPECT_NE(digest, digest_of(kCoin, "10", "3", Aggressor::sell));
  EXPECT_EQ(World{}.machine().digest(), 0U);
}

TEST(Digest, in_the_journal_that_is_another_is_counted_and_state_goes_on) {
  World world;
  world.trade(kCoin, "2024-08-06 13:30:05", "10", "1");
  const auto at = utc("2024-08-06 13:30:06");
  world.apply(StateDigest{.digest = world.machine().digest(), .ts_event = at});
  EXPECT_EQ(world.counters().digest_mismatches.value(), 0U);
  world.apply(StateDigest{.digest = world.machine().digest() + 1, .ts_event = at});
  EXPECT_EQ(world.counters().digest_mismatches.value(), 1U);
  EXPECT_TRUE(world.trade(kCoin, "2024-08-06 13:30:07", "11", "1").trade);
}

class Verdicts : public testing::Test {
 protected:
  TradeVerdict of(InstrumentId id, std::string_view time,
                  TradeCondition condition = TradeCondition::regular) {
    return world.trade(id, time, "10", "100", condition).verdict.value();
  }
  World world{{.klines_kept = 2}};
};

TEST_F(Verdicts, say_what_became_of_each_trade_and_why) {
  using enum TradeRule;
  using enum StoredSeries;
  const auto verdict = [](TradeRule rule, StoredSeries series = regular, std::string_view minute = "") {
    return TradeVerdict{rule, series, minute.empty() ? UnixNanos{} : utc(minute)};
  };
  EXPECT_EQ(of(kUs, "2024-08-06 13:30:01", TradeCondition::odd_lot), verdict(waits_for_price));
  EXPECT_EQ(of(kUs, "2024-08-06 13:30:05"), verdict(counted, regular, "2024-08-06 13:30"));
  EXPECT_EQ(of(kUs, "2024-08-06 13:30:07", TradeCondition::odd_lot),
            verdict(volume_only, regular, "2024-08-06 13:30"));
  EXPECT_EQ(of(kUs, "2024-08-06 13:30:08", TradeCondition::after_close_fixed), verdict(tape_only));
  EXPECT_EQ(of(kUs, "2024-08-06 08:00:08"), verdict(counted, pre_market, "2024-08-06 08:00"));
  EXPECT_EQ(of(kHk, "2024-08-06 04:30:00"), verdict(outside_sessions));  // lunch
  EXPECT_EQ(of(kUs, "2024-08-06 13:31:05").rule, counted);
  EXPECT_EQ(of(kUs, "2024-08-06 13:32:05").rule, counted);
  EXPECT_EQ(of(kUs, "2024-08-06 13:30:09"), verdict(too_old));
  const auto refused = world.machine().apply(
      {Sequence{world.last().value() + 1},
       {.body = Trade{.instrument = kUs, .size = size("-1"), .ts_event = utc("2024-08-06 13:33")}}});
  EXPECT_EQ(refused.verdict, verdict(implausible));
  EXPECT_TRUE(refused.empty());
}

TEST_F(Verdicts, are_of_trades_only) {
  EXPECT_FALSE(
      world.apply(TradeBust{.instrument = kUs, .trade_id = 5, .ts_event = utc("2024-08-06 13:30")}).verdict);
}

// Every trade of the coin moves last, tape, minute and numbers together; a reader who looks at all of them
// between two stamps that are even and the same must find them together.
TEST(Stamp, says_whether_what_was_read_belongs_together) {
  World world{{.klines_kept = 10}};
  const auto& view = world.view(kCoin);
  EXPECT_EQ(view.stamp() % 2, 0U);
  std::atomic<bool> done{false};
  std::atomic<int> consistent{0};
  std::jthread reader{[&] {
    while (!done.load()) {
      const auto before = view.stamp();
      if (before % 2 != 0) continue;
      const auto snapshot = view.snapshot();
      const auto trades = view.trades(1);
      const auto day = view.klines(KlineType::day, 1);
      const auto numbers = view.numbers();
      const auto version = view.version();
      if (view.stamp() != before || trades.empty()) continue;
      ++consistent;
      ASSERT_EQ(snapshot.last, trades[0].price);
      ASSERT_EQ(snapshot.sequence, trades[0].sequence);
      ASSERT_EQ(day.at(0).close, trades[0].price);
      ASSERT_EQ(numbers.trade, trades[0].number);
      ASSERT_EQ(numbers.snapshot, trades[0].number);
      ASSERT_EQ(version, trades[0].sequence);
    }
  }};
  for (int n = 1; n <= 50'000 || consistent.load() == 0; ++n)
    world.apply(Trade{.instrument = kCoin,
                      .price = Price::from_raw(n),
                      .size = Quantity::from_units(1),
                      .ts_event = utc("2024-08-06 00:00:00") + std::chrono::milliseconds{n}});
  done = true;
  reader.join();
  EXPECT_GT(consistent.load(), 0);
}

}  // namespace
}  // namespace qos::state
