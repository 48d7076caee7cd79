#include "journal/archive.hpp"

#include <algorithm>

#include "core/crash_point.hpp"
#include "journal/block_file.hpp"
#include "journal/segment_files.hpp"
#include "journal/whole_file.hpp"

namespace qos::journal {
namespace {

// Gathers the events of several blocks into a larger one.
class Regrouper {
 public:
  explicit Regrouper(FileAside& to) : to_{&to} {}

  Result<void> add(std::span<const SequencedEvent> events) {
    while (!events.empty()) {
      const auto some = events.first(std::min(events.size(), kArchivedBlockEvents - waiting_.size()));
      waiting_.insert(waiting_.end(), some.begin(), some.end());
      events = events.subspan(some.size());
      if (waiting_.size() < kArchivedBlockEvents) continue;
      if (auto done = flush(); !done) return done;
    }
    return {};
  }

  Result<void> flush() {
    if (waiting_.empty()) return {};
    bytes_.clear();
    append_compressed_block(waiting_, bytes_);
    waiting_.clear();
    return to_->append(bytes_);
  }

 private:
  FileAside* to_;
  std::vector<SequencedEvent> waiting_;
  std::string bytes_;
};

Result<void> write_archive(io::DiskFile& raw, const SegmentFacts& segment, FileAside& to) {
  const auto start = read_segment_start(raw);
  if (!start) return std::unexpected{start.error()};
  if (auto done = to.append(segment_header(start->epoch, start->first, start->created, start->names)); !done)
    return done;
  BlockFile blocks{raw};
  Regrouper regrouper{to};
  std::vector<SequencedEvent> events;
  Sequence last{start->first.value() - 1};
  for (auto at = start->bytes; last < segment.last;) {
    const auto found = blocks.block_at(at, events);
    if (!found) return std::unexpected{found.error()};
    if (!found->header) return fail("not archived, damaged at offset {}: {}", at, found->reason);
    if (found->header->first_sequence != last.value() + 1)
      return fail("not archived, damaged at offset {}: a block with sequence {}, here is {}", at,
                  last.value() + 1, found->header->first_sequence);
    if (auto done = regrouper.add(events); !done) return done;
    last = found->header->last();
    at += found->header->bytes();
  }
  if (auto done = regrouper.flush(); !done) return done;
  crash_point("archive.written");
  return to.finish();
}

Result<void> remove_raw(io::Disk& disk, const std::filesystem::path& folder,
                        const std::filesystem::path& raw) {
  crash_point("archive.renamed");
  if (disk.exists(raw))
    if (auto done = disk.remove(raw); !done) return done;
  crash_point("archive.raw_removed");
  return disk.sync_folder(folder);
}

}  // namespace

Result<SegmentFacts> archive_segment(io::Disk& disk, const std::filesystem::path& folder,
                                     const SegmentFacts& segment) {
  const auto raw = folder / segment_file_name(segment.first);
  const SegmentFile archived{
      .name = archive_file_name(segment.first), .first = segment.first, .archived = true};
  if (!disk.exists(folder / archived.name)) {
    const auto file = disk.open(raw, io::Disk::Open::read);
    if (!file) return std::unexpected{file.error()};
    auto to = FileAside::create(disk, folder / archived.name);
    if (!to) return std::unexpected{to.error()};
    if (const auto written = write_archive(**file, segment, *to); !written)
      return within(raw.string(), written.error());
  }
  // From here on readers take the archived one.
  if (auto done = remove_raw(disk, folder, raw); !done) return std::unexpected{done.error()};
  return segment_facts(disk, folder, archived);
}

}  // namespace qos::journal
