#include "market/tick_rule.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace qos::market {
namespace {

Price price(std::string_view text) {
  return Price::parse(text).value();
}
TickRule rule(std::string_view text) {
  return TickRule::parse(text).value();
}

TEST(TickRule, a_fixed_tick_keeps_the_decimals_it_was_written_with) {
  const TickRule tick = rule("0.10");
  EXPECT_EQ(tick.decimals(), 2);
  EXPECT_EQ(tick.tick_at(price("83939.8")), price("0.1"));
  EXPECT_TRUE(tick.on_grid(price("83939.8")));
  EXPECT_FALSE(tick.on_grid(price("83939.85")));
  EXPECT_EQ(tick.round_down(price("83939.89")), price("83939.8"));
  EXPECT_EQ(tick.round_down(price("-0.15")), price("-0.2"));
  EXPECT_EQ(tick.up(price("10"), 3), price("10.3"));
  EXPECT_EQ(tick.up(price("10"), -3), price("9.7"));
  EXPECT_EQ(tick.up(price("0.2"), -5), price("0.1"));
  EXPECT_EQ(tick.up(price("10.04"), 1), price("10.1"));
  EXPECT_EQ(tick.up(price("10.04"), -1), price("10"));
  EXPECT_EQ(tick.up(price("10.04"), 0), price("10"));
}

TEST(TickRule, refuses_what_is_no_tick) {
  for (const char* text : {"", "0", "-0.01", "0.0000000001", "1e-2", "hkex", "HKEX ", "CN"})
    EXPECT_FALSE(TickRule::parse(text)) << text;
  EXPECT_EQ(TickRule::parse("abc").error().message,
            "a tick must be a decimal above 0 with at most 9 places, HKEX or US, not 'abc'");
}

TEST(TickRule, hong_kong_ticks_grow_with_the_price) {
  const TickRule hkex = rule("HKEX");
  EXPECT_EQ(hkex.decimals(), 3);
  struct Row {
    const char* price;
    const char* tick;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"0.01", "0.001"}, {"0.249", "0.001"}, {"0.25", "0.005"}, {"0.495", "0.005"}, {"0.5", "0.01"},
           {"9.99", "0.01"},  {"10", "0.01"},     {"19.99", "0.01"}, {"20", "0.02"},     {"49.98", "0.02"},
           {"50", "0.05"},    {"99.95", "0.05"},  {"100", "0.1"},    {"199.9", "0.1"},   {"200", "0.2"},
           {"499.8", "0.2"},  {"500", "0.5"},     {"1000", "1"},     {"2000", "2"},      {"5000", "5"},
           {"9995", "5"}}) {
    EXPECT_EQ(hkex.tick_at(price(row.price)), price(row.tick)) << row.price;
    EXPECT_TRUE(hkex.on_grid(price(row.price))) << row.price;
  }
  EXPECT_FALSE(hkex.on_grid(price("20.01")));
  EXPECT_FALSE(hkex.on_grid(price("0.251")));
  EXPECT_EQ(hkex.round_down(price("20.03")), price("20.02"));
  EXPECT_EQ(hkex.up(price("19.98"), 3), price("20.02"));
  EXPECT_EQ(hkex.up(price("20.02"), -3), price("19.98"));
  EXPECT_EQ(hkex.up(price("20"), -1), price("19.99"));
  EXPECT_EQ(hkex.up(price("0.249"), 2), price("0.255"));
  EXPECT_EQ(hkex.up(price("0.003"), -10), price("0.001"));
}

TEST(TickRule, us_prices_below_one_dollar_have_hundredths_of_a_cent) {
  const TickRule us = rule("US");
  EXPECT_EQ(us.decimals(), 4);
  EXPECT_TRUE(us.on_grid(price("0.9999")));
  EXPECT_FALSE(us.on_grid(price("1.0001")));
  EXPECT_EQ(us.up(price("0.9999"), 2), price("1.01"));
  EXPECT_EQ(us.up(price("1.01"), -2), price("0.9999"));
}

TEST(TickRule, stays_within_the_numbers_at_both_ends) {
  const auto most = std::numeric_limits<std::int64_t>::max();
  const auto least = std::numeric_limits<std::int64_t>::min();
  for (const char* text : {"0.01", "HKEX", "US", "0.000000001"}) {
    const TickRule tick = rule(text);
    EXPECT_GT(tick.up(Price::from_raw(most), std::numeric_limits<int>::max()).raw(), most - 10'000'000'000);
    EXPECT_EQ(tick.up(Price::from_raw(least), std::numeric_limits<int>::min()), tick.tick_at(Price{}))
        << text;
    EXPECT_LE(tick.round_down(Price::from_raw(most)).raw(), most);
    EXPECT_EQ(tick.round_down(Price::from_raw(least)).raw() - least < 0, false);
  }
}

// Many steps at once must land where as many single steps do.
TEST(TickRule, many_steps_are_as_many_single_ones) {
  std::mt19937_64 random{20260105};
  for (const char* text : {"HKEX", "US", "0.05"}) {
    const TickRule tick = rule(text);
    for (int round = 0; round < 300; ++round) {
      const Price start = Price::from_raw(static_cast<std::int64_t>(random() % 60'000'000'000));
      const int steps = static_cast<int>(random() % 4000) - 2000;
      Price walked = start;
      for (int step = 0; step < std::abs(steps); ++step) walked = tick.up(walked, steps > 0 ? 1 : -1);
      const Price jumped = steps == 0 ? tick.round_down(start) : tick.up(start, steps);
      ASSERT_EQ(steps == 0 ? jumped : walked, jumped)
          << text << " from " << start.to_string() << " by " << steps;
      ASSERT_TRUE(tick.on_grid(jumped) || jumped == tick.tick_at(Price{})) << jumped.to_string();
    }
  }
}

}  // namespace
}  // namespace qos::market
