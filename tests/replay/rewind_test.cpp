// What is derived again is what was told then, event by event, for any instrument and from any checkpoint.
#include "replay/rewind.hpp"

#include "replay/checkpointer.hpp"
#include "replay/replay_world.hpp"

namespace qos::replay {
namespace {

Heard heard_of(const state::Change& change) {
  return {change.sequence,        change.instrument,   change.trade,
          change.snapshot,        change.depth,        {change.klines.begin(), change.klines.end()},
          change.snapshot_number, change.depth_number, change.verdict};
}

class RewindTest : public testing::Test {
 protected:
  void live(unsigned seed, int events, int checkpoints) {
    state::RandomEvents source{{.seed = seed, .late_percent = 15, .correction_percent = 6}};
    Checkpointer checkpointer{world_.journal(),
                              world_.clock(),
                              world_.instruments(),
                              {.folder = kCheckpoints, .spacing = std::chrono::seconds{1}},
                              Sequence{}};
    for (int n = 1; n <= events; ++n) {
      for (auto& heard : world_.live(source.next(world_.instruments()))) told_.push_back(std::move(heard));
      const auto received = from_unix_seconds(static_cast<std::int64_t>(world_.last().value()));
      if (checkpoints > 0 && n % (events / (checkpoints + 1)) == 0)
        checkpointer.begin(world_.machine(), {.epoch = world_.journal().epoch()});
      if (n % 7 == 0) checkpointer.step(world_.machine(), received);
      while (checkpointer.write_some()) continue;
    }
    world_.flush();
    while (checkpointer.write_some()) continue;
  }
  // All that was told of the instrument by events after `after`.
  std::vector<Heard> told(InstrumentId id, Sequence after) const {
    std::vector<Heard> told;
    for (const auto& heard : told_)
      if (heard.instrument == id && heard.sequence > after) told.push_back(heard);
    return told;
  }
  struct Derived {
    std::vector<Heard> heard;
    std::optional<Sequence> until;
    Sequence began;
  };
  Derived derive(InstrumentId id, Sequence after) {
    Derived derived;
    const auto until =
        Rewind{world_.archive()}.run({.instrument = id,
                                      .begins_here =
                                          [&](Sequence sequence, const state::InstrumentView&) {
                                            derived.began = sequence;
                                            return sequence <= after;
                                          },
                                      .visit =
                                          [&](const SequencedEvent& event, const state::Change& change) {
                                            EXPECT_EQ(event.sequence, change.sequence);
                                            if (!change.empty() && change.sequence > after)
                                              derived.heard.push_back(heard_of(change));
                                            return true;
                                          },
                                      .end =
                                          [&](const state::InstrumentView& view) {
                                            EXPECT_EQ(view.numbers(), world_.view(id).numbers());
                                          }});
    EXPECT_TRUE(until) << until.error().message;
    if (until) derived.until = *until;
    return derived;
  }

  static journal::Journal::Options small() {
    auto options = JournalledWorld::usual();
    options.segment_bytes = 10'000;
    return options;
  }
  JournalledWorld world_{{}, small()};
  std::vector<Heard> told_;
};

TEST_F(RewindTest, tells_again_what_was_told) {
  live(1, 2'000, 3);
  ASSERT_GE(checkpoints_in(world_.disk(), kCheckpoints)->size(), 3U);
  std::mt19937 random{1};
  bool from_a_checkpoint = false;
  for (int round = 0; round < 60; ++round) {
    const InstrumentId id{static_cast<std::uint32_t>(random() % 6)};
    const Sequence after{random() % 2'001};
    const auto derived = derive(id, after);
    ASSERT_EQ(derived.until, world_.last()) << "after " << after.value();
    ASSERT_EQ(derived.heard, told(id, after)) << "instrument " << id.value() << " after " << after.value();
    from_a_checkpoint = from_a_checkpoint || derived.began > Sequence{};
  }
  EXPECT_TRUE(from_a_checkpoint);
}

TEST_F(RewindTest, is_asked_of_the_newest_checkpoint_first_and_of_the_beginning_last) {
  live(2, 600, 2);
  std::vector<Sequence> asked;
  const auto until =
      Rewind{world_.archive()}.run({.instrument = state::kCoin,
                                    .begins_here =
                                        [&](Sequence sequence, const state::InstrumentView& view) {
                                          EXPECT_LE(view.version(), sequence);
                                          asked.push_back(sequence);
                                          return false;
                                        },
                                    .visit =
                                        [](const SequencedEvent&, const state::Change&) {
                                          ADD_FAILURE() << "nothing has begun";
                                          return true;
                                        }});
  ASSERT_TRUE(until);
  EXPECT_EQ(*until, std::nullopt);
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_GT(asked[0], asked[1]);
  EXPECT_GT(asked[1], asked[2]);
  EXPECT_EQ(asked[2], Sequence{});
}

TEST_F(RewindTest, passes_over_a_checkpoint_that_cannot_be_read) {
  live(3, 600, 2);
  const auto newest = checkpoints_in(world_.disk(), kCheckpoints)->back().path;
  world_.disk().put(newest, "no checkpoint");
  const auto derived = derive(state::kHk, Sequence{500});
  EXPECT_EQ(derived.heard, told(state::kHk, Sequence{500}));
  EXPECT_GT(derived.began, Sequence{});
}

TEST_F(RewindTest, stops_where_the_visitor_has_enough) {
  live(4, 300, 0);
  Sequence seen;
  const auto until = Rewind{world_.archive()}.run(
      {.instrument = state::kCoin,
       .begins_here = [](Sequence, const state::InstrumentView&) { return true; },
       .visit =
           [&](const SequencedEvent& event, const state::Change&) {
             EXPECT_EQ(seen, Sequence{});
             if (event.sequence > Sequence{100}) seen = event.sequence;
             return seen == Sequence{};
           }});
  ASSERT_TRUE(until && *until);
  EXPECT_EQ(**until, seen);
}

TEST_F(RewindTest, goes_on_while_the_journal_grows) {
  live(5, 100, 0);
  state::RandomEvents source{{.seed = 6}};
  int looks = 0;
  Sequence seen;
  const auto until = Rewind{world_.archive()}.run(
      {.instrument = state::kCoin,
       .begins_here = [](Sequence, const state::InstrumentView&) { return true; },
       .visit =
           [&](const SequencedEvent& event, const state::Change&) {
             EXPECT_GT(event.sequence, seen);
             seen = event.sequence;
             return true;
           },
       .goes_on =
           [&](Sequence last) {
             EXPECT_EQ(last, world_.last());
             for (int n = 0; n < 100; ++n) world_.live(source.next(world_.instruments()));
             world_.flush();
             return ++looks < 4;
           }});
  ASSERT_TRUE(until && *until);
  EXPECT_EQ(**until, Sequence{400});
  EXPECT_GT(seen, Sequence{300});
}

// A tick that changes nothing of the instrument is told too: who waits for a time must see it.
TEST_F(RewindTest, tells_every_tick_of_its_calendar_and_no_other) {
  for (const auto of : {state::kUs, state::kHk, state::kUs})
    world_.live(
        ClockTick{.calendar = world_.instruments().at(of).calendar,
                  .ts_event = state::utc("2024-08-06 13:30") + std::chrono::seconds{world_.last().value()}});
  world_.flush();
  std::vector<Sequence> seen;
  const auto until = Rewind{world_.archive()}.run(
      {.instrument = state::kUs,
       .begins_here = [](Sequence, const state::InstrumentView&) { return true; },
       .visit =
           [&](const SequencedEvent& event, const state::Change& change) {
             EXPECT_TRUE(change.empty());
             seen.push_back(event.sequence);
             return true;
           }});
  ASSERT_TRUE(until && *until);
  EXPECT_EQ(seen, (std::vector{Sequence{1}, Sequence{3}}));
}

TEST_F(RewindTest, has_no_beginning_where_retention_took_it) {
  live(7, 1'500, 0);
  live(8, 100, 0);
  for (int n = 0; n < 100; ++n) world_.step();
  const auto segments = journal::segments_of(world_.disk(), kJournal);
  ASSERT_GT(segments->size(), 1U);
  world_.disk().erase(kJournal / segments->front().file);
  EXPECT_EQ(derive(state::kCoin, world_.last()).until, std::nullopt);
}

}  // namespace
}  // namespace qos::replay
