// Files of version 1, kept for good: whatever is changed, they are read as they always were. SOURCES.md
// beside them says how they were made.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <limits>

#include "io/file.hpp"
#include "journal/block_file.hpp"
#include "journal/journal_folder.hpp"

namespace qos::journal {
namespace {

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kStart = 1'723'075'200'123'456'789;
constexpr Int128 kWide = (Int128{0x7FFF'FFFF'FFFF'FFFF} << 64) + 5;

constexpr Price price(std::int64_t raw) {
  return Price::from_raw(raw);
}
constexpr Quantity size(std::int64_t raw) {
  return Quantity::from_raw(raw);
}

// Every kind, the usual and the extreme. Never changed; a new kind gets a file of its own.
std::vector<SequencedEvent> golden_events() {
  const InstrumentId btc{0};
  const InstrumentId eth{1};
  const InstrumentId unknown{0xFFFF'FFFF};
  const CalendarId calendar{0};
  const auto t = [](std::int64_t nanos) { return from_unix_nanos(nanos); };
  const std::vector<EventBody> bodies{
      BookClear{btc, t(kStart)},
      BookDelta{btc, Side::bid, DeltaPart::more, price(61'800'100'000'000), size(290'900'000), 5'000'000'001,
                t(kStart)},
      BookDelta{btc, Side::bid, DeltaPart::more, price(61'800'000'000'000), size(0), 5'000'000'001,
                t(kStart)},
      BookDelta{btc, Side::ask, DeltaPart::last, price(61'800'200'000'000), size(100'000), 5'000'000'001,
                t(kStart)},
      Trade{btc, price(61'800'200'000'000), size(50'000'000), 77, t(kStart + 1'000'000),
            TradeCondition::regular, Aggressor::buy},
      Trade{btc, price(61'800'100'000'000), size(1'000'000), 78, t(kStart + 1'000'000),
            TradeCondition::odd_lot, Aggressor::sell},
      Trade{eth, price(-37'630'000'000), size(kMost), 0, t(kStart - 5), TradeCondition::after_close_fixed,
            Aggressor::unknown},
      Trade{unknown, price(kLeast), size(kLeast), std::numeric_limits<std::uint64_t>::max(), t(kMost),
            TradeCondition::closing_auction, Aggressor::buy},
      Quote{eth, price(kMost), size(1), price(kLeast), size(2), 9, t(kLeast)},
      Quote{eth, price(2'500'000'000'000), size(100'000'000), price(2'500'010'000'000), size(3), 9,
            t(kStart)},
      TradingStatus{eth, TradingState::halted, t(kStart)},
      ReferencePrice{eth, price(2'499'000'000'000), t(kStart)},
      RollingStats{btc, price(1), price(2), price(0), Volume::from_raw(kWide), Turnover::from_raw(-kWide),
                   t(kStart)},
      KlineRestatement{eth, t(kStart / 60'000'000'000 * 60'000'000'000), price(5'000'000'000),
                       price(6'000'000'000), price(4'000'000'000), price(5'500'000'000),
                       Volume::from_raw(100'000'000'000),
                       Turnover::from_raw(Int128{550'000'000'000} * 1'000'000'000'000), 12, t(kStart)},
      Gap{btc, 5, std::numeric_limits<std::uint64_t>::max(), t(kStart)},
      ClockTick{calendar, t(kStart)},
      ClockTick{CalendarId{0xFFFF}, t(kStart)},
      TradeBust{btc, 77, t(kStart)},
      TradeCorrection{btc, 78, price(61'800'300'000'000), size(2'000'000), TradeCondition::off_book,
                      t(kStart)},
      PastKline{eth, StoredSeries::after_hours, -20'000, t(0), price(5'000'000'000), price(6'000'000'000),
                price(4'000'000'000), price(5'500'000'000), Volume::from_raw(7), Turnover::from_raw(-1),
                0xFFFF'FFFF, 3, t(kStart)},
      CalendarChange{calendar, CalendarChange::Kind::partial, 19'943, 570, CalendarChange::kAsUsual,
                     t(kStart)},
      StateDigest{0x0123'4567'89AB'CDEF, t(kStart)},
      PastReset{eth, t(kStart)},
      BookDelta{btc, Side::ask, DeltaPart::last, price(61'800'200'000'000), size(0), 5'000'000'002,
                t(kStart)},
  };
  std::vector<SequencedEvent> events;
  for (const auto& body : bodies) {
    const auto n = events.size();
    events.push_back({Sequence{1'000 + n},
                      {.feed = FeedId{static_cast<std::uint16_t>(n % 7 == 6 ? 1 : 0)},
                       .ts_recv = from_unix_nanos(kStart + 3'000 * static_cast<std::int64_t>(n / 3)),
                       .body = body}});
  }
  return events;
}

// A block of one event, one of all others, one of 200 trades with long and short steps.
std::vector<std::vector<SequencedEvent>> golden_blocks() {
  auto typed = golden_events();
  std::vector<SequencedEvent> steps;
  for (std::uint64_t n = 0; n < 200; ++n) {
    auto event = trade(1'000 + typed.size() + n);
    auto& body = std::get<Trade>(event.event.body);
    body.price = price(static_cast<std::int64_t>((n * n * 7919) % 1000) * 10'000'000);
    body.size = size(n % 50 == 0 ? 123'456'789'012 : static_cast<std::int64_t>(n % 9) * 1'000'000);
    steps.push_back(event);
  }
  return {{typed.front()}, {typed.begin() + 1, typed.end()}, steps};
}

std::string golden_header() {
  return segment_header(Epoch{1'723'075'200'000'000}, Sequence{1'000}, from_unix_nanos(kStart), some_names());
}

std::string golden_path(std::string_view name) {
  return fmt::format("{}/tests/data/journal/{}", QOS_SOURCE_DIR, name);
}

std::string raw_blocks() {
  std::string bytes;
  for (const auto& block : golden_blocks()) append_block(block, bytes);
  return bytes;
}

std::string archived_block() {
  std::vector<SequencedEvent> all;
  for (const auto& block : golden_blocks()) all.insert(all.end(), block.begin(), block.end());
  std::string bytes;
  append_compressed_block(all, bytes);
  return bytes;
}

void expect_golden_events(std::string_view file, std::string_view name) {
  const auto content = io::read_file(golden_path(file));
  ASSERT_TRUE(content) << content.error().message;
  test::FakeDisk disk;
  ASSERT_TRUE(disk.make_folder(kMadeFolder));
  disk.put(kMadeFolder / name, *content);
  std::vector<SequencedEvent> expected;
  for (const auto& block : golden_blocks()) expected.insert(expected.end(), block.begin(), block.end());
  const auto all = read_all(disk, 999);
  EXPECT_EQ(all.error, "");
  EXPECT_EQ(all.events, expected);
  const auto start = read_segment_start(**disk.open(kMadeFolder / name, io::Disk::Open::read));
  ASSERT_TRUE(start);
  EXPECT_EQ(start->epoch, Epoch{1'723'075'200'000'000});
  EXPECT_EQ(start->created, from_unix_nanos(kStart));
  EXPECT_EQ(start->names, some_names());
}

TEST(GoldenJournal, version_1_is_read_as_ever) {
  expect_golden_events("version_1_raw.qosj", segment_file_name(Sequence{1'000}));
}

TEST(GoldenJournal, an_archive_of_version_1_is_read_as_ever) {
  expect_golden_events("version_1_archived.qosa", archive_file_name(Sequence{1'000}));
}

// The bytes of blocks are ours to the last bit; names and archives are zstd's.
TEST(GoldenJournal, version_1_is_written_as_ever) {
  const auto content = io::read_file(golden_path("version_1_raw.qosj"));
  ASSERT_TRUE(content);
  const auto blocks = raw_blocks();
  ASSERT_GT(content->size(), blocks.size());
  EXPECT_TRUE(content->ends_with(blocks)) << "the same events make other bytes: that is another version";
}

TEST(GoldenJournal, makes_the_files_anew_when_asked) {
  if (std::getenv("QOS_WRITE_GOLDEN") == nullptr) GTEST_SKIP() << "QOS_WRITE_GOLDEN is not set";
  for (const auto& [name, bytes] : {std::pair{"version_1_raw.qosj", golden_header() + raw_blocks()},
                                    std::pair{"version_1_archived.qosa", golden_header() + archived_block()}})
    if (!std::ifstream{golden_path(name)}) std::ofstream{golden_path(name), std::ios::binary} << bytes;
}

}  // namespace
}  // namespace qos::journal
