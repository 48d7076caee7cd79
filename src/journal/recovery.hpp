// What an earlier run has left in a journal's folder, made whole: the torn end cut off, the tail's events
// written down. docs/formats/journal.md, "The tail"
#pragma once

#include <filesystem>
#include <vector>

#include "io/disk.hpp"
#include "journal/journal.hpp"
#include "journal/reader.hpp"

namespace qos::journal {

struct Recovered {
  Found found;
  Epoch epoch;                         // of the run that begins
  std::vector<SegmentFacts> segments;  // in order
  bool repaired = false;               // the marker of a repair is there, to be removed
};
// Only for who holds the folder's lock. `now`: for the name of a new epoch. Changes nothing before it knows
// that all is well; what it changes can be broken off at any point and done again.
Result<Recovered> recover(io::Disk& disk, const std::filesystem::path& folder, UnixNanos now);

}  // namespace qos::journal
