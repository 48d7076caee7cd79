#include "replay/kept_checkpoints.hpp"

#include <optional>

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
  std::optional<std::int64_t> period;
  for (std::size_t at = 0; at < older; ++at) {
    const auto checkpoint = CheckpointFile::open(disk, (*places)[at].path);
    // The first of each period stays; one that cannot be read is of no use.
    const bool reached = (*places)[at].first.value() + 1 >= begins;
    const auto of =
        checkpoint ? std::optional{checkpoint->facts().received.time_since_epoch() / spacing} : std::nullopt;
    if (reached && of && of != period) {
      period = of;
      continue;
    }
    if (auto removed = disk.remove((*places)[at].path); !removed) return removed;
    crash_point("checkpoint.removed");
  }
  if (!places->empty()) journal.keep_after((*places)[older].first);
  return {};
}

}  // namespace qos::replay
