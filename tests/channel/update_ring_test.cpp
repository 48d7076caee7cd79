#include "channel/update_ring.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <thread>

namespace qos::channel {
namespace {

Update update_of(std::uint64_t sequence, std::string_view body) {
  return {.key = {InstrumentId{static_cast<std::uint32_t>(sequence % 7)}, Topic::kline, 3},
          .sequence = Sequence{sequence},
          .number = sequence + 1,
          .piece = -static_cast<std::int64_t>(sequence),
          .received = from_unix_nanos(static_cast<std::int64_t>(sequence) * 10),
          .body = body};
}

TEST(UpdateRing, gives_back_what_was_put_in) {
  UpdateRing ring{1'024};
  Update update;
  EXPECT_FALSE(ring.try_pop(update));
  ASSERT_TRUE(ring.try_push(update_of(5, "five")));
  ASSERT_TRUE(ring.try_push(update_of(6, "")));
  EXPECT_EQ(ring.size(), 2U);
  ASSERT_TRUE(ring.try_pop(update));
  EXPECT_EQ(update.key, update_of(5, "").key);
  EXPECT_EQ(update.sequence, Sequence{5});
  EXPECT_EQ(update.number, 6U);
  EXPECT_EQ(update.piece, -5);
  EXPECT_EQ(update.received, from_unix_nanos(50));
  EXPECT_EQ(update.body, "five");
  ASSERT_TRUE(ring.try_pop(update));
  EXPECT_EQ(update.body, "");
  EXPECT_FALSE(ring.try_pop(update));
  EXPECT_EQ(ring.size(), 0U);
}

TEST(UpdateRing, says_when_it_is_full_and_has_room_again_when_the_consumer_has_gone_on) {
  UpdateRing ring{256};
  std::uint64_t pushed = 0;
  while (ring.try_push(update_of(pushed, "a body of some bytes"))) ++pushed;
  EXPECT_EQ(pushed, 3U) << "72 bytes each";
  Update update;
  ASSERT_TRUE(ring.try_pop(update));
  EXPECT_FALSE(ring.try_push(update_of(9, "a body of some bytes"))) << "the first one is still looked at";
  ASSERT_TRUE(ring.try_pop(update));
  EXPECT_TRUE(ring.try_push(update_of(9, "a body of some bytes")));
  EXPECT_EQ(update.sequence, Sequence{1});
}

// Bodies of all sizes across the end of the ring, against a queue.
TEST(UpdateRing, agrees_with_a_queue_whatever_the_sizes) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random{seed};
    UpdateRing ring{2'048};
    std::deque<std::string> model;
    std::uint64_t next = 0;
    std::uint64_t expected = 0;
    for (int step = 0; step < 20'000; ++step) {
      if (random() % 2 == 0) {
        std::string body(random() % 200, static_cast<char>('a' + random() % 26));
        if (ring.try_push(update_of(next, body))) {
          model.push_back(std::move(body));
          ++next;
        } else {
          ASSERT_GT(model.size(), 4U) << "seed " << seed;
        }
        continue;
      }
      Update update;
      ASSERT_EQ(ring.try_pop(update), !model.empty()) << "seed " << seed;
      if (model.empty()) continue;
      ASSERT_EQ(update.sequence, Sequence{expected++});
      ASSERT_EQ(update.body, model.front());
      model.pop_front();
      ASSERT_EQ(ring.size(), model.size());
    }
  }
}

TEST(UpdateRing, hands_everything_over_between_two_threads) {
  constexpr std::uint64_t kCount = 200'000;
  UpdateRing ring{4'096};
  std::jthread producer{[&] {
    for (std::uint64_t sequence = 0; sequence < kCount;)
      if (ring.try_push(update_of(sequence, std::string(sequence % 90, static_cast<char>(sequence % 100)))))
        ++sequence;
      else
        std::this_thread::yield();
  }};
  Update update;
  for (std::uint64_t expected = 0; expected < kCount;) {
    if (!ring.try_pop(update)) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(update.sequence, Sequence{expected});
    ASSERT_EQ(update.body, std::string(expected % 90, static_cast<char>(expected % 100)));
    ++expected;
  }
}

}  // namespace
}  // namespace qos::channel
