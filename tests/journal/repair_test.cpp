// Damage is found, said, set aside; what is good stays readable, and nothing else changes.
#include "journal/repair.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "journal/archive.hpp"
#include "journal/journal_folder.hpp"

namespace qos::journal {
namespace {

using testing::HasSubstr;

Checked checked(io::Disk& disk) {
  auto result = check_journal(disk, kMadeFolder);
  EXPECT_TRUE(result) << result.error().message;
  return *result;
}

std::vector<SequencedEvent> without(std::vector<SequencedEvent> events, std::uint64_t from,
                                    std::uint64_t to) {
  std::erase_if(events, [&](const SequencedEvent& event) {
    return event.sequence.value() >= from && event.sequence.value() <= to;
  });
  return events;
}

// Segments 1-12 and 13-30 of three blocks each; in the first the block 6-9 is hit, in the second 13-15.
class JournalRepair : public testing::Test {
 protected:
  static constexpr std::uint64_t kAnyByte = 90;  // behind a block's header
  static void fill(test::FakeDisk& disk) {
    ASSERT_TRUE(disk.make_folder(kMadeFolder));
    disk.put(segment_path(1), header_of(1) + block_of(1, 5) + block_of(6, 9) + block_of(10, 12));
    disk.put(segment_path(13), header_of(13) + block_of(13, 15) + block_of(16, 20) + block_of(21, 30));
    disk.flip_bit(segment_path(1), (header_of(1).size() + block_of(1, 5).size() + kAnyByte) * 8);
    disk.flip_bit(segment_path(13), (header_of(13).size() + kAnyByte) * 8);
  }
  static std::vector<SequencedEvent> good() { return without(without(trades(1, 30), 6, 9), 13, 15); }

  test::FakeDisk disk;
};

TEST_F(JournalRepair, a_check_says_what_is_lost_and_changes_nothing) {
  fill(disk);
  const auto calls = disk.calls();
  const auto found = checked(disk);
  EXPECT_EQ(disk.calls(), calls);
  ASSERT_EQ(found.damage.size(), 2U);
  const auto offset = header_of(1).size() + block_of(1, 5).size();
  EXPECT_THAT(describe(found.damage[0]),
              HasSubstr(fmt::format(
                  "00000000000000000001.qosj: offset {}: events 6 to 9 (4 events), received after "
                  "1970-01-01T00:00:05.000000000Z, before 1970-01-01T00:00:10.000000000Z, {} bytes: "
                  "the block has checksum ",
                  offset, block_of(6, 9).size())));
  EXPECT_EQ(found.damage[1].from, Sequence{13});
  EXPECT_EQ(found.damage[1].to, Sequence{15});
  EXPECT_EQ(found.damage[1].received_before, std::nullopt);
  EXPECT_EQ(found.damage[1].received_after, from_unix_seconds(16));
  EXPECT_EQ(found.events, 23U);
}

TEST_F(JournalRepair, leaves_what_is_good_readable_and_says_what_is_lost) {
  fill(disk);
  const auto before = *disk.content(segment_path(1));
  const auto repaired = repair_journal(disk, kMadeFolder, from_unix_seconds(77));
  ASSERT_TRUE(repaired) << repaired.error().message;
  EXPECT_EQ(repaired->damage.size(), 2U);
  const auto all = read_all(disk);
  EXPECT_EQ(all.error, "");
  EXPECT_EQ(all.events, good());
  EXPECT_THAT(all.lost, testing::ElementsAre(std::pair{6, 9}, std::pair{13, 15}));
  EXPECT_TRUE(checked(disk).damage.empty());
  EXPECT_TRUE(disk.exists(kMadeFolder / kRepairedMarker));
  const auto offset = header_of(1).size() + block_of(1, 5).size();
  const auto aside = kMadeFolder / fmt::format("00000000000000000001.qosj.{}.damaged", offset);
  EXPECT_EQ(disk.content(aside), before.substr(offset, block_of(6, 9).size()));
  EXPECT_EQ(repaired->aside.size(), 2U);
  for (std::uint64_t after = 0; after <= 30; ++after) {
    const auto part = read_all(disk, after);
    EXPECT_EQ(part.error, "") << after;
    EXPECT_EQ(part.events, without(good(), 1, after)) << after;
  }
}

TEST_F(JournalRepair, changes_nothing_where_nothing_is_damaged) {
  ASSERT_TRUE(disk.make_folder(kMadeFolder));
  disk.put(segment_path(1), header_of(1) + block_of(1, 5) + block_of(6, 9).substr(0, 100));
  const auto before = *disk.list(kMadeFolder);
  EXPECT_EQ(checked(disk).torn, 100U);
  const auto repaired = repair_journal(disk, kMadeFolder, {});
  ASSERT_TRUE(repaired);
  EXPECT_TRUE(repaired->damage.empty());
  auto after = *disk.list(kMadeFolder);
  std::erase(after, kFolderLock);
  EXPECT_EQ(after, before);
}

TEST_F(JournalRepair, waits_for_no_server) {
  fill(disk);
  const auto lock = disk.lock(kMadeFolder / kFolderLock);
  ASSERT_TRUE(lock);
  EXPECT_FALSE(repair_journal(disk, kMadeFolder, {}));
  EXPECT_EQ(checked(disk).damage.size(), 2U);
}

TEST_F(JournalRepair, renames_a_segment_whose_header_is_damaged) {
  fill(disk);
  disk.flip_bit(segment_path(1), 12 * 8);
  const auto found = checked(disk);
  ASSERT_EQ(found.damage.size(), 2U);
  EXPECT_TRUE(found.damage[0].whole);
  EXPECT_EQ(found.damage[0].to, Sequence{12});
  ASSERT_TRUE(repair_journal(disk, kMadeFolder, {}));
  EXPECT_TRUE(disk.exists(kMadeFolder / "00000000000000000001.qosj.damaged"));
  const auto all = read_all(disk);
  EXPECT_EQ(all.error, "");
  EXPECT_EQ(all.events, trades(16, 30));
  EXPECT_THAT(all.lost, testing::ElementsAre(std::pair{1, 12}, std::pair{13, 15}));
}

TEST_F(JournalRepair, notes_a_segment_that_is_gone) {
  fill(disk);
  ASSERT_TRUE(repair_journal(disk, kMadeFolder, {}));
  disk.erase(segment_path(10));
  const auto found = checked(disk);
  ASSERT_EQ(found.damage.size(), 1U);
  EXPECT_EQ(found.damage[0].from, Sequence{6});
  EXPECT_EQ(found.damage[0].to, Sequence{12});
  ASSERT_TRUE(repair_journal(disk, kMadeFolder, {}));
  EXPECT_EQ(read_all(disk).events, without(trades(1, 30), 6, 15));
}

TEST_F(JournalRepair, repairs_archives_too) {
  ASSERT_TRUE(disk.make_folder(kMadeFolder));
  std::string bytes = header_of(1);
  append_compressed_block(trades(1, 50), bytes);
  const auto offset = bytes.size();
  append_compressed_block(trades(51, 60), bytes);
  append_compressed_block(trades(61, 70), bytes);
  const auto path = kMadeFolder / archive_file_name(Sequence{1});
  disk.put(path, bytes);
  disk.put(segment_path(71), header_of(71));
  disk.flip_bit(path, (offset + 90) * 8);
  ASSERT_TRUE(repair_journal(disk, kMadeFolder, {}));
  EXPECT_EQ(read_all(disk).events, without(trades(1, 70), 51, 60));
  EXPECT_TRUE(disk.exists(kMadeFolder / archive_file_name(Sequence{61})));
}

// Each call of the disk in turn is the last one; then the process dies or the power is lost, and it is done
// again.
TEST_F(JournalRepair, can_be_broken_off_anywhere) {
  for (const bool power : {false, true})
    for (std::uint64_t nth = 1;; ++nth) {
      test::FakeDisk other{nth};
      fill(other);
      other.die_at(other.calls() + nth);
      const bool done = repair_journal(other, kMadeFolder, {}).has_value();
      if (done && !other.dead()) break;
      power ? other.power_loss() : other.kill();
      const auto again = repair_journal(other, kMadeFolder, {});
      ASSERT_TRUE(again) << nth << ": " << again.error().message;
      const auto all = read_all(other);
      ASSERT_EQ(all.error, "") << nth;
      ASSERT_EQ(all.events, good()) << nth;
      EXPECT_THAT(all.lost, testing::ElementsAre(std::pair{6, 9}, std::pair{13, 15})) << nth;
      EXPECT_TRUE(other.exists(kMadeFolder / kRepairedMarker)) << nth;
      EXPECT_TRUE(checked(other).damage.empty()) << nth;
    }
}

}  // namespace
}  // namespace qos::journal
