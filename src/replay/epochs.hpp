// Which epoch an event of the journal belongs to: the headers of its segments say so.
//
// Thread: one.
#pragma once

#include <filesystem>
#include <map>

#include "core/result.hpp"
#include "io/disk.hpp"
#include "journal/position.hpp"

namespace qos::replay {

class Epochs {
 public:
  Epochs(io::Disk& disk, std::filesystem::path folder) : disk_{disk}, folder_{std::move(folder)} {}

  // Of an event that was just read, later than those asked for before. Looks for new segments only while the
  // newest one that it knows is being read.
  Result<journal::Epoch> of(Sequence sequence);

 private:
  Result<void> look_for_segments();

  io::Disk& disk_;
  std::filesystem::path folder_;
  std::map<Sequence, journal::Epoch> begins_;  // by the first sequence of each segment
};

}  // namespace qos::replay
