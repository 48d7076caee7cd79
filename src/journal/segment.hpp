// A segment: a file that begins with a header (who wrote it, what ids mean) and goes on with blocks.
// docs/formats/journal.md is the specification.
//
// Pure but for scan_segment, which reads a file. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/result.hpp"
#include "io/disk.hpp"
#include "journal/block.hpp"
#include "journal/names.hpp"
#include "journal/position.hpp"

namespace qos::journal {

inline constexpr std::uint8_t kJournalVersion = 1;

// "00000000000000000001.qosj", and ".qosa" once it is archived. They sort as their events do.
inline constexpr std::string_view kSegmentSuffix = ".qosj";
inline constexpr std::string_view kArchiveSuffix = ".qosa";
// While this file is in the folder, a repair has left something out: the next run begins a new epoch, and
// removes it once a segment of that epoch is on the disk.
inline constexpr std::string_view kRepairedMarker = "repaired";
// Held by who writes in the folder.
inline constexpr std::string_view kFolderLock = "lock";

std::string segment_file_name(Sequence first);
std::string archive_file_name(Sequence first);
// nullopt: the name of something else.
std::optional<Sequence> first_sequence_of(std::string_view file_name);

// As it lies at the start of the file, little-endian. Behind it the names, `names_bytes` of zstd.
struct SegmentHeader {
  std::uint32_t magic;
  std::uint8_t version;
  std::uint8_t zero[3];
  std::uint64_t epoch;
  std::uint64_t first_sequence;
  std::int64_t created;
  std::uint32_t names_bytes;
  std::uint32_t names_size;    // uncompressed
  std::uint64_t names_check;   // XXH3-64 of the compressed names
  std::uint64_t header_check;  // XXH3-64 of all before it
};
inline constexpr std::uint32_t kSegmentMagic = 0x4A534F51;  // "QOSJ"
static_assert(sizeof(SegmentHeader) == 56, "the header's layout is a file format");
static_assert(std::has_unique_object_representations_v<SegmentHeader>, "padding would reach the disk");

// The bytes to write at offset 0.
std::string segment_header(Epoch epoch, Sequence first, UnixNanos created, const Names& names);

struct SegmentStart {
  Epoch epoch;
  Sequence first;
  UnixNanos created;
  Names names;
  std::uint64_t bytes = 0;  // where the first block begins
};
// Reads the header and the names. An error says what was expected and seen, both versions if it is another.
Result<SegmentStart> read_segment_start(io::DiskFile& file);

// A place where there should be a block, and is none.
struct BadPlace {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;                   // up to the next whole block, or the end of the file
  Sequence expected;                         // the first sequence that is missing
  Sequence next;                             // where it goes on
  std::optional<UnixNanos> received_before;  // ts_recv of the event before it, if the segment has one
  UnixNanos received_after;                  // of the first one behind it
  std::string reason;                        // what was expected and seen
};

struct Scan {
  SegmentStart start;
  std::uint64_t end = 0;    // behind the last whole block that belongs to it; where a writer goes on
  Sequence last;            // its last event; start.first - 1: it has none
  std::uint64_t torn = 0;   // bytes behind `end` that an interrupted write has left
  std::string torn_reason;  // what was expected there and seen
  std::uint64_t events = 0;
  UnixNanos first_received;  // ts_recv of the first and the last event; 0: there is none
  UnixNanos last_received;
  // Damage: what was on the disk once and cannot be read now. Empty for a segment that is only torn. A
  // segment is to be read on behind each of them.
  std::vector<BadPlace> damage;
};

// Reads the whole file and checks every block, its events too. An error: the header is no segment's, or the
// disk's. A bad place with nothing valid behind it is a torn end here; whoever knows the next segment's first
// sequence knows whether something is missing.
Result<Scan> scan_segment(io::DiskFile& file);

}  // namespace qos::journal
