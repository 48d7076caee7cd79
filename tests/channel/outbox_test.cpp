#include "channel/outbox.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace qos::channel {
namespace {

using namespace std::chrono_literals;
using Verdict = Outbox::Verdict;

constexpr SteadyTime kStart{};
const Outbox::Limits kLimits{.hard_bytes = 100, .soft_bytes = 40, .grace = 5s};

Frame bytes_of(std::size_t size) {
  return make_frame(std::string(size, 'x'));
}

TEST(Outbox, keeps_a_client_up_to_and_including_the_hard_limit) {
  Outbox outbox{kLimits};
  EXPECT_EQ(outbox.push(bytes_of(100), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push(bytes_of(1), kStart), Verdict::slow_consumer);
}

TEST(Outbox, gives_up_on_a_client_that_stays_above_soft_for_longer_than_the_grace_time) {
  Outbox outbox{kLimits};
  EXPECT_EQ(outbox.push(bytes_of(41), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push(bytes_of(1), kStart + 5s), Verdict::keep);
  EXPECT_EQ(outbox.verdict(kStart + 5s + 1ns), Verdict::slow_consumer);
  EXPECT_EQ(outbox.push(bytes_of(1), kStart + 5s + 1ns), Verdict::slow_consumer);
}

TEST(Outbox, starts_the_grace_time_anew_after_a_client_has_caught_up) {
  Outbox outbox{kLimits};
  EXPECT_EQ(outbox.push(bytes_of(50), kStart), Verdict::keep);
  outbox.sent(10, kStart);  // at soft, which is not above it
  EXPECT_EQ(outbox.push(bytes_of(1), kStart + 6s), Verdict::keep);
  EXPECT_EQ(outbox.verdict(kStart + 11s), Verdict::keep);
  EXPECT_EQ(outbox.verdict(kStart + 11s + 1ns), Verdict::slow_consumer);
}

TEST(Outbox, does_not_count_an_answer_that_was_pushed_up_to_soft) {
  Outbox outbox{kLimits};
  EXPECT_EQ(outbox.push(bytes_of(40), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push_answer(bytes_of(1'000), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push(bytes_of(60), kStart), Verdict::keep);
  EXPECT_EQ(outbox.bytes(), 1'100U);
  EXPECT_EQ(outbox.push(bytes_of(1), kStart), Verdict::slow_consumer) << "what is no answer counts as ever";
  // Until the last of its bytes is sent, and no longer.
  outbox.sent(1'039, kStart);
  EXPECT_EQ(outbox.push(bytes_of(39), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push(bytes_of(1), kStart), Verdict::slow_consumer);
  outbox.sent(1, kStart);
  EXPECT_EQ(outbox.bytes(), 101U);
  EXPECT_EQ(outbox.verdict(kStart), Verdict::slow_consumer);
}

TEST(Outbox, counts_an_answer_to_a_client_that_has_not_read_the_one_before) {
  Outbox outbox{kLimits};
  EXPECT_EQ(outbox.push_answer(bytes_of(30), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push_answer(bytes_of(1'000), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push_answer(bytes_of(100), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push_answer(bytes_of(1), kStart), Verdict::slow_consumer);
}

TEST(Outbox, gives_up_on_a_client_that_takes_nothing_of_an_answer_for_the_grace_time) {
  Outbox outbox{kLimits};
  outbox.push_answer(bytes_of(1'000), kStart);
  EXPECT_EQ(outbox.verdict(kStart + 5s), Verdict::keep);
  outbox.sent(1, kStart + 5s);
  EXPECT_EQ(outbox.verdict(kStart + 10s), Verdict::keep) << "it is taking it";
  EXPECT_EQ(outbox.verdict(kStart + 10s + 1ns), Verdict::slow_consumer);
  // Once the answer has gone, what is pushed has its grace time and nothing renews it.
  outbox.push(bytes_of(60), kStart + 6s);
  outbox.sent(999, kStart + 10s);
  outbox.sent(1, kStart + 14s);
  EXPECT_EQ(outbox.verdict(kStart + 15s), Verdict::keep);
  EXPECT_EQ(outbox.verdict(kStart + 15s + 1ns), Verdict::slow_consumer);
}

TEST(Outbox, excuses_nothing_after_the_rest_was_dropped) {
  Outbox outbox{kLimits};
  outbox.push(bytes_of(10), kStart);
  outbox.push_answer(bytes_of(1'000), kStart);
  outbox.drop_unstarted();
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.push(bytes_of(101), kStart), Verdict::slow_consumer);
}

TEST(Outbox, finishes_a_frame_that_is_half_sent_when_the_rest_is_dropped) {
  Outbox outbox{kLimits};
  for (const auto* text : {"first", "second", "third"}) outbox.push(make_frame(text), kStart);
  outbox.sent(7, kStart);
  outbox.drop_unstarted();
  outbox.push(make_frame("goodbye"), kStart);
  std::array<std::string_view, 4> parts;
  ASSERT_EQ(outbox.gather(parts), 2U);
  EXPECT_EQ(parts[0], "cond");
  EXPECT_EQ(parts[1], "goodbye");
  EXPECT_EQ(outbox.bytes(), 11U);
}

// Whatever the kernel takes at a time, the bytes come out in order and are counted right.
TEST(Outbox, gives_back_every_byte_in_order_however_they_are_taken) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    std::mt19937_64 random{seed};
    Outbox outbox{kLimits};
    std::string pushed;
    std::string taken;
    char next = 'a';
    for (int step = 0; step < 500; ++step) {
      if (random() % 2 == 0) {
        std::string text(random() % 9, next);
        next = next == 'z' ? 'a' : static_cast<char>(next + 1);
        pushed += text;
        outbox.push(make_frame(std::move(text)), kStart);
        continue;
      }
      std::array<std::string_view, 3> parts;
      std::string offered;
      for (std::size_t count = outbox.gather(parts), index = 0; index < count; ++index)
        offered += parts[index];
      const std::size_t some = offered.empty() ? 0 : random() % (offered.size() + 1);
      taken += offered.substr(0, some);
      outbox.sent(some, kStart);
      if (random() % 20 == 0) {
        std::array<std::string_view, 1> front;
        const std::size_t before = outbox.bytes();
        outbox.drop_unstarted();
        const std::size_t left = outbox.gather(front) == 0 ? 0 : front[0].size();
        ASSERT_EQ(outbox.bytes(), left) << "seed " << seed;
        pushed.resize(pushed.size() - (before - left));
      }
      ASSERT_EQ(outbox.bytes(), pushed.size() - taken.size()) << "seed " << seed;
    }
    ASSERT_TRUE(pushed.starts_with(taken)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace qos::channel
