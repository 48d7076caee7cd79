// When a commit is due.
#include "journal/committer.hpp"

#include <gtest/gtest.h>

#include "journal/journal_support.hpp"

namespace qos::journal {
namespace {

using namespace std::chrono_literals;

struct CommitterTest : testing::Test {
  CommitterTest() {
    tail = Tail::create(disk, kFolder, {.epoch = Epoch{1}, .boot_id = "b", .capacity = 64}).value();
    committer = std::make_unique<Committer>(Committer::Parts{.disk = &disk,
                                                             .clock = &clock,
                                                             .tail = tail.get(),
                                                             .housekeeping = &housekeeping,
                                                             .counters = &counters,
                                                             .names = &names,
                                                             .epoch = Epoch{1}},
                                            options, nullptr);
  }
  void append(int count) {
    for (int n = 0; n < count; ++n) ASSERT_TRUE(tail->append(test_event(tail->appended().value() + 1)));
  }

  test::FakeDisk disk;
  io::ManualClock clock{kStart};
  Journal::Options options = small_options();
  Journal::Counters counters;
  Names names = test_names();
  Housekeeping housekeeping{disk,
                            clock,
                            {.folder = kFolder},
                            {.archived = &counters.archived,
                             .removed = &counters.removed,
                             .bytes_held = &counters.segment_bytes_held}};
  std::unique_ptr<Tail> tail;
  std::unique_ptr<Committer> committer;
};

TEST_F(CommitterTest, has_nothing_to_do_while_nothing_waits) {
  EXPECT_EQ(committer->due(), std::nullopt);
  EXPECT_FALSE(committer->commit());
  append(1);
  EXPECT_TRUE(committer->commit());
  EXPECT_EQ(committer->due(), std::nullopt);
}

TEST_F(CommitterTest, does_not_let_the_first_event_after_a_quiet_time_wait) {
  append(1);
  EXPECT_EQ(committer->due(), clock.steady_now());
  committer->commit();
  clock.advance(1s);
  append(1);
  EXPECT_EQ(committer->due(), clock.steady_now());
}

TEST_F(CommitterTest, begins_the_next_one_an_interval_after_the_last_began) {
  append(1);
  committer->commit();
  const SteadyTime begun = clock.steady_now();
  clock.advance(2ms);
  append(1);
  EXPECT_EQ(committer->due(), begun + 5ms);
  clock.advance(3ms);
  EXPECT_EQ(committer->due(), clock.steady_now());
}

TEST_F(CommitterTest, does_not_wait_while_the_tail_fills) {
  append(1);
  committer->commit();
  append(15);
  EXPECT_GT(committer->due(), clock.steady_now());
  append(1);
  EXPECT_EQ(committer->due(), clock.steady_now());
}

TEST_F(CommitterTest, tries_again_a_second_after_a_failure) {
  append(64);
  disk.fail_at(disk.calls() + 1, test::FakeDisk::Fault::error);
  EXPECT_FALSE(committer->commit());
  EXPECT_TRUE(committer->failing());
  EXPECT_EQ(committer->due(), clock.steady_now() + 1s);
  EXPECT_TRUE(committer->commit());
  EXPECT_FALSE(committer->failing());
}

// With helpers, what comes while the disk syncs is packed beside it; in what portions must not be seen.
TEST_F(CommitterTest, writes_the_same_events_with_and_without_helpers) {
  tail = Tail::create(disk, kFolder, {.epoch = Epoch{1}, .boot_id = "b", .capacity = 1 << 16}).value();
  Committer::Helpers helpers;
  Committer with_helpers{{.disk = &disk,
                          .clock = &clock,
                          .tail = tail.get(),
                          .housekeeping = &housekeeping,
                          .counters = &counters,
                          .names = &names,
                          .epoch = Epoch{1}},
                         options,
                         nullptr};
  std::vector<SequencedEvent> appended;
  for (int round = 0; round < 3; ++round) {
    for (int n = 0; n < 60'000; ++n) appended.push_back(test_event(appended.size() + 1));
    for (auto at = appended.end() - 60'000; at != appended.end(); ++at) ASSERT_TRUE(tail->append(*at));
    while (with_helpers.commit(&helpers)) {
    }
  }
  EXPECT_EQ(tail->released(), tail->appended());
  const auto there = read_all(disk);
  ASSERT_TRUE(there.has_value()) << there.error().message;
  EXPECT_TRUE(*there == appended);
}

}  // namespace
}  // namespace qos::journal
