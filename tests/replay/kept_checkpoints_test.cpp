// Which checkpoints stay: wherever the journal still has the events, there must be one to begin with.
#include "replay/kept_checkpoints.hpp"

#include <gtest/gtest.h>

#include "journal/segment_files.hpp"
#include "replay/checkpoint_file.hpp"
#include "replay/replay_world.hpp"

namespace qos::replay {
namespace {

journal::Journal::Options small_segments() {
  auto options = JournalledWorld::usual();
  options.segment_bytes = 2'000;
  options.archive = false;
  return options;
}

void take_checkpoint(JournalledWorld& world, std::uint64_t at) {
  auto writer = CheckpointWriter::begin(world.disk(), kCheckpoints, Sequence{at});
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->add("", "shared"));
  ASSERT_TRUE(writer->finish({.epoch = world.journal().epoch(),
                              .first = Sequence{at},
                              .last = Sequence{at},
                              .received = from_unix_seconds(static_cast<std::int64_t>(at))}));
}

TEST(KeptCheckpoints, leave_one_in_every_segment_though_all_are_of_one_period) {
  JournalledWorld world{{}, small_segments()};
  constexpr std::uint64_t kEvents = 4'000;
  for (std::uint64_t sequence = 1; sequence <= kEvents; ++sequence) {
    ASSERT_TRUE(world.journal().append(numbered(
        sequence, ClockTick{.calendar = CalendarId{0},
                            .ts_event = from_unix_nanos(
                                static_cast<std::int64_t>(sequence * sequence * 7'919 % 1'000'003))})));
    if (sequence % 50 != 0) continue;
    while (world.journal().durable() < Sequence{sequence}) world.step();
    take_checkpoint(world, sequence);
    ASSERT_TRUE(keep_some(world.journal(), kCheckpoints, std::chrono::hours{6}));
  }

  const auto segments = journal::segments_of(world.disk(), kJournal);
  ASSERT_TRUE(segments);
  ASSERT_GT(segments->size(), 3U);
  const auto kept = checkpoints_in(world.disk(), kCheckpoints);
  ASSERT_TRUE(kept);
  EXPECT_LE(kept->size(), segments->size() + 2) << "and not many more";
  for (const auto& segment : *segments) {
    if (segment.last.value() < segment.first.value() + 100) continue;
    EXPECT_TRUE(std::ranges::any_of(*kept,
                                    [&](const CheckpointPlace& place) {
                                      return place.first.value() + 1 >= segment.first.value() &&
                                             place.first <= segment.last;
                                    }))
        << "segment from " << segment.first.value();
  }
}

}  // namespace
}  // namespace qos::replay
