// What readers make of the files of a folder.
#include "journal/reader.hpp"

#include <gmock/gmock.h>

#include "journal/archive.hpp"
#include "journal/journal_folder.hpp"

namespace qos::journal {
namespace {

using testing::HasSubstr;

class JournalReader : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(disk.make_folder(kMadeFolder)); }
  void put(std::uint64_t first, std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> blocks) {
    auto bytes = header_of(first);
    for (const auto& [from, to] : blocks) bytes += block_of(from, to);
    disk.put(segment_path(first), bytes);
  }
  std::vector<SegmentFacts> facts() {
    auto all = segments_of(disk, kMadeFolder);
    EXPECT_TRUE(all) << all.error().message;
    return *all;
  }
  std::uint64_t received_by(std::int64_t t) {
    const auto last = last_received_by(disk, kMadeFolder, from_unix_seconds(t));
    EXPECT_TRUE(last) << last.error().message;
    return last->value();
  }

  test::FakeDisk disk;
};

TEST_F(JournalReader, crosses_blocks_and_segments_from_any_event) {
  put(1, {{1, 10}, {11, 12}});
  put(13, {{13, 13}});
  put(14, {{14, 40}});
  for (std::uint64_t after = 0; after <= 40; ++after) {
    const auto all = read_all(disk, after);
    EXPECT_EQ(all.error, "");
    EXPECT_EQ(all.events, trades(after + 1, 40)) << after;
  }
}

TEST_F(JournalReader, goes_on_with_what_is_written_while_it_reads) {
  put(1, {{1, 3}});
  const auto reader = Reader::open(disk, kMadeFolder, Sequence{0}, some_names());
  ASSERT_TRUE(reader);
  const auto next = [&] {
    const auto some = (*reader)->next();
    EXPECT_TRUE(some) << some.error().message;
    return std::vector<SequencedEvent>{some->begin(), some->end()};
  };
  EXPECT_EQ(next(), trades(1, 3));
  EXPECT_EQ(next(), trades(1, 0));
  auto file = disk.open(segment_path(1), io::Disk::Open::write);
  ASSERT_TRUE(file);
  const auto block = block_of(4, 9);
  const auto end = *(*file)->size();
  // The block arrives byte by byte.
  for (std::size_t n = 0; n < block.size(); ++n) {
    EXPECT_EQ(next(), trades(1, 0)) << n;
    ASSERT_TRUE((*file)->write_at(end + n, std::as_bytes(std::span{block}).subspan(n, 1)));
  }
  EXPECT_EQ(next(), trades(4, 9));
  put(10, {});
  EXPECT_EQ(next(), trades(1, 0));
  // A new run puts its own segment in the place of one without events.
  put(10, {{10, 11}});
  EXPECT_EQ(next(), trades(10, 11));
}

TEST_F(JournalReader, lets_the_later_segment_win_where_two_have_an_event) {
  put(1, {{1, 10}, {11, 20}});
  put(8, {{8, 30}});
  EXPECT_EQ(read_all(disk).events, trades(1, 30));
  EXPECT_EQ(read_all(disk, 8).events, trades(9, 30));
}

TEST_F(JournalReader, ends_at_a_torn_end_and_crosses_it_where_the_next_segment_has_what_is_missing) {
  auto bytes = header_of(1) + block_of(1, 5);
  const auto whole = bytes.size();
  bytes += block_of(6, 9);
  for (auto size = whole; size < bytes.size(); ++size) {
    disk.put(segment_path(1), bytes.substr(0, size));
    EXPECT_EQ(read_all(disk).error, "");
    ASSERT_EQ(read_all(disk).events, trades(1, 5)) << size;
  }
  put(6, {{6, 7}});
  EXPECT_EQ(read_all(disk).error, "");
  EXPECT_EQ(read_all(disk).events, trades(1, 7));
}

TEST_F(JournalReader, says_which_events_are_damaged_and_where) {
  const auto before = header_of(1) + block_of(1, 5);
  disk.put(segment_path(1), before + block_of(6, 9) + block_of(10, 12));
  disk.flip_bit(segment_path(1), (before.size() + 80) * 8);
  const auto all = read_all(disk);
  EXPECT_EQ(all.events, trades(1, 5));
  EXPECT_THAT(all.error,
              HasSubstr(fmt::format("{}: offset {}: events 6 to 9 cannot be read: the block has checksum",
                                    segment_path(1).string(), before.size())));
}

TEST_F(JournalReader, says_which_events_are_missing_between_two_segments) {
  put(1, {{1, 5}});
  put(8, {{8, 9}});
  EXPECT_THAT(read_all(disk).error, HasSubstr("events 6 to 7 cannot be read"));
  disk.put(kMadeFolder / "lost", "lost 6 7 for a test\n");
  const auto all = read_all(disk);
  EXPECT_EQ(all.error, "");
  auto expected = trades(1, 5);
  for (const auto& event : trades(8, 9)) expected.push_back(event);
  EXPECT_EQ(all.events, expected);
  EXPECT_THAT(all.lost, testing::ElementsAre(std::pair{6, 7}));
}

TEST_F(JournalReader, refuses_to_begin_before_what_is_kept) {
  put(11, {{11, 12}});
  EXPECT_THAT(read_all(disk, 9).error,
              HasSubstr("events after 9 are asked for, the journal is kept from 11 on"));
  EXPECT_EQ(read_all(disk, 10).events, trades(11, 12));
}

TEST_F(JournalReader, gives_events_the_ids_of_other_tables) {
  put(1, {{1, 4}});
  const Names other{.instruments = {"CF:NEW", "CF:ETHUSDT"}, .calendars = {}, .feeds = {"x", "venue"}};
  auto expected = trades(1, 4);
  for (auto& event : expected) {
    auto& trade = std::get<Trade>(event.event.body);
    trade.instrument = InstrumentId{trade.instrument.value() == 1 ? 1 : 0xFFFF'FFFF};
    event.event.feed = FeedId{1};
  }
  EXPECT_EQ(read_all(disk, 0, other).events, expected);
}

TEST_F(JournalReader, tells_the_facts_of_segments_from_their_headers) {
  put(1, {{1, 10}, {11, 12}});
  put(13, {});
  const auto all = facts();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].file, "00000000000000000001.qosj");
  EXPECT_EQ(all[0].epoch, Epoch{1});
  EXPECT_EQ(all[0].first, Sequence{1});
  EXPECT_EQ(all[0].last, Sequence{12});
  EXPECT_EQ(all[0].first_received, from_unix_seconds(1));
  EXPECT_EQ(all[0].last_received, from_unix_seconds(12));
  EXPECT_EQ(all[0].events, 12U);
  EXPECT_EQ(all[0].bytes, disk.content(segment_path(1))->size());
  EXPECT_FALSE(all[0].archived);
  EXPECT_EQ(all[1].last, Sequence{12});
  EXPECT_EQ(all[1].events, 0U);
}

TEST_F(JournalReader, finds_the_last_event_that_was_received_by_a_time) {
  put(1, {{1, 10}, {11, 12}});
  // Events of the server itself have another clock.
  auto own = trade(13);
  own.event.feed = FeedId{1};
  own.event.ts_recv = from_unix_seconds(1'000'000);
  std::string bytes = header_of(13);
  append_block(std::vector{own}, bytes);
  disk.put(segment_path(13), bytes + block_of(14, 20));
  EXPECT_EQ(received_by(0), 0U);
  EXPECT_EQ(received_by(1), 1U);
  EXPECT_EQ(received_by(10), 10U);
  EXPECT_EQ(received_by(11), 11U);
  EXPECT_EQ(received_by(13), 13U);
  EXPECT_EQ(received_by(19), 19U);
  EXPECT_EQ(received_by(20), 20U);
  EXPECT_EQ(received_by(2'000'000), 20U);
}

TEST_F(JournalReader, reads_archived_segments_like_others) {
  put(1, {{1, 10}, {11, 12}});
  put(13, {{13, 20}});
  const auto raw = facts();
  const auto archived = archive_segment(disk, kMadeFolder, raw[0]);
  ASSERT_TRUE(archived) << archived.error().message;
  auto expected = raw[0];
  expected.file = "00000000000000000001.qosa";
  expected.archived = true;
  expected.bytes = archived->bytes;
  EXPECT_EQ(archived->last, expected.last);
  EXPECT_EQ(archived->events, expected.events);
  EXPECT_EQ(archived->epoch, expected.epoch);
  EXPECT_EQ(archived->file, expected.file);
  EXPECT_FALSE(disk.exists(segment_path(1)));
  for (std::uint64_t after = 0; after <= 20; ++after)
    EXPECT_EQ(read_all(disk, after).events, trades(after + 1, 20)) << after;
  EXPECT_EQ(received_by(5), 5U);
}

TEST_F(JournalReader, goes_on_when_the_segment_that_it_reads_is_archived) {
  put(1, {{1, 10}, {11, 12}});
  put(13, {{13, 20}});
  const auto reader = Reader::open(disk, kMadeFolder, Sequence{0}, some_names());
  ASSERT_TRUE(reader);
  std::vector<SequencedEvent> events;
  const auto take = [&] {
    const auto some = (*reader)->next();
    ASSERT_TRUE(some) << some.error().message;
    events.insert(events.end(), some->begin(), some->end());
  };
  take();
  ASSERT_TRUE(archive_segment(disk, kMadeFolder, facts()[0]));
  take();
  take();
  EXPECT_EQ(events, trades(1, 20));
}

// Every call of the disk is the last one, then the power is lost.
TEST_F(JournalReader, finds_one_whole_copy_wherever_archiving_was_broken_off) {
  for (const bool power : {false, true})
    for (std::uint64_t nth = 1;; ++nth) {
      test::FakeDisk other{nth};
      ASSERT_TRUE(other.make_folder(kMadeFolder));
      other.put(segment_path(1), header_of(1) + block_of(1, 10) + block_of(11, 12));
      other.put(segment_path(13), header_of(13) + block_of(13, 20));
      const auto segments = segments_of(other, kMadeFolder);
      ASSERT_TRUE(segments);
      const auto before = other.calls();
      other.die_at(before + nth);
      const bool done = archive_segment(other, kMadeFolder, segments->front()).has_value();
      if (done && !other.dead()) break;
      power ? other.power_loss() : other.kill();
      EXPECT_EQ(read_all(other).error, "") << nth;
      EXPECT_EQ(read_all(other).events, trades(1, 20)) << nth;
      const auto again = archive_segment(other, kMadeFolder, segments->front());
      ASSERT_TRUE(again) << nth << ": " << again.error().message;
      EXPECT_EQ(again->events, 12U);
      EXPECT_FALSE(other.exists(segment_path(1)));
      EXPECT_EQ(read_all(other).events, trades(1, 20)) << nth;
    }
}

TEST_F(JournalReader, does_not_archive_a_damaged_segment) {
  put(1, {{1, 10}, {11, 12}});
  put(13, {{13, 20}});
  const auto raw = facts();
  disk.flip_bit(segment_path(1), (disk.content(segment_path(1))->size() - 20) * 8);
  const auto archived = archive_segment(disk, kMadeFolder, raw[0]);
  ASSERT_FALSE(archived);
  EXPECT_THAT(archived.error().message, HasSubstr("not archived, damaged at offset"));
  EXPECT_TRUE(disk.exists(segment_path(1)));
}

}  // namespace
}  // namespace qos::journal
