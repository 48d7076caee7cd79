// Segments whose bytes were cut, flipped or written by another version.
#include "journal/segment.hpp"

#include <gmock/gmock.h>

#include "journal/archive.hpp"
#include "journal/check.hpp"
#include "journal/journal_folder.hpp"

namespace qos::journal {
namespace {

using testing::HasSubstr;

Result<Scan> scan(test::FakeDisk& disk, const std::string& bytes) {
  disk.put(segment_path(1), bytes);
  const auto file = disk.open(segment_path(1), io::Disk::Open::read);
  EXPECT_TRUE(file);
  return scan_segment(**file);
}

class Segment : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(disk.make_folder(kMadeFolder)); }
  test::FakeDisk disk;
};

TEST_F(Segment, its_names_sort_as_its_events_and_say_where_they_begin) {
  EXPECT_EQ(segment_file_name(Sequence{1}), "00000000000000000001.qosj");
  EXPECT_EQ(archive_file_name(Sequence{0xFFFF'FFFF'FFFF'FFFF}), "18446744073709551615.qosa");
  EXPECT_EQ(first_sequence_of("00000000000000000010.qosj"), Sequence{10});
  EXPECT_EQ(first_sequence_of("00000000000000000010.qosa"), Sequence{10});
  for (const auto* other :
       {"", "tail", "lost", "1.qosj", "00000000000000000000.qosj", "0000000000000000001x.qosj",
        "00000000000000000010.qosj.new", "00000000000000000010.qosj.56.damaged", "99999999999999999999.qosj",
        "-0000000000000000001.qosj"})
    EXPECT_EQ(first_sequence_of(other), std::nullopt) << other;
}

TEST_F(Segment, gives_back_its_header_and_names) {
  disk.put(segment_path(1), segment_header(Epoch{7}, Sequence{9}, from_unix_nanos(11), some_names()));
  const auto start = read_segment_start(**disk.open(segment_path(1), io::Disk::Open::read));
  ASSERT_TRUE(start) << start.error().message;
  EXPECT_EQ(start->epoch, Epoch{7});
  EXPECT_EQ(start->first, Sequence{9});
  EXPECT_EQ(start->created, from_unix_nanos(11));
  EXPECT_EQ(start->names, some_names());
}

TEST_F(Segment, names_both_versions_if_it_is_of_another) {
  auto bytes = header_of(1);
  bytes[4] = 2;
  const auto scanned = scan(disk, bytes);
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().message, "the segment has version 2, this program reads version 1");
}

TEST_F(Segment, cut_anywhere_ends_with_its_last_whole_block) {
  const auto header = header_of(1).size();
  const auto first = header + block_of(1, 5).size();
  const auto bytes = header_of(1) + block_of(1, 5) + block_of(6, 9);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const auto scanned = scan(disk, bytes.substr(0, size));
    if (size < header) {
      EXPECT_FALSE(scanned) << size;
      continue;
    }
    ASSERT_TRUE(scanned) << size;
    const auto end = size == bytes.size() ? size : size < first ? header : first;
    const auto last = size == bytes.size() ? 9U : size < first ? 0U : 5U;
    EXPECT_EQ(scanned->end, end) << size;
    EXPECT_EQ(scanned->torn, size - end) << size;
    EXPECT_EQ(scanned->last, Sequence{last}) << size;
    EXPECT_TRUE(scanned->damage.empty()) << size;
    EXPECT_EQ(read_all(disk).events, trades(1, last)) << size;
    EXPECT_EQ(read_all(disk).error, "") << size;
  }
}

// What is behind a hole was written in the same breath, before a sync had said that the hole was on the disk:
// a power loss leaves that, and it is no damage.
TEST_F(Segment, a_hole_that_was_never_durable_is_a_torn_end) {
  std::string later;
  append_block(trades(10, 12), Sequence{5}, later);
  auto bytes = header_of(1) + block_of(1, 5) + block_of(6, 9) + later;
  const auto end = header_of(1).size() + block_of(1, 5).size();
  bytes[end + 80] ^= 1;
  const auto torn = scan(disk, bytes);
  ASSERT_TRUE(torn);
  EXPECT_TRUE(torn->damage.empty());
  EXPECT_EQ(torn->end, end);
  EXPECT_EQ(torn->torn, bytes.size() - end);
  EXPECT_EQ(read_all(disk).error, "");
  EXPECT_EQ(read_all(disk).events, trades(1, 5));

  // The block after it knows better.
  const auto damaged = scan(disk, bytes + block_of(13, 14));
  ASSERT_TRUE(damaged);
  ASSERT_EQ(damaged->damage.size(), 1U);
  EXPECT_EQ(damaged->damage[0].offset, end);
  EXPECT_EQ(damaged->damage[0].bytes, block_of(6, 9).size());
  EXPECT_EQ(damaged->damage[0].expected, Sequence{6});
  EXPECT_EQ(damaged->damage[0].next, Sequence{10});
  EXPECT_EQ(damaged->last, Sequence{14});
  EXPECT_EQ(damaged->end, bytes.size() + block_of(13, 14).size());
}

// Every bit of a journal of two segments, one of them archived: either everything is read as it was, or what
// is lost is said, and all that is told is true.
TEST_F(Segment, every_flipped_bit_is_located_or_harmless) {
  std::string archived = header_of(1);
  append_compressed_block(trades(1, 4), archived);
  append_compressed_block(trades(5, 9), archived);
  const auto raw = header_of(10) + block_of(10, 12) + block_of(13, 17) + block_of(18, 18);
  const auto path = kMadeFolder / archive_file_name(Sequence{1});
  const auto whole = trades(1, 18);
  std::size_t harmless = 0;
  const auto look = [&](const std::filesystem::path& file, std::uint64_t bit, bool last_block) {
    test::FakeDisk other;
    ASSERT_TRUE(other.make_folder(kMadeFolder));
    other.put(path, archived);
    other.put(segment_path(10), raw);
    other.flip_bit(file, bit);
    const auto all = read_all(other);
    const auto checked = check_journal(other, kMadeFolder);
    ASSERT_TRUE(checked);
    ASSERT_TRUE(std::ranges::equal(all.events, std::span{whole}.first(all.events.size()))) << bit;
    if (all.events.size() == whole.size()) {
      ++harmless;
      EXPECT_TRUE(checked->damage.empty()) << bit;
    } else if (last_block) {
      // Nothing behind it says that it was ever complete.
      EXPECT_EQ(all.error, "") << bit;
      EXPECT_EQ(all.events.size(), 17U) << bit;
      EXPECT_GT(checked->torn, 0U) << bit;
    } else {
      EXPECT_NE(all.error, "") << bit;
      ASSERT_EQ(checked->damage.size(), 1U) << bit;
      EXPECT_EQ(checked->damage[0].segment.name, file.filename().string()) << bit;
      EXPECT_LE(checked->damage[0].offset, bit / 8) << bit;
      EXPECT_GT(checked->damage[0].offset + checked->damage[0].bytes, bit / 8) << bit;
    }
  };
  for (std::uint64_t bit = 0; bit < archived.size() * 8; ++bit) look(path, bit, false);
  const auto last = raw.size() - block_of(18, 18).size();
  for (std::uint64_t bit = 0; bit < raw.size() * 8; ++bit) look(segment_path(10), bit, bit / 8 >= last);
  EXPECT_EQ(harmless, 0U);
}

}  // namespace
}  // namespace qos::journal
