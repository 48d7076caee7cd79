#include "state/order_book.hpp"

#include <map>
#include <random>

#include "state/world.hpp"

namespace qos::state {
namespace {

using Levels = std::vector<std::pair<std::string, std::string>>;

Levels bids_of(const Depth& depth) {
  Levels levels;
  for (std::uint32_t at = 0; at < depth.bid_count; ++at)
    levels.emplace_back(depth.bids[at].price.to_string(), depth.bids[at].size.to_string());
  return levels;
}

Levels asks_of(const Depth& depth) {
  Levels levels;
  for (std::uint32_t at = 0; at < depth.ask_count; ++at)
    levels.emplace_back(depth.asks[at].price.to_string(), depth.asks[at].size.to_string());
  return levels;
}

TEST(OrderBook, shows_the_best_of_each_side_first) {
  OrderBook book;
  for (const auto* at : {"10", "12", "11"}) book.apply(Side::bid, price(at), size("1"));
  for (const auto* at : {"14", "13", "15"}) book.apply(Side::ask, price(at), size("2"));
  EXPECT_EQ(bids_of(book.depth(2)), (Levels{{"12", "1"}, {"11", "1"}}));
  EXPECT_EQ(asks_of(book.depth(20)), (Levels{{"13", "2"}, {"14", "2"}, {"15", "2"}}));
}

TEST(OrderBook, removes_a_level_whose_size_becomes_zero) {
  OrderBook book;
  book.apply(Side::bid, price("10"), size("1"));
  EXPECT_EQ(book.apply(Side::bid, price("10"), size("0")).rank, 0U);
  EXPECT_EQ(book.depth(20).bid_count, 0U);
  EXPECT_EQ(book.apply(Side::bid, price("10"), size("0")).rank, BookSide::kNotChanged);
}

TEST(OrderBook, says_how_many_better_levels_there_are) {
  OrderBook book;
  EXPECT_EQ(book.apply(Side::ask, price("10"), size("1")).rank, 0U);
  EXPECT_EQ(book.apply(Side::ask, price("12"), size("1")).rank, 1U);
  EXPECT_EQ(book.apply(Side::ask, price("11"), size("1")).rank, 1U);
  EXPECT_EQ(book.apply(Side::ask, price("12"), size("5")).rank, 2U);
  EXPECT_EQ(book.apply(Side::ask, price("12"), size("5")).rank, BookSide::kNotChanged);
}

TEST(OrderBook, takes_the_extreme_prices) {
  OrderBook book;
  const Price lowest = Price::from_raw(std::numeric_limits<std::int64_t>::min());
  const Price highest = Price::from_raw(std::numeric_limits<std::int64_t>::max());
  for (const Price at : {lowest, highest})
    for (const Side side : {Side::bid, Side::ask}) book.apply(side, at, size("1"));
  EXPECT_EQ(book.depth(1).bids[0].price, highest);
  EXPECT_EQ(book.depth(1).asks[0].price, lowest);
}

TEST(OrderBook, drops_the_worst_level_of_a_full_side) {
  OrderBook book;
  for (std::size_t n = 0; n < OrderBook::kMaxLevels; ++n)
    EXPECT_FALSE(
        book.apply(Side::bid, Price::from_raw(1'000 + static_cast<int>(n)), size("1")).dropped_level);
  EXPECT_TRUE(book.apply(Side::bid, Price::from_raw(1), size("1")).dropped_level);
  EXPECT_TRUE(book.apply(Side::bid, price("5"), size("1")).dropped_level);
  EXPECT_EQ(book.depth(1).bids[0].price, price("5"));
  // The worst went: removing it changes nothing.
  EXPECT_EQ(book.apply(Side::bid, Price::from_raw(1'000), size("0")).rank, BookSide::kNotChanged);
  EXPECT_NE(book.apply(Side::bid, Price::from_raw(1'001), size("0")).rank, BookSide::kNotChanged);
}

// Against two naive maps, over random deltas on few prices, so that levels come and go all the time.
TEST(OrderBook, equals_a_map_of_levels) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    OrderBook book;
    std::map<Price, Quantity, std::greater<>> bids;
    std::map<Price, Quantity> asks;
    const auto set = [](auto& levels, Price at, Quantity amount) {
      if (amount == Quantity{}) {
        levels.erase(at);
      } else {
        levels[at] = amount;
      }
    };
    const auto best = [](const auto& levels) {
      Levels out;
      for (const auto& [at, amount] : levels)
        if (out.size() < 20) out.emplace_back(at.to_string(), amount.to_string());
      return out;
    };
    for (int n = 0; n < 3'000; ++n) {
      const Price at = Price::from_raw((static_cast<std::int64_t>(random() % 60) - 30) * Price::kScale);
      const Quantity amount = Quantity::from_units(static_cast<std::int64_t>(random() % 3));
      const Side side = random() % 2 == 0 ? Side::bid : Side::ask;
      book.apply(side, at, amount);
      if (side == Side::bid) {
        set(bids, at, amount);
      } else {
        set(asks, at, amount);
      }
      ASSERT_EQ(bids_of(book.depth(20)), best(bids));
      ASSERT_EQ(asks_of(book.depth(20)), best(asks));
    }
  }
}

class DepthOf : public testing::Test {
 protected:
  Heard delta(InstrumentId id, Side side, std::string_view at, std::string_view amount,
              DeltaPart part = DeltaPart::last) {
    return world.apply(BookDelta{.instrument = id,
                                 .side = side,
                                 .part = part,
                                 .price = price(at),
                                 .size = size(amount),
                                 .ts_event = utc("2024-08-06 02:00:00")});
  }
  Heard quote(InstrumentId id, std::string_view bid, std::string_view ask) {
    return world.apply(Quote{.instrument = id,
                             .bid = price(bid),
                             .bid_size = size("1"),
                             .ask = price(ask),
                             .ask_size = size(ask == "0" ? "0" : "2"),
                             .ts_event = utc("2024-08-06 02:00:00")});
  }
  Heard clear(InstrumentId id) {
    return world.apply(BookClear{.instrument = id, .ts_event = utc("2024-08-06 02:00:00")});
  }

  World world;
};

TEST_F(DepthOf, is_told_when_the_venues_message_is_complete) {
  EXPECT_FALSE(delta(kCoin, Side::bid, "100", "1", DeltaPart::more).depth);
  EXPECT_EQ(world.view(kCoin).depth().bid_count, 0U);
  const auto heard = delta(kCoin, Side::ask, "101", "2");
  ASSERT_TRUE(heard.depth);
  EXPECT_EQ(bids_of(*heard.depth), (Levels{{"100", "1"}}));
  EXPECT_EQ(asks_of(*heard.depth), (Levels{{"101", "2"}}));
  EXPECT_EQ(heard.depth->sequence, Sequence{2});
  EXPECT_EQ(world.view(kCoin).depth(), *heard.depth);
}

TEST_F(DepthOf, is_not_told_again_when_nothing_published_changed) {
  for (int level = 0; level < 11; ++level) delta(kHk, Side::bid, std::to_string(100 - level), "1");
  EXPECT_EQ(world.view(kHk).depth().bid_count, 10U);
  EXPECT_FALSE(delta(kHk, Side::bid, "90", "7").depth);   // the 11th level
  EXPECT_FALSE(delta(kHk, Side::bid, "100", "1").depth);  // the same size
  EXPECT_FALSE(delta(kHk, Side::bid, "100", "5", DeltaPart::more).depth);
  EXPECT_FALSE(delta(kHk, Side::bid, "100", "1").depth);  // there and back in one message
  EXPECT_TRUE(delta(kHk, Side::bid, "91", "7").depth);    // the 10th
  const auto removed = delta(kHk, Side::bid, "95", "0");
  ASSERT_TRUE(removed.depth);
  EXPECT_EQ(bids_of(*removed.depth).back(), (std::pair<std::string, std::string>{"90", "7"}));
}

TEST_F(DepthOf, has_the_markets_number_of_levels) {
  for (int level = 0; level < 30; ++level)
    for (const auto id : {kUs, kHk, kSh, kCoin, kPair, kIndex})
      delta(id, Side::ask, std::to_string(100 + level), "1");
  EXPECT_EQ(world.view(kUs).depth().ask_count, 1U);
  EXPECT_EQ(world.view(kHk).depth().ask_count, 10U);
  EXPECT_EQ(world.view(kSh).depth().ask_count, 5U);
  EXPECT_EQ(world.view(kCoin).depth().ask_count, 20U);
  EXPECT_EQ(world.view(kPair).depth().ask_count, 1U);
  EXPECT_EQ(world.view(kIndex).depth().ask_count, 0U);
}

TEST_F(DepthOf, stays_the_last_good_one_while_the_book_waits_for_a_snapshot) {
  delta(kCoin, Side::bid, "100", "1");
  const Depth good = world.view(kCoin).depth();
  world.apply(Gap{.instrument = kCoin, .from = 5, .to = 9, .ts_event = utc("2024-08-06 02:00:00")});
  EXPECT_FALSE(delta(kCoin, Side::bid, "102", "1").depth);
  EXPECT_EQ(world.counters().stale_book_deltas.value(), 1U);
  EXPECT_EQ(world.view(kCoin).depth(), good);
  EXPECT_FALSE(clear(kCoin).depth);
  EXPECT_EQ(world.view(kCoin).depth(), good);
  const auto heard = delta(kCoin, Side::bid, "103", "1");
  ASSERT_TRUE(heard.depth);
  EXPECT_EQ(bids_of(*heard.depth), (Levels{{"103", "1"}}));
}

TEST_F(DepthOf, is_not_told_when_the_rebuilt_book_is_the_same) {
  delta(kCoin, Side::bid, "100", "1");
  clear(kCoin);
  EXPECT_FALSE(delta(kCoin, Side::bid, "100", "1").depth);
}

TEST_F(DepthOf, is_the_quote_until_there_is_a_book) {
  ASSERT_TRUE(quote(kCoin, "99", "101").depth);
  EXPECT_FALSE(quote(kCoin, "99", "101").depth);
  const auto one_side = quote(kCoin, "99", "0");
  ASSERT_TRUE(one_side.depth);
  EXPECT_EQ(one_side.depth->ask_count, 0U);
  delta(kCoin, Side::bid, "100", "1");
  EXPECT_FALSE(quote(kCoin, "98", "102").depth);
  EXPECT_EQ(bids_of(world.view(kCoin).depth()), (Levels{{"100", "1"}}));
}

TEST_F(DepthOf, counts_levels_that_were_too_many) {
  for (std::size_t n = 0; n <= OrderBook::kMaxLevels; ++n)
    world.apply(BookDelta{.instrument = kCoin,
                          .price = Price::from_raw(1'000 + static_cast<int>(n)),
                          .size = size("1"),
                          .ts_event = utc("2024-08-06 02:00:00")});
  EXPECT_EQ(world.counters().dropped_levels.value(), 1U);
}

}  // namespace
}  // namespace qos::state
