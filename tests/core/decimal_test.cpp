#include "core/decimal.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "core/price.hpp"

namespace qos {
namespace {

TEST(Price, round_trips_every_plain_decimal_that_fits) {
  for (const char* text : {"0", "101.25", "-37.63", "0.000000001", "9223372036.854775807",
                           "-9223372036.854775808", "83939.8", "1"}) {
    const auto price = Price::parse(text);
    ASSERT_TRUE(price) << text;
    EXPECT_EQ(price->to_string(), text);
  }
}

TEST(Price, refuses_whatever_is_no_plain_decimal_or_does_not_fit) {
  for (const char* text : {"", "-", ".5", "5.", "1e5", "inf", "nan", "+1", " 1", "1 ", "1,0", "0x10", "--1",
                           "1.2.3", "1.0000000001", "9223372036.854775808", "-9223372036.854775809",
                           "99999999999999999999999999999999999999999999"})
    EXPECT_FALSE(Price::parse(text)) << text;
}

TEST(Price, drops_trailing_zeros_and_takes_zeros_past_its_last_decimal) {
  EXPECT_EQ(Price::parse("101.250000000000")->to_string(), "101.25");
  EXPECT_EQ(Price::parse("-0.10")->to_string(), "-0.1");
  EXPECT_EQ(Price::parse("007")->to_string(), "7");
}

TEST(Price, prints_the_smallest_integer) {
  EXPECT_EQ(Price::from_raw(std::numeric_limits<std::int64_t>::min()).to_string(), "-9223372036.854775808");
}

TEST(Decimal, pads_to_the_decimals_asked_for_and_no_further) {
  const auto text = [](Int128 value, int digits, int min_decimals) {
    std::string out;
    append_scaled(out, value, digits, min_decimals);
    return out;
  };
  EXPECT_EQ(text(21050, 2, 0), "210.5");
  EXPECT_EQ(text(21050, 2, 2), "210.50");
  EXPECT_EQ(text(83'939'800'000'000, 9, 2), "83939.80");
  EXPECT_EQ(text(83'939'812'000'000, 9, 2), "83939.812");
  EXPECT_EQ(text(5'000'000, 8, 3), "0.050");
  EXPECT_EQ(text(0, 8, 3), "0.000");
  EXPECT_EQ(text(0, 8, 0), "0");
  EXPECT_EQ(text(0, 0, 0), "0");
  EXPECT_EQ(text(-5, 3, 0), "-0.005");
  EXPECT_EQ(text(1'000, 3, 0), "1");
}

TEST(Decimal, prints_sums_beyond_64_bits_exactly) {
  std::string out;
  append_scaled(out, std::numeric_limits<Int128>::min(), 17);
  EXPECT_EQ(out, "-1701411834604692317316.87303715884105728");
  EXPECT_EQ(Volume::parse("123456789012345678901.5")->to_string(), "123456789012345678901.5");
}

TEST(Turnover, is_the_exact_product_of_price_and_quantity) {
  const Turnover turnover{*Price::parse("61800.30"), *Quantity::parse("0.006")};
  EXPECT_EQ(turnover.to_string(), "370.8018");
  Turnover day;
  for (int trade = 0; trade < 1'000'000; ++trade)
    day += Turnover{*Price::parse("1473.4792"), Quantity::from_units(1'000'000'000)};
  EXPECT_EQ(day.to_string(), "1473479200000000000");
}

TEST(Quantity, refuses_more_decimals_than_it_can_hold) {
  EXPECT_FALSE(Quantity::parse("0.000000001"));
  EXPECT_EQ(Quantity::parse("0.00000001")->raw(), 1);
}

// Short numbers are read another way than long ones; both must agree on every text. Model: the 128-bit
// reading.
TEST(Decimal, reads_short_texts_as_it_reads_long_ones) {
  constexpr unsigned kSeed = 1;
  std::mt19937 random{kSeed};
  constexpr std::string_view kCharacters = "0123456789012345678901234567890123456789....--+e ";
  int accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text;
    for (auto length = random() % 22; length > 0; --length)
      text += kCharacters[random() % kCharacters.size()];
    const int digits = static_cast<int>(random() % 19);
    const auto wide = parse_scaled128(text, digits);
    const bool fits = wide && *wide >= std::numeric_limits<std::int64_t>::min() &&
                      *wide <= std::numeric_limits<std::int64_t>::max();
    const auto narrow = parse_scaled(text, digits);
    ASSERT_EQ(narrow.has_value(), fits) << '"' << text << "\" with " << digits << ", seed " << kSeed;
    ASSERT_TRUE(!narrow || *narrow == *wide) << '"' << text << "\" with " << digits << ", seed " << kSeed;
    accepted += fits ? 1 : 0;
  }
  EXPECT_GT(accepted, 10'000);
}

// Every 64-bit pattern prints as text that parses back to itself: a walk over magnitudes and digit counts.
TEST(Decimal, every_value_prints_as_text_that_parses_back) {
  for (int digits = 0; digits <= 18; ++digits) {
    std::int64_t value = 1;
    for (int step = 0; step < 62; ++step) {
      for (const std::int64_t probe : {value, -value, value - 1, value + 1}) {
        std::string text;
        append_scaled(text, probe, digits);
        EXPECT_EQ(parse_scaled(text, digits), probe) << text << " with " << digits;
      }
      value *= 2;
    }
  }
}

}  // namespace
}  // namespace qos
