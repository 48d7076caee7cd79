// Makes a damaged journal readable again, and says what that costs. docs/formats/journal.md, "Repair"
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "io/disk.hpp"
#include "journal/check.hpp"

namespace qos::journal {

struct Repaired {
  std::vector<Damage> damage;
  std::vector<std::string> aside;  // files that hold what could not be read
};
// Checks the journal and takes its damage out: the bytes are copied beside the segment
// ("SEGMENT.OFFSET.damaged"; nothing is ever deleted), what is good behind them becomes a segment of its own,
// the note says what is lost, and the marker makes the next run begin a new epoch. A segment whose header is
// damaged is renamed as a whole. Broken off at any point it can be done again; without damage nothing
// changes.
//
// Only while no server has the journal open: an error if one has.
Result<Repaired> repair_journal(io::Disk& disk, const std::filesystem::path& folder, UnixNanos now);

}  // namespace qos::journal
