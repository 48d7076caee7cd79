#include "archive/float_decimal.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

namespace qos::archive {
namespace {

std::uint32_t bits(float value) {
  return std::bit_cast<std::uint32_t>(value);
}

TEST(RoundFloat, finds_the_decimal_that_was_meant) {
  struct Row {
    float value;
    std::int64_t scale;
    std::int64_t scaled;
  };
  for (const auto& row :
       {Row{36.71F, 100, 3671}, Row{0.01F, 100, 1}, Row{2.604F, 1000, 2604}, Row{0.F, 100, 0},
        Row{3214.66F, 100, 321466}, Row{656382492672.F, 100, 65638249267200},
        Row{2030838.125F, 100, 203083813}, Row{0.5F, 1, 1}, Row{-0.F, 100, 0}}) {
    const auto rounded = round_float(bits(row.value), row.scale);
    ASSERT_TRUE(rounded) << row.value;
    EXPECT_EQ(static_cast<std::int64_t>(rounded->scaled), row.scaled) << row.value;
  }
}

TEST(RoundFloat, says_whether_a_decimal_of_the_scale_can_have_been_meant) {
  EXPECT_TRUE(round_float(bits(36.71F), 100)->meant);
  EXPECT_FALSE(round_float(bits(36.715F), 100)->meant);
  EXPECT_TRUE(round_float(bits(36.715F), 1000)->meant);
  // Every price to 999.99 as floats hold it, and one unit in the last place beside.
  for (int cents = 1; cents < 100'000; ++cents) {
    const float value = static_cast<float>(cents) / 100.F;
    for (const auto near : {bits(value), bits(value) + 1, bits(value) - 1}) {
      const auto rounded = round_float(near, 100);
      ASSERT_TRUE(rounded && rounded->meant) << cents;
      ASSERT_EQ(static_cast<int>(rounded->scaled), cents);
    }
  }
}

TEST(RoundFloat, refuses_what_is_no_amount) {
  for (const float value :
       {-1.F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(),
        -std::numeric_limits<float>::denorm_min(), 9.3e18F})
    EXPECT_FALSE(round_float(bits(value), 100)) << value;
  EXPECT_TRUE(round_float(bits(9.2e18F), 1'000'000'000));
  const auto tiny = round_float(1, 1'000'000'000);
  ASSERT_TRUE(tiny);
  EXPECT_EQ(static_cast<int>(tiny->scaled), 0);
  EXPECT_FALSE(tiny->meant);
}

}  // namespace
}  // namespace qos::archive
