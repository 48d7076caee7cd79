#include "core/spsc_ring.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace qos {
namespace {

TEST(SpscRing, says_full_instead_of_overwriting) {
  SpscRing<int> ring{4};
  for (int value = 0; value < 4; ++value) EXPECT_TRUE(ring.try_push(value));
  EXPECT_FALSE(ring.try_push(4));
  int taken = -1;
  EXPECT_TRUE(ring.try_pop(taken));
  EXPECT_EQ(taken, 0);
  EXPECT_TRUE(ring.try_push(4));
  EXPECT_EQ(ring.size(), 4U);
}

TEST(SpscRing, keeps_a_value_it_could_not_take) {
  SpscRing<std::unique_ptr<int>> ring{1};
  EXPECT_TRUE(ring.try_push(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(ring.try_push(std::move(second)));
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, 2);
}

TEST(SpscRing, hands_everything_over_in_order_between_two_threads) {
  constexpr int kCount = 200'000;
  SpscRing<int> ring{64};
  std::jthread producer{[&ring] {
    for (int value = 0; value < kCount;)
      if (ring.try_push(value))
        ++value;
      else
        std::this_thread::yield();
  }};
  for (int expected = 0; expected < kCount;) {
    int taken = -1;
    if (!ring.try_pop(taken)) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(taken, expected);
    ++expected;
  }
}

}  // namespace
}  // namespace qos
