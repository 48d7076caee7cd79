// Checkpoints that are taken while events go on: never before the journal has them, and what stays of them.
#include "replay/checkpointer.hpp"

#include "replay/kept_checkpoints.hpp"
#include "replay/recovery.hpp"
#include "replay/replay_world.hpp"

namespace qos::replay {
namespace {

class CheckpointerTest : public testing::Test {
 protected:
  void make(Checkpointer::Options options = {}) {
    options.folder = kCheckpoints;
    options.report = [this](const Error& error) { reports_.push_back(error.message); };
    checkpointer_.emplace(world_.journal(), world_.clock(), world_.instruments(), std::move(options),
                          Sequence{});
  }
  void live(int events) {
    for (int n = 0; n < events; ++n) world_.live(source_.next(world_.instruments()));
  }
  UnixNanos received() { return from_unix_seconds(static_cast<std::int64_t>(world_.last().value())); }
  // All parts are handed over and written.
  void take() {
    checkpointer_->begin(world_.machine(), {.epoch = world_.journal().epoch()});
    while (checkpointer_->under_way()) {
      checkpointer_->step(world_.machine(), received());
      while (checkpointer_->write_some()) continue;
    }
  }
  void take_durable() {
    take();
    world_.flush();
    while (checkpointer_->write_some()) continue;
  }
  std::vector<std::uint64_t> there() {
    std::vector<std::uint64_t> firsts;
    const auto places = checkpoints_in(world_.disk(), kCheckpoints);
    if (places)
      for (const auto& place : *places) firsts.push_back(place.first.value());
    return firsts;
  }

  JournalledWorld world_;
  state::RandomEvents source_{{.seed = 3}};
  std::optional<Checkpointer> checkpointer_;
  std::vector<std::string> reports_;
};

using Firsts = std::vector<std::uint64_t>;

TEST_F(CheckpointerTest, is_due_after_so_many_events_or_so_long) {
  make({.every_events = 100, .every = std::chrono::seconds{60}, .first = std::chrono::seconds{60}});
  EXPECT_FALSE(checkpointer_->due(Sequence{}));
  EXPECT_FALSE(checkpointer_->due(Sequence{99}));
  EXPECT_TRUE(checkpointer_->due(Sequence{100}));
  world_.clock().advance(std::chrono::seconds{59});
  EXPECT_FALSE(checkpointer_->due(Sequence{1}));
  world_.clock().advance(std::chrono::seconds{1});
  EXPECT_TRUE(checkpointer_->due(Sequence{1}));
  EXPECT_FALSE(checkpointer_->due(Sequence{}));  // nothing has happened
  live(5);
  checkpointer_->begin(world_.machine(), {});
  EXPECT_FALSE(checkpointer_->due(Sequence{1'000}));
}

// What was recovered need not be applied again by the next start.
TEST_F(CheckpointerTest, is_due_soon_after_the_start_of_a_run) {
  make({.every = std::chrono::seconds{600}, .first = std::chrono::seconds{10}});
  world_.clock().advance(std::chrono::seconds{9});
  EXPECT_FALSE(checkpointer_->due(Sequence{1}));
  world_.clock().advance(std::chrono::seconds{1});
  EXPECT_TRUE(checkpointer_->due(Sequence{1}));
}

TEST_F(CheckpointerTest, is_none_before_the_journal_is_durable) {
  make();
  live(300);
  world_.flush();
  checkpointer_->begin(world_.machine(), {.epoch = world_.journal().epoch()});
  while (checkpointer_->under_way()) {
    live(3);
    checkpointer_->step(world_.machine(), received());
    while (checkpointer_->write_some()) continue;
  }
  EXPECT_LT(world_.journal().durable(), world_.last());
  EXPECT_EQ(there(), Firsts{});
  EXPECT_EQ(checkpointer_->counters().taken.value(), 0U);
  world_.flush();
  EXPECT_TRUE(checkpointer_->write_some());
  EXPECT_EQ(there(), Firsts{300});
  EXPECT_EQ(checkpointer_->counters().taken.value(), 1U);
  EXPECT_EQ(checkpointer_->counters().last_first.value(), 300);
  const auto facts = CheckpointFile::open(world_.disk(), kCheckpoints / "00000000000000000300.qosc")->facts();
  EXPECT_EQ(facts.last, world_.last());
  EXPECT_EQ(facts.received, received());
}

TEST_F(CheckpointerTest, waits_for_the_writing_thread_when_it_has_enough_to_do) {
  make({.parts_waiting = 2});
  live(10);
  checkpointer_->begin(world_.machine(), {});
  EXPECT_TRUE(checkpointer_->step(world_.machine(), received()));
  EXPECT_FALSE(checkpointer_->step(world_.machine(), received()));
  EXPECT_TRUE(checkpointer_->write_some());
  EXPECT_TRUE(checkpointer_->step(world_.machine(), received()));
}

TEST_F(CheckpointerTest, failed_is_told_and_the_next_one_is_taken) {
  make();
  live(50);
  world_.flush();
  world_.disk().fail_if([](std::string_view call) -> std::optional<test::FakeDisk::Fault> {
    if (call.find("qosc") == std::string_view::npos) return std::nullopt;
    return test::FakeDisk::Fault::no_space;
  });
  take_durable();
  EXPECT_EQ(there(), Firsts{});
  EXPECT_EQ(reports_.size(), 1U);
  EXPECT_EQ(checkpointer_->counters().failed.value(), 1U);
  world_.disk().heal();
  live(10);
  take_durable();
  EXPECT_EQ(there(), Firsts{60});
  EXPECT_EQ(reports_.size(), 1U);
}

// Received times are the sequences in seconds: one of every hundred stays.
TEST_F(CheckpointerTest, keeps_the_newest_two_and_one_of_each_period) {
  make({.spacing = std::chrono::seconds{100}});
  for (int n = 0; n < 12; ++n) {
    live(30);
    take_durable();
  }
  EXPECT_EQ(there(), (Firsts{30, 120, 210, 300, 330, 360}));
}

TEST_F(CheckpointerTest, a_damaged_older_one_goes_and_what_needs_the_journal_is_said) {
  make({.spacing = std::chrono::seconds{10}});
  for (int n = 0; n < 4; ++n) {
    live(30);
    take_durable();
  }
  EXPECT_EQ(there(), (Firsts{30, 60, 90, 120}));
  world_.disk().flip_bit(kCheckpoints / "00000000000000000060.qosc", 1);
  live(30);
  take_durable();
  // A flipped bit in a part is not looked for here; one in the index makes it unreadable.
  const auto size = world_.disk().content(kCheckpoints / "00000000000000000060.qosc")->size();
  world_.disk().flip_bit(kCheckpoints / "00000000000000000060.qosc", (size - 2) * 8);
  ASSERT_TRUE(keep_some(world_.journal(), kCheckpoints, std::chrono::seconds{10}));
  EXPECT_EQ(there(), (Firsts{30, 90, 120, 150}));
}

// The journal forgets its beginning: older checkpoints have nothing to go on with.
TEST_F(CheckpointerTest, what_the_journal_does_not_reach_back_to_goes) {
  make({.spacing = std::chrono::seconds{1}});
  for (int n = 0; n < 4; ++n) {
    live(30);
    take_durable();
  }
  const auto segments = journal::segments_of(world_.disk(), kJournal);
  ASSERT_TRUE(segments);
  EXPECT_EQ(there().size(), 4U);
  // Taken by hand what retention takes.
  world_.disk().erase(kJournal / segments->front().file);
  ASSERT_TRUE(keep_some(world_.journal(), kCheckpoints, std::chrono::seconds{1}));
  const auto left = journal::segments_of(world_.disk(), kJournal);
  const auto begins = left->empty() ? 0 : left->front().first.value();
  for (const auto first : there()) EXPECT_TRUE(first + 1 >= begins || first >= 90) << first;
}

// Dies at every call that changes the disk: what was taken before is found again, whole.
TEST(Checkpointer, killed_at_any_call_leaves_the_newest_whole_one) {
  std::uint64_t calls = 0;
  // Once without, which counts the calls.
  for (std::uint64_t die_at = 0; die_at <= calls; ++die_at) {
    JournalledWorld world;
    state::RandomEvents source{{.seed = 4}};
    Checkpointer checkpointer{
        world.journal(), world.clock(), world.instruments(), {.folder = kCheckpoints}, Sequence{}};
    const auto live_and_take = [&] {
      for (int n = 0; n < 40; ++n) world.live(source.next(world.instruments()));
      world.flush();
      checkpointer.begin(world.machine(), {.epoch = world.journal().epoch()});
      while (checkpointer.under_way()) {
        checkpointer.step(world.machine(), from_unix_seconds(1));
        while (checkpointer.write_some()) continue;
      }
      while (checkpointer.write_some()) continue;
    };
    live_and_take();
    live_and_take();
    for (int n = 0; n < 40; ++n) world.live(source.next(world.instruments()));
    world.flush();
    const auto before = world.disk().calls();
    if (die_at > 0) world.disk().die_at(before + die_at);
    checkpointer.begin(world.machine(), {.epoch = world.journal().epoch()});
    while (checkpointer.under_way()) {
      checkpointer.step(world.machine(), from_unix_seconds(1));
      while (checkpointer.write_some()) continue;
    }
    const auto taken = checkpointer.counters().taken.value();
    if (die_at == 0) calls = world.disk().calls() - before;
    world.disk().kill();
    ASSERT_TRUE(remove_unfinished(world.disk(), kCheckpoints));
    const auto found = newest_checkpoint(world.disk(), kCheckpoints, {.durable = Sequence{120}}, {});
    ASSERT_TRUE(found && *found) << "call " << die_at;
    EXPECT_GE((*found)->facts().first, Sequence{taken == 3 ? 120U : 80U}) << "call " << die_at;
    EXPECT_TRUE((*found)->check());
  }
  EXPECT_GT(calls, 8U);
}

}  // namespace
}  // namespace qos::replay
