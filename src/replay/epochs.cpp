#include "replay/epochs.hpp"

#include <iterator>

#include "journal/segment.hpp"
#include "journal/segment_files.hpp"

namespace qos::replay {

Result<journal::Epoch> Epochs::of(Sequence sequence) {
  auto behind = begins_.upper_bound(sequence);
  if (behind == begins_.end()) {
    if (auto looked = look_for_segments(); !looked) return std::unexpected{looked.error()};
    behind = begins_.upper_bound(sequence);
  }
  if (behind == begins_.begin())
    return fail("{}: no segment has event {}", folder_.string(), sequence.value());
  return std::prev(behind)->second;
}

// A segment without events gives its name to the next run's first one, so the newest is read again. One that
// is archived or removed meanwhile is known already, or not needed any more.
Result<void> Epochs::look_for_segments() {
  const auto files = journal::segment_files(disk_, folder_);
  if (!files) return std::unexpected{files.error()};
  const auto newest = begins_.empty() ? Sequence{} : std::prev(begins_.end())->first;
  for (const auto& segment : *files) {
    if (segment.first < newest) continue;
    const auto file = disk_.open(folder_ / segment.name, io::Disk::Open::read);
    if (!file) continue;
    const auto start = journal::read_segment_start(**file);
    if (start) begins_[start->first] = start->epoch;
  }
  return {};
}

}  // namespace qos::replay
