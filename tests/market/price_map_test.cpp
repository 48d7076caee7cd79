#include "market/price_map.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>

namespace qos::market {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

TEST(ExactMap, rounds_halves_up_below_zero_too) {
  const ExactMap half{1, 0, 2};
  struct Row {
    std::int64_t x;
    std::int64_t grid;
    std::int64_t rounded;
  };
  for (const Row& row :
       {Row{1, 1, 1}, Row{-1, 1, 0}, Row{3, 1, 2}, Row{-3, 1, -1}, Row{20, 10, 10}, Row{10, 10, 10},
        Row{9, 10, 0}, Row{-10, 10, 0}, Row{-11, 10, -10}, Row{-30, 10, -10}, Row{-31, 10, -20}}) {
    EXPECT_EQ(half.round(row.x, row.grid), row.rounded) << row.x;
    EXPECT_EQ(FastMap{half}.round(row.x, Grid{row.grid}), row.rounded) << row.x;
  }
}

TEST(ExactMap, joins_and_turns_back) {
  const ExactMap first{2, 3, 5};
  const ExactMap second{7, -11, 13};
  for (const int x : {-1000, -1, 0, 1, 4, 999}) {
    // 7 (2x + 3) / 5 / 13 - 11 / 13
    EXPECT_EQ(first.then(second).round(x, 1), (ExactMap{14, 21 - 55, 65}.round(x, 1)));
    EXPECT_EQ(first.then(first.inverse()).round(x, 1), x);
  }
  EXPECT_TRUE(first.then(first.inverse()).identity());
  EXPECT_FALSE(first.identity());
  EXPECT_FALSE((ExactMap{1, 1, 1}.identity()));
}

TEST(DecimalText, is_exact_and_half_up_at_its_last_place) {
  EXPECT_EQ(decimal_text(1, 2, 3, Zeros::kept), "0.500");
  EXPECT_EQ(decimal_text(1, 2, 3, Zeros::trimmed), "0.5");
  EXPECT_EQ(decimal_text(2, 3, 18, Zeros::trimmed), "0.666666666666666667");
  EXPECT_EQ(decimal_text(700, 7, 2, Zeros::trimmed), "100");
  EXPECT_EQ(decimal_text(700, 7, 2, Zeros::kept), "100.00");
  EXPECT_EQ(decimal_text(-1, 8, 2, Zeros::kept), "-0.12");
  EXPECT_EQ(decimal_text(1, 8, 2, Zeros::kept), "0.13");
  EXPECT_EQ(decimal_text(0, 8, 2, Zeros::trimmed), "0");
  EXPECT_EQ(decimal_text(-1, 1000, 2, Zeros::trimmed), "0");
}

TEST(Grid, says_what_lies_above_the_multiple_below) {
  std::mt19937_64 random{3};
  SCOPED_TRACE("seed 3");
  for (std::int64_t step = 1; step <= 1'000'000'000; step *= 10) {
    const Grid grid{step};
    const auto expect_rest = [&](std::int64_t value) {
      const std::int64_t rest = value % step;
      ASSERT_EQ(grid.rest_of(value), rest < 0 ? rest + step : rest) << value << " step " << step;
    };
    for (const std::int64_t value : {kMost, kMost - 1, kLeast, kLeast + 1, std::int64_t{0}})
      expect_rest(value);
    for (std::int64_t k = -3; k <= 3; ++k)
      for (std::int64_t beside = -1; beside <= 1; ++beside) expect_rest(k * step + beside);
    for (int i = 0; i < 1'000; ++i) expect_rest(static_cast<std::int64_t>(random()) >> (random() % 60));
  }
}

// The fast map against the definition: maps and values of every size, the neighbourhood of ties above all.
TEST(FastMap, agrees_with_the_exact_map_wherever_it_answers) {
  std::mt19937_64 random{20261122};
  SCOPED_TRACE("seed 20261122");
  const auto sized = [&](int most_bits) {
    return static_cast<std::int64_t>(random() >> (64 - 1 - random() % static_cast<unsigned>(most_bits)));
  };
  constexpr std::array<std::int64_t, 5> kGrids{1, 10, 100'000, 10'000'000, 1'000'000'000};
  int answered = 0;
  int all = 0;
  for (int round = 0; round < 3'000; ++round) {
    const int bits = round % 3 == 0 ? 6 : round % 3 == 1 ? 40 : 63;
    BigInteger a = sized(bits) + 1;
    BigInteger d = sized(bits) + 1;
    BigInteger b = round % 2 == 0 ? BigInteger{0} : BigInteger{sized(63)} * (sized(bits) + 1);
    if (random() % 2 == 0) b = -b;
    if (round % 7 == 0) {  // as long products are
      a *= BigInteger{sized(63) + 1} * (sized(63) + 1);
      d *= BigInteger{sized(63) + 1} * (sized(63) + 1);
    }
    const ExactMap exact{a, b, d};
    const FastMap fast{exact};
    const std::int64_t grid = kGrids[random() % kGrids.size()];
    for (int i = 0; i < 40; ++i) {
      std::int64_t x = sized(63);
      if (i % 2 == 0) {
        // Where the value is next to half a grid step: x = ((k + 1/2) grid d - b) / a.
        const BigInteger k = sized(40);
        const BigInteger tie = ((2 * k + 1) * grid * exact.d() / 2 - exact.b()) / exact.a();
        if (tie < kMost && tie > kLeast)
          x = tie.convert_to<std::int64_t>() + static_cast<int>(random() % 3) - 1;
      }
      if (i % 3 == 0) x = -x;
      if (i == 7) x = kMost;
      if (i == 8) x = kLeast;
      if (i == 9) x = 0;
      ++all;
      const auto answer = fast.round(x, Grid{grid});
      if (!answer) continue;
      ++answered;
      ASSERT_EQ(*answer, exact.round(x, grid))
          << exact.a() << " " << exact.b() << " " << exact.d() << " x " << x << " grid " << grid;
    }
  }
  EXPECT_GT(answered, all / 3);
}

// What clients ask for all day: prices of shops and exchanges, a few hundred steps of dividends.
TEST(FastMap, answers_for_ordinary_prices) {
  std::mt19937_64 random{5};
  SCOPED_TRACE("seed 5");
  ExactMap map;
  for (int i = 0; i < 200; ++i) map = map.then(ExactMap{BigInteger{9'900 + random() % 99}, 0, 10'000});
  const FastMap fast{map};
  for (int i = 0; i < 10'000; ++i) {
    const auto cents = static_cast<std::int64_t>(random() % 100'000'000);
    const auto answer = fast.round(cents * 10'000'000, Grid{10'000'000});
    ASSERT_TRUE(answer);
    ASSERT_EQ(*answer, map.round(cents * 10'000'000, 10'000'000));
  }
}

}  // namespace
}  // namespace qos::market
