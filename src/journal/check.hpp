// Reads a whole journal and says what of it cannot be read. Changes nothing.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "io/disk.hpp"
#include "journal/reader.hpp"
#include "journal/segment_files.hpp"

namespace qos::journal {

// Events that were there once and cannot be read, and the bytes that stand in their place.
struct Damage {
  SegmentFile segment;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;     // 0: nothing is there at all
  bool whole = false;          // the segment's header cannot be read, so nothing of it can
  Sequence from;               // the first event that is lost
  std::optional<Sequence> to;  // the last one; nullopt: the journal's newest, nobody knows how many
  std::optional<UnixNanos> received_before;  // ts_recv of the events around them
  std::optional<UnixNanos> received_after;
  std::string reason;  // what was expected and seen

  std::uint64_t events() const { return to ? to->value() - from.value() + 1 : 0; }
};

// One line: segment, offset, events, times, reason.
std::string describe(const Damage& damage);

struct Checked {
  std::vector<SegmentFacts> segments;  // those that can be read
  std::vector<Damage> damage;          // in order
  std::vector<Reader::Lost> noted;     // by repairs: no damage any more
  std::uint64_t events = 0;
  std::uint64_t torn = 0;  // bytes at the end of the newest segment; the next start cuts them off
};

// Every block of every segment, its events too. A journal that is written meanwhile is checked as far as it
// was there at the beginning. `passed` is called after each segment; an error is the disk's.
Result<Checked> check_journal(io::Disk& disk, const std::filesystem::path& folder,
                              const std::function<void(const SegmentFacts&)>& passed = {});

}  // namespace qos::journal
