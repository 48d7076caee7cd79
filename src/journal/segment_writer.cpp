#include "journal/segment_writer.hpp"

#include <algorithm>

#include "core/crash_point.hpp"
#include "journal/segment.hpp"

namespace qos::journal {

void SegmentWriter::Batch::restart(Sequence after) {
  bytes.clear();
  blocks = 0;
  last = after;
}

void SegmentWriter::Batch::add(std::span<const SequencedEvent> events, Sequence durable) {
  if (blocks == 0) first_received = events.front().event.ts_recv;
  append_block(events, durable, bytes);
  ++blocks;
  last = events.back().sequence;
  last_received = events.back().event.ts_recv;
}

void SegmentWriter::Batch::add(const Batch& next) {
  bytes += next.bytes;
  blocks += next.blocks;
  last = next.last;
  last_received = next.last_received;
}

SegmentWriter::SegmentWriter(std::unique_ptr<io::DiskFile> file, SegmentFacts facts)
    : file_{std::move(file)}, facts_{std::move(facts)}, reached_{facts_.bytes} {}

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::create(io::Disk& disk,
                                                             const std::filesystem::path& folder,
                                                             const Begin& begin) {
  const std::string name = segment_file_name(begin.first);
  const auto path = folder / name;
  const auto fresh = folder / (name + ".new");
  if (disk.exists(fresh))
    if (auto done = disk.remove(fresh); !done) return std::unexpected{std::move(done.error())};
  auto file = disk.open(fresh, io::Disk::Open::create);
  if (!file) return std::unexpected{std::move(file.error())};
  const std::string header = segment_header(begin.epoch, begin.first, begin.created, *begin.names);
  auto done = (*file)->write_at(0, std::as_bytes(std::span{header}));
  if (done) done = (*file)->sync();
  crash_point("segment.header_written");
  if (done) done = disk.rename(fresh, path);
  crash_point("segment.renamed");
  if (done) done = disk.sync_folder(folder);
  if (!done) return std::unexpected{std::move(done.error())};
  crash_point("segment.made");
  SegmentFacts facts{.file = name,
                     .epoch = begin.epoch,
                     .first = begin.first,
                     .last = Sequence{begin.first.value() - 1},
                     .created = begin.created,
                     .bytes = header.size()};
  return std::unique_ptr<SegmentWriter>{new SegmentWriter{std::move(*file), std::move(facts)}};
}

Result<void> SegmentWriter::write(const Batch& batch) {
  const std::uint64_t end = facts_.bytes + batch.bytes.size();
  const std::uint64_t reached = reached_;
  reached_ = std::max(reached_, end);
  if (auto done = file_->write_at(facts_.bytes, std::as_bytes(std::span{batch.bytes})); !done) return done;
  if (reached > end)
    if (auto done = file_->truncate(end); !done) return done;
  reached_ = end;
  return {};
}

Result<void> SegmentWriter::sync(const Batch& batch) {
  if (auto done = file_->sync(); !done) return done;
  if (facts_.events == 0) facts_.first_received = batch.first_received;
  facts_.events += batch.last.value() - facts_.last.value();
  facts_.last = batch.last;
  facts_.last_received = batch.last_received;
  facts_.bytes += batch.bytes.size();
  return {};
}

Result<void> SegmentWriter::cut() {
  if (auto done = file_->truncate(facts_.bytes); !done) return done;
  return file_->sync();
}

}  // namespace qos::journal
