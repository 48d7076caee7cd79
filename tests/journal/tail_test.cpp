#include "journal/tail.hpp"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "journal/journal_support.hpp"

namespace qos::journal {
namespace {

struct TailTest : testing::Test {
  std::unique_ptr<Tail> create(std::uint64_t capacity = 8, std::uint64_t last = 0) {
    return Tail::create(disk, kFolder,
                        {.epoch = Epoch{7}, .boot_id = "boot", .capacity = capacity, .last = Sequence{last}})
        .value();
  }
  LeftTail left() { return read_left_tail(disk, kFolder).value(); }
  std::vector<SequencedEvent> waiting(const Tail& tail, std::uint64_t after, std::size_t most = 100) {
    const auto span = tail.waiting(Sequence{after}, most);
    return {span.begin(), span.end()};
  }

  test::FakeDisk disk;
};

std::vector<SequencedEvent> events(std::uint64_t from, std::uint64_t to) {
  std::vector<SequencedEvent> all;
  for (std::uint64_t n = from; n <= to; ++n) all.push_back(test_event(n));
  return all;
}

TEST_F(TailTest, gives_back_in_order_what_was_appended) {
  const auto tail = create();
  for (std::uint64_t n = 1; n <= 5; ++n) ASSERT_TRUE(tail->append(test_event(n)));
  EXPECT_EQ(waiting(*tail, 0), events(1, 5));
  EXPECT_EQ(waiting(*tail, 3), events(4, 5));
  EXPECT_EQ(waiting(*tail, 0, 2), events(1, 2));
  EXPECT_EQ(waiting(*tail, 5), events(1, 0));
  EXPECT_EQ(tail->appended(), Sequence{5});
  EXPECT_EQ(tail->released(), Sequence{0});
}

TEST_F(TailTest, is_full_until_something_is_released) {
  const auto tail = create();
  for (std::uint64_t n = 1; n <= 8; ++n) ASSERT_TRUE(tail->append(test_event(n)));
  EXPECT_FALSE(tail->append(test_event(9)));
  tail->release(Sequence{1});
  EXPECT_TRUE(tail->append(test_event(9)));
  EXPECT_FALSE(tail->append(test_event(10)));
  EXPECT_EQ(tail->appended(), Sequence{9});
}

TEST_F(TailTest, rounds_its_capacity_up_to_a_power_of_two) {
  EXPECT_EQ(create(5)->capacity(), 8U);
  EXPECT_EQ(create(0)->capacity(), 2U);
}

// Against a plain list: any mixture of appending, looking and releasing.
TEST_F(TailTest, behaves_as_a_list_with_an_end) {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937 random{seed};
    const std::uint64_t begin = random() % 1'000;
    const auto tail = create(8, begin);
    std::uint64_t appended = begin;
    std::uint64_t released = begin;
    for (int step = 0; step < 300; ++step) {
      if (random() % 3 != 0) {
        ASSERT_EQ(tail->append(test_event(appended + 1)), appended - released < 8);
        if (appended - released < 8) ++appended;
      } else if (appended > released) {
        const auto there = waiting(*tail, released, 1 + random() % 8);
        ASSERT_FALSE(there.empty());
        ASSERT_EQ(there, events(released + 1, released + there.size()));
        released += 1 + random() % there.size();
        tail->release(Sequence{released});
      }
      ASSERT_EQ(tail->appended(), Sequence{appended});
      ASSERT_EQ(tail->released(), Sequence{released});
      const auto found = left();
      ASSERT_EQ(found.appended, Sequence{appended});
      ASSERT_EQ(events_of(disk, kFolder, found, Sequence{released}).value().events,
                events(released + 1, appended));
    }
  }
}

TEST_F(TailTest, says_what_it_is_to_whoever_finds_it) {
  EXPECT_EQ(left().state, LeftTail::State::none);
  auto tail = create(16, 40);
  ASSERT_TRUE(tail->append(test_event(41)));
  const auto found = left();
  EXPECT_EQ(found.state, LeftTail::State::readable);
  EXPECT_EQ(found.epoch, Epoch{7});
  EXPECT_EQ(found.boot_id, "boot");
  EXPECT_EQ(found.capacity, 16U);
  EXPECT_EQ(found.appended, Sequence{41});
  EXPECT_EQ(found.released, Sequence{40});
  EXPECT_FALSE(found.finished);
}

TEST_F(TailTest, is_finished_durably) {
  auto tail = create();
  ASSERT_TRUE(tail->append(test_event(1)));
  tail->release(Sequence{1});
  ASSERT_TRUE(disk.sync_folder(kFolder).has_value());
  ASSERT_TRUE(tail->finish(disk, kFolder).has_value());
  disk.power_loss();
  tail.reset();
  EXPECT_TRUE(left().finished);
  EXPECT_EQ(left().appended, Sequence{1});
}

TEST_F(TailTest, has_events_that_were_released_until_they_are_overwritten) {
  const auto tail = create();
  for (std::uint64_t n = 1; n <= 8; ++n) ASSERT_TRUE(tail->append(test_event(n)));
  tail->release(Sequence{8});
  EXPECT_EQ(events_of(disk, kFolder, left(), Sequence{0}).value().events, events(1, 8));
  ASSERT_TRUE(tail->append(test_event(9)));
  const auto there = events_of(disk, kFolder, left(), Sequence{0}).value();
  EXPECT_TRUE(there.events.empty());
  EXPECT_NE(there.why, "");
}

TEST_F(TailTest, hands_on_no_event_that_is_not_the_expected_one) {
  const auto tail = create();
  for (std::uint64_t n = 1; n <= 4; ++n) ASSERT_TRUE(tail->append(test_event(n)));
  disk.flip_bit(kFolder / kTailFile, (4096 + 3 * sizeof(SequencedEvent)) * 8 + 5);  // the number of event 3
  const auto there = events_of(disk, kFolder, left(), Sequence{0}).value();
  EXPECT_EQ(there.events, events(1, 2));
  EXPECT_NE(there.why.find("event 3 is expected"), std::string::npos) << there.why;
}

// Hostile bytes: any bit of the header, and any length. It never stops the program, and a flip in the fixed
// part is never believed.
TEST_F(TailTest, is_read_or_refused_whatever_its_bytes_are) {
  auto tail = create();
  for (std::uint64_t n = 1; n <= 8; ++n) ASSERT_TRUE(tail->append(test_event(n)));
  tail.reset();
  const auto good = *disk.content(kFolder / kTailFile);
  for (std::size_t bit = 0; bit < 1'024 * 8; ++bit) {
    auto bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    disk.put(kFolder / kTailFile, bytes);
    const auto found = left();
    ASSERT_EQ(found.state, bit < 112 * 8 ? LeftTail::State::unreadable : LeftTail::State::readable) << bit;
    if (found.state == LeftTail::State::readable && found.appended >= Sequence{8})
      static_cast<void>(events_of(disk, kFolder, found, Sequence{0}));
  }
  for (std::size_t size = 0; size < good.size(); size += 97) {
    disk.put(kFolder / kTailFile, good.substr(0, size));
    const auto found = left();
    if (found.state != LeftTail::State::readable) continue;
    ASSERT_LT(events_of(disk, kFolder, found, Sequence{0}).value().events.size(), 8U);
  }
}

TEST_F(TailTest, hands_events_from_one_thread_to_another) {
  const auto tail = create(64);
  constexpr std::uint64_t kEvents = 100'000;
  std::jthread producer{[&] {
    for (std::uint64_t n = 1; n <= kEvents;) {
      if (tail->append(test_event(n)))
        ++n;
      else
        std::this_thread::yield();
    }
  }};
  for (std::uint64_t seen = 0; seen < kEvents;) {
    const auto there = tail->waiting(Sequence{seen}, 1'000);
    if (there.empty()) std::this_thread::yield();
    for (const auto& event : there) ASSERT_EQ(event, test_event(++seen));
    tail->release(Sequence{seen});
  }
}

}  // namespace
}  // namespace qos::journal
