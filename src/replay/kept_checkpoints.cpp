#include "replay/kept_checkpoints.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/crash_point.hpp"
#include "journal/reader.hpp"
#include "replay/checkpoint_file.hpp"

namespace qos::replay {
namespace {

constexpr std::size_t kNewest = 2;

}  // namespace

Result<void> keep_some(journal::Journal& journal, const std::filesystem::path& folder,
                       std::chrono::seconds spacing) {
  io::Disk& disk = journal.disk();
  const auto places = checkpoints_in(disk, folder);
  if (!places) return std::unexpected{places.error()};
  const auto segments = journal::segments_of(disk, journal.folder());
  if (!segments) return std::unexpected{segments.error()};
  const std::uint64_t begins = segments->empty() ? 0 : segments->front().first.value();
  const std::size_t older = places->size() > kNewest ? places->size() - kNewest : 0;
  // The first of each period stays, and the first of each segment: when the oldest segment goes, whoever asks
  // for what is in the next one still finds where to begin.
  const auto segment_of = [&](Sequence first) {
    return std::ranges::upper_bound(*segments, Sequence{first.value() + 1}, {},
                                    &journal::SegmentFacts::first) -
           segments->begin();
  };
  using Group = std::pair<std::int64_t, std::ptrdiff_t>;
  std::optional<Group> group;
  for (std::size_t at = 0; at < older; ++at) {
    const auto checkpoint = CheckpointFile::open(disk, (*places)[at].path);
    // One that cannot be read is of no use, nor is one from before the journal.
    const Sequence first = (*places)[at].first;
    const bool reached = first.value() + 1 >= begins;
    if (reached && checkpoint) {
      const Group of{checkpoint->facts().received.time_since_epoch() / spacing, segment_of(first)};
      if (std::exchange(group, of) != of) continue;
    }
    if (auto removed = disk.remove((*places)[at].path); !removed) return removed;
    crash_point("checkpoint.removed");
  }
  if (!places->empty()) journal.keep_after((*places)[older].first);
  return {};
}

}  // namespace qos::replay
