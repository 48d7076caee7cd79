#include "journal/housekeeping.hpp"

#include <algorithm>

#include "core/crash_point.hpp"
#include "journal/archive.hpp"
#include "journal/segment.hpp"

namespace qos::journal {

Housekeeping::Housekeeping(io::Disk& disk, io::Clock& clock, Options options, Counts counts)
    : disk_{&disk}, clock_{&clock}, options_{std::move(options)}, counts_{counts} {}

void Housekeeping::add(const SegmentFacts& closed) {
  {
    const std::scoped_lock lock{mutex_};
    closed_.push_back(closed);
    last_closed_ = clock_->now();
    closed_bytes_ += closed.bytes;
    removing_waits_ = archiving_waits_ = false;
    show_bytes();
  }
  bell_.ring();
}

void Housekeeping::open_bytes(std::uint64_t bytes) {
  const std::scoped_lock lock{mutex_};
  open_bytes_ = bytes;
  show_bytes();
}

void Housekeeping::keep_after(Sequence sequence) {
  {
    const std::scoped_lock lock{mutex_};
    keep_after_ = sequence;
    removing_waits_ = archiving_waits_ = false;
  }
  bell_.ring();
}

void Housekeeping::show_bytes() {
  counts_.bytes_held->set(static_cast<std::int64_t>(closed_bytes_ + open_bytes_));
}

bool Housekeeping::step() {
  std::optional<SegmentFacts> old;
  std::optional<SegmentFacts> raw;
  {
    const std::scoped_lock lock{mutex_};
    if (!removing_waits_) old = to_remove();
    if (!old && !archiving_waits_) raw = to_archive();
  }
  if (old) return done(remove(*old), removing_waits_);
  return raw && done(archive(*raw), archiving_waits_);
}

// Only ever the oldest: what is left is one stretch.
std::optional<SegmentFacts> Housekeeping::to_remove() const {
  if (closed_.empty() || closed_.front().last > keep_after_) return std::nullopt;
  const SegmentFacts& oldest = closed_.front();
  // Nothing was written to it after the next one was begun. When its events were received says nothing: a
  // recording may be years old.
  const UnixNanos ended = closed_.size() > 1 ? closed_[1].created : last_closed_;
  const bool too_old =
      options_.keep_for > std::chrono::seconds{0} && clock_->now() - ended > options_.keep_for;
  const bool too_much = options_.keep_bytes > 0 && closed_bytes_ + open_bytes_ > options_.keep_bytes;
  if (too_old || too_much) return oldest;
  return std::nullopt;
}

std::optional<SegmentFacts> Housekeeping::to_archive() const {
  if (!options_.archive) return std::nullopt;
  const auto found = std::ranges::find_if(closed_, [](const SegmentFacts& s) { return !s.archived; });
  if (found == closed_.end()) return std::nullopt;
  return *found;
}

Result<void> Housekeeping::remove(const SegmentFacts& segment) {
  // An archiving that was broken off leaves both. Gone already when only the sync of the folder had failed.
  for (const auto& name : {segment_file_name(segment.first), archive_file_name(segment.first)})
    if (disk_->exists(options_.folder / name))
      if (auto done = disk_->remove(options_.folder / name); !done) return done;
  crash_point("retention.removed");
  // Before the next one goes: otherwise a power loss could bring this one back and not the next.
  if (auto done = disk_->sync_folder(options_.folder); !done) return done;
  counts_.removed->add();
  const std::scoped_lock lock{mutex_};
  closed_bytes_ -= segment.bytes;
  closed_.pop_front();
  show_bytes();
  return {};
}

Result<void> Housekeeping::archive(const SegmentFacts& segment) {
  const auto archived = archive_segment(*disk_, options_.folder, segment);
  if (!archived) return std::unexpected{archived.error()};
  counts_.archived->add();
  const std::scoped_lock lock{mutex_};
  const auto found =
      std::ranges::find_if(closed_, [&](const SegmentFacts& s) { return s.first == segment.first; });
  closed_bytes_ += archived->bytes - found->bytes;
  *found = *archived;
  show_bytes();
  return {};
}

// Whether there is more to do now.
bool Housekeeping::done(const Result<void>& result, bool& waits) {
  {
    const std::scoped_lock lock{mutex_};
    if (result) reported_ = false;
    if (result) return true;
    waits = true;
    if (std::exchange(reported_, true)) return false;
  }
  if (options_.report) options_.report(result.error());
  return false;
}

}  // namespace qos::journal
