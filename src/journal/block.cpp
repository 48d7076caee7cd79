#include "journal/block.hpp"

#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "journal/event_columns.hpp"
#include "journal/number_column.hpp"

namespace qos::journal {
namespace {

// Archived segments are written once, in the background; level 3 is within 3% of what 9 reaches.
constexpr int kArchiveLevel = 3;

constexpr std::size_t kChecked = offsetof(BlockHeader, header_check);
static_assert(sizeof(std::uint64_t) >= kReadBeyond, "the checksum is what readers of columns look into");

// The most bytes that the columns of so many events can have.
constexpr std::size_t most_bytes(std::size_t events) {
  return 4096 + events * kMaxEventBytes;
}

BlockHeader describe(std::span<const SequencedEvent> events) {
  BlockHeader header{};
  header.magic = kBlockMagic;
  header.events = static_cast<std::uint32_t>(events.size());
  header.first_sequence = events.front().sequence.value();
  header.first_received = unix_nanos(events.front().event.ts_recv);
  header.last_received = unix_nanos(events.back().event.ts_recv);
  header.latest_of_highest = header.latest_of_others = std::numeric_limits<std::int64_t>::min();
  for (const auto& [sequence, event] : events) {
    const auto feed = event.feed.value();
    if (feed > header.highest_feed) {
      // What was the highest until now is one of the others.
      header.highest_feed = feed;
      header.latest_of_others = std::max(header.latest_of_others, header.latest_of_highest);
      header.latest_of_highest = unix_nanos(event.ts_recv);
    }
    auto& latest = feed == header.highest_feed ? header.latest_of_highest : header.latest_of_others;
    latest = std::max(latest, unix_nanos(event.ts_recv));
  }
  return header;
}

// Room for the header, which is filled in when the rest is known.
std::size_t begin_block(std::span<const SequencedEvent> events, std::size_t most, std::string& out) {
  QOS_ASSERT(!events.empty() && events.size() <= most);
  QOS_ASSERT(events.back().sequence.value() - events.front().sequence.value() == events.size() - 1);
  const auto begin = out.size();
  out.append(sizeof(BlockHeader), '\0');
  return begin;
}

void end_block(BlockHeader header, std::size_t begin, std::string& out) {
  const auto columns = begin + sizeof header;
  header.stored_bytes = static_cast<std::uint32_t>(out.size() - columns);
  header.header_check = XXH3_64bits(&header, kChecked);
  std::memcpy(out.data() + begin, &header, sizeof header);
  ByteWriter{out}.fixed(XXH3_64bits_withSeed(out.data() + columns, header.stored_bytes, header.header_check));
}

Result<void> read_compressed(std::string_view stored, const ColumnsFrame& frame,
                             std::vector<SequencedEvent>& out) {
  const auto size = ZSTD_getFrameContentSize(stored.data(), stored.size());
  const auto most = most_bytes(frame.events);
  if (size > most) return fail("its columns are not zstd, or longer than {} bytes", most);
  std::string columns(size + kReadBeyond, '\0');
  const auto got = ZSTD_decompress(columns.data(), size, stored.data(), stored.size());
  if (ZSTD_isError(got) != 0) return fail("its columns: {}", ZSTD_getErrorName(got));
  return read_columns(std::string_view{columns}.substr(0, got), frame, out);
}

}  // namespace

void append_block(std::span<const SequencedEvent> events, std::string& out) {
  append_block(events, Sequence{events.front().sequence.value() - 1}, out);
}

void append_block(std::span<const SequencedEvent> events, Sequence durable, std::string& out) {
  const auto begin = begin_block(events, kBlockEvents, out);
  append_columns(events, out);
  auto header = describe(events);
  header.durable = durable.value();
  end_block(header, begin, out);
}

void append_compressed_block(std::span<const SequencedEvent> events, std::string& out) {
  const auto begin = begin_block(events, kArchivedBlockEvents, out);
  std::string columns;
  append_columns(events, columns);
  const auto bound = ZSTD_compressBound(columns.size());
  const auto at = out.size();
  out.resize(at + bound);
  const auto size = ZSTD_compress(out.data() + at, bound, columns.data(), columns.size(), kArchiveLevel);
  QOS_ASSERT(ZSTD_isError(size) == 0);  // there is room enough, so nothing can go wrong
  out.resize(at + size);
  auto header = describe(events);
  header.form = BlockForm::compressed;
  header.durable = header.first_sequence - 1;
  end_block(header, begin, out);
}

Result<BlockHeader> read_block_header(std::span<const std::byte> bytes) {
  BlockHeader header;
  if (bytes.size() < sizeof header)
    return fail("a block's header has {} bytes, {} are there", sizeof header, bytes.size());
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kBlockMagic)
    return fail("a block begins with {:#010x}, here is {:#010x}", kBlockMagic, header.magic);
  if (const auto check = XXH3_64bits(&header, kChecked); check != header.header_check)
    return fail("the block's header has checksum {:016x}, it says {:016x}", check, header.header_check);
  const auto most = header.form == BlockForm::columns ? kBlockEvents : kArchivedBlockEvents;
  if (header.form > BlockForm::compressed || header.zero != 0)
    return fail("a block of form {}, known are 0 and 1", static_cast<int>(header.form));
  if (header.events == 0 || header.events > most || header.stored_bytes > most_bytes(header.events))
    return fail("a block with {} events in {} bytes, at most {} in {}", header.events, header.stored_bytes,
                most, most_bytes(header.events));
  if (header.first_sequence == 0 || header.last() < header.first())
    return fail("a block with {} events from sequence {}", header.events, header.first_sequence);
  return header;
}

Result<std::size_t> read_block(std::span<const std::byte> bytes, std::vector<SequencedEvent>& out) {
  const auto header = read_block_header(bytes);
  if (!header) return std::unexpected{header.error()};
  if (header->bytes() > bytes.size())
    return fail("the block has {} bytes, {} are there", header->bytes(), bytes.size());
  const std::string_view stored{reinterpret_cast<const char*>(bytes.data()) + sizeof *header,
                                header->stored_bytes};
  std::uint64_t said;
  std::memcpy(&said, stored.data() + stored.size(), sizeof said);
  const auto check = XXH3_64bits_withSeed(stored.data(), stored.size(), header->header_check);
  if (check != said) return fail("the block has checksum {:016x}, it says {:016x}", check, said);
  const ColumnsFrame frame{.first = header->first(),
                           .first_received = from_unix_nanos(header->first_received),
                           .events = header->events};
  const auto read = header->form == BlockForm::compressed ? read_compressed(stored, frame, out)
                                                          : read_columns(stored, frame, out);
  if (!read) return within(fmt::format("block of sequence {}", header->first_sequence), read.error());
  return header->bytes();
}

}  // namespace qos::journal
