#include "journal/sequencer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace qos::journal {
namespace {

Event event_of(std::uint16_t feed, std::uint64_t number) {
  return {.feed = FeedId{feed}, .body = Trade{.trade_id = number}};
}

std::uint64_t number_of(const SequencedEvent& event) {
  return std::get<Trade>(event.event.body).trade_id;
}

std::vector<SequencedEvent> drain_all(Sequencer& sequencer, std::size_t limit = 1'000) {
  std::vector<SequencedEvent> taken;
  sequencer.drain(limit, [&](const SequencedEvent& event) { taken.push_back(event); });
  return taken;
}

TEST(Sequencer, numbers_events_densely_from_one) {
  Sequencer sequencer{{}};
  for (std::uint64_t number = 0; number < 3; ++number)
    ASSERT_TRUE(sequencer.put(FeedId{0}, event_of(0, number)));
  const auto taken = drain_all(sequencer);
  ASSERT_EQ(taken.size(), 3U);
  for (std::uint64_t at = 0; at < 3; ++at) {
    EXPECT_EQ(taken[at].sequence, Sequence{at + 1});
    EXPECT_EQ(taken[at].event, event_of(0, at));
  }
  EXPECT_EQ(sequencer.counters().events.value(), 3U);
}

TEST(Sequencer, takes_from_the_feeds_in_turn) {
  Sequencer sequencer{{.feeds = 3}};
  for (std::uint64_t number = 0; number < 3; ++number) sequencer.put(FeedId{0}, event_of(0, number));
  sequencer.put(FeedId{2}, event_of(2, 7));
  std::vector<int> feeds;
  for (const auto& event : drain_all(sequencer)) feeds.push_back(event.event.feed.value());
  EXPECT_EQ(feeds, (std::vector<int>{0, 2, 0, 0}));
}

TEST(Sequencer, goes_on_with_the_next_feed_after_a_limit) {
  Sequencer sequencer{{.feeds = 2}};
  for (std::uint64_t number = 0; number < 2; ++number)
    for (std::uint16_t feed = 0; feed < 2; ++feed) sequencer.put(FeedId{feed}, event_of(feed, number));
  EXPECT_EQ(drain_all(sequencer, 1).front().event.feed, FeedId{0});
  const auto second = drain_all(sequencer, 1);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second.front().event.feed, FeedId{1});
  EXPECT_EQ(second.front().sequence, Sequence{2});
}

TEST(Sequencer, refuses_events_after_close_and_still_gives_those_it_has) {
  Sequencer sequencer{{}};
  EXPECT_TRUE(sequencer.put(FeedId{0}, event_of(0, 1)));
  sequencer.close();
  EXPECT_FALSE(sequencer.put(FeedId{0}, event_of(0, 2)));
  EXPECT_TRUE(sequencer.closed());
  sequencer.wait(sequencer.look());  // returns: closed
  EXPECT_EQ(drain_all(sequencer).size(), 1U);
}

TEST(Sequencer, close_releases_a_feed_that_waits_for_room_and_a_market_thread_that_waits_for_events) {
  Sequencer full{{.queue_capacity = 1}};
  ASSERT_TRUE(full.put(FeedId{0}, event_of(0, 1)));
  bool taken = true;
  {
    std::jthread feed{[&] { taken = full.put(FeedId{0}, event_of(0, 2)); }};
    while (full.counters().full_queue_waits.value() == 0) std::this_thread::yield();
    full.close();
  }
  EXPECT_FALSE(taken);

  Sequencer empty{{}};
  std::jthread market{[&] {
    while (!empty.closed()) empty.wait(empty.look());
  }};
  empty.close();
}

TEST(Sequencer, wake_is_not_lost_between_a_look_and_the_sleep_after_it) {
  Sequencer sequencer{{}};
  const auto seen = sequencer.look();
  sequencer.wake();
  sequencer.wait(seen);  // returns: woken since the look
}

// Tiny queues, so that both sides fall asleep and are woken all the time. A lost wake-up hangs the test.
TEST(Sequencer, loses_and_reorders_nothing_between_two_feeds_and_the_market_thread) {
  constexpr std::uint64_t kCount = 50'000;
  Sequencer sequencer{{.feeds = 2, .queue_capacity = 4}};
  std::array<std::jthread, 2> feeds;
  for (std::uint16_t feed = 0; feed < 2; ++feed)
    feeds[feed] = std::jthread{[&sequencer, feed] {
      for (std::uint64_t number = 0; number < kCount; ++number)
        ASSERT_TRUE(sequencer.put(FeedId{feed}, event_of(feed, number)));
    }};

  std::array<std::uint64_t, 2> expected{};
  std::uint64_t sequence = 0;
  while (sequence < 2 * kCount) {
    const auto seen = sequencer.look();
    const auto drained = sequencer.drain(64, [&](const SequencedEvent& event) {
      ASSERT_EQ(event.sequence, Sequence{++sequence});
      ASSERT_EQ(number_of(event), expected[event.event.feed.value()]++);
    });
    if (drained == 0) sequencer.wait(seen);
  }
  EXPECT_EQ(expected[0], kCount);
  EXPECT_EQ(expected[1], kCount);
}

}  // namespace
}  // namespace qos::journal
