// Which event was the last when a clock showed a time: found by the blocks' headers.
#include <algorithm>
#include <limits>

#include "journal/block_file.hpp"
#include "journal/reader.hpp"
#include "journal/segment.hpp"
#include "journal/segment_files.hpp"

namespace qos::journal {
namespace {

// Looks for the first event of a venue's feed that was received after `t`.
class Search {
 public:
  Search(std::int64_t t, std::filesystem::path folder) : t_{t}, folder_{std::move(folder)} {}

  // True: found.
  Result<bool> look_into(io::Disk& disk, const SegmentFile& segment) {
    const auto file = disk.open(folder_ / segment.name, io::Disk::Open::read);
    if (!file) return std::unexpected{file.error()};
    const auto start = read_segment_start(**file);
    if (!start) return within((folder_ / segment.name).string(), start.error());
    const auto feeds = start->names.feeds.size();
    BlockFile blocks{**file};
    for (auto at = start->bytes;;) {
      const auto found = blocks.header_at(at);
      if (!found) return std::unexpected{found.error()};
      // A torn end or damage: whoever reads the events says which.
      if (!found->header) return false;
      const auto& header = *found->header;
      const bool server_is_highest = header.highest_feed + std::size_t{1} == feeds;
      const auto latest = server_is_highest ? header.latest_of_others
                                            : std::max(header.latest_of_others, header.latest_of_highest);
      if (latest > t_) {
        const auto answered = look_into(blocks, at, feeds);
        if (!answered || *answered) return answered;
      }
      if (latest != std::numeric_limits<std::int64_t>::min()) seen_ = true;
      last_ = header.last();
      at += header.bytes();
    }
  }

  // The last one before what was found; of the whole journal if nothing was.
  Sequence answer() const { return seen_ ? last_ : Sequence{0}; }

 private:
  Result<bool> look_into(BlockFile& blocks, std::uint64_t at, std::size_t feeds) {
    const auto found = blocks.block_at(at, events_);
    if (!found) return std::unexpected{found.error()};
    if (!found->header) return false;
    for (const auto& [sequence, event] : events_) {
      if (event.feed.value() + std::size_t{1} == feeds) continue;
      if (unix_nanos(event.ts_recv) > t_) {
        last_ = Sequence{sequence.value() - 1};
        return true;
      }
      seen_ = true;
    }
    return false;
  }

  std::int64_t t_;
  std::filesystem::path folder_;
  std::vector<SequencedEvent> events_;
  Sequence last_{0};
  bool seen_ = false;  // an event that was received by `t`
};

}  // namespace

Result<Sequence> last_received_by(io::Disk& disk, const std::filesystem::path& folder, UnixNanos t) {
  const auto files = segment_files(disk, folder);
  if (!files) return std::unexpected{files.error()};
  if (files->empty()) return fail("{}: there is no journal", folder.string());
  Search search{unix_nanos(t), folder};
  for (const auto& file : *files) {
    const auto found = search.look_into(disk, file);
    if (!found) return std::unexpected{found.error()};
    if (*found) break;
  }
  return search.answer();
}

}  // namespace qos::journal
