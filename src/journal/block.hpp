// A block: up to 8,192 events with dense sequences, packed into columns, behind a header that can be read
// alone, so that readers hop from block to block. docs/formats/journal.md is the specification.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "core/bytes.hpp"
#include "core/result.hpp"
#include "event/event.hpp"

namespace qos::journal {

// Of the writer's blocks. Archived segments have longer ones (archive.hpp).
inline constexpr std::size_t kBlockEvents = 8192;
inline constexpr std::size_t kArchivedBlockEvents = 65'536;

enum class BlockForm : std::uint8_t {
  columns = 0,
  compressed = 1,  // columns as one zstd frame
};

// As it lies in the file, little-endian. Behind it `stored_bytes` of columns, then 8 bytes: XXH3-64 of them,
// seeded with header_check.
struct BlockHeader {
  std::uint32_t magic;
  BlockForm form;
  std::uint8_t zero;
  std::uint16_t highest_feed;  // the highest feed id of its events
  std::uint32_t stored_bytes;
  std::uint32_t events;
  std::uint64_t first_sequence;
  std::uint64_t durable;        // what the writer knew to be on the disk when it wrote the block
  std::int64_t first_received;  // ts_recv of its first and of its last event
  std::int64_t last_received;
  // The latest ts_recv among the events of highest_feed, and among all others (INT64_MIN: none). The server's
  // own events have the highest feed id, and their ts_recv is not a venue's.
  std::int64_t latest_of_highest;
  std::int64_t latest_of_others;
  std::uint64_t header_check;  // XXH3-64 of all before it

  Sequence first() const { return Sequence{first_sequence}; }
  Sequence last() const { return Sequence{first_sequence + events - 1}; }
  // Of the whole block, header and checksums included.
  std::size_t bytes() const { return sizeof(BlockHeader) + stored_bytes + sizeof(std::uint64_t); }
};
inline constexpr std::uint32_t kBlockMagic = 0x42534F51;  // "QOSB"
static_assert(sizeof(BlockHeader) == 72, "the header's layout is a file format");
static_assert(std::has_unique_object_representations_v<BlockHeader>, "padding would reach the disk");

// `durable`: the last sequence that was known to be on the disk; without it, all before the first. Damage can
// only be told from a torn end by it: a whole block behind a bad one proves damage if the bad one was durable
// when it was written.
void append_block(std::span<const SequencedEvent> events, std::string& out);
void append_block(std::span<const SequencedEvent> events, Sequence durable, std::string& out);
// Up to kArchivedBlockEvents of them, smaller and slower.
void append_compressed_block(std::span<const SequencedEvent> events, std::string& out);

// The header at the start of `bytes`, checked. An error says what was expected and seen.
Result<BlockHeader> read_block_header(std::span<const std::byte> bytes);

// The block at the start of `bytes`: its events take the place of what is in `out`; returns the bytes it
// took.
Result<std::size_t> read_block(std::span<const std::byte> bytes, std::vector<SequencedEvent>& out);

}  // namespace qos::journal
