// The segments of a journal's folder.
//
// Any thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "io/disk.hpp"
#include "journal/reader.hpp"

namespace qos::journal {

struct SegmentFile {
  std::string name;
  Sequence first;
  bool archived = false;

  friend bool operator==(const SegmentFile&, const SegmentFile&) = default;
};

// In the order of their events. Of a segment that is there twice (its archiving was broken off) the archived
// one, which is complete when it has its name.
Result<std::vector<SegmentFile>> segment_files(io::Disk& disk, const std::filesystem::path& folder);

// Reads headers only, up to the first place where there is no block.
Result<SegmentFacts> segment_facts(io::Disk& disk, const std::filesystem::path& folder,
                                   const SegmentFile& segment);

// The names of all segments together: every id of every segment has one. What cannot be read is left out.
Result<Names> all_names(io::Disk& disk, const std::filesystem::path& folder);

}  // namespace qos::journal
