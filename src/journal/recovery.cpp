#include "journal/recovery.hpp"

#include <algorithm>

#include "core/crash_point.hpp"
#include "journal/block_file.hpp"
#include "journal/lost_note.hpp"
#include "journal/segment.hpp"
#include "journal/segment_writer.hpp"
#include "journal/tail.hpp"

namespace qos::journal {
namespace {

// What the segments end with.
struct End {
  Epoch epoch;
  Sequence last;
  Names names;
};

// What is to be done about the tail.
struct Verdict {
  std::vector<SequencedEvent> again{};  // to be written down: those that are not known to be on the disk
  std::string reason{};                 // of a new epoch; empty: the old one goes on
};

Result<Verdict> judge_same_boot(io::Disk& disk, const std::filesystem::path& folder, const LeftTail& left,
                                const End& end) {
  if (left.appended < end.last)
    return Verdict{.reason = fmt::format("the tail ends at event {}, the segments at {}",
                                         left.appended.value(), end.last.value())};
  // What the tail had not let go is not known to be on the disk, though the segments show it: whoever died in
  // a sync, or after one that failed, has left it in the kernel's memory.
  const Sequence trusted = std::min(left.released, end.last);
  if (left.appended == trusted) return Verdict{};
  if (left.state == LeftTail::State::readable) {
    auto all = events_of(disk, folder, left, trusted);
    if (!all) return std::unexpected{std::move(all.error())};
    if (all->why.empty()) return Verdict{.again = std::move(all->events)};
  }
  if (left.appended == end.last) return Verdict{};
  if (left.state == LeftTail::State::other_layout)
    return fail(
        "{}: events {} to {} are only there, in the layout of another version: start and stop that "
        "version once",
        (folder / kTailFile).string(), end.last.value() + 1, left.appended.value());
  auto there = events_of(disk, folder, left, end.last);
  if (!there) return std::unexpected{std::move(there.error())};
  return Verdict{.again = std::move(there->events), .reason = std::move(there->why)};
}

Result<Verdict> judge(io::Disk& disk, const std::filesystem::path& folder, const End& end) {
  const auto left = read_left_tail(disk, folder);
  if (!left) return std::unexpected{left.error()};
  const auto boot = disk.boot_id();
  if (!boot) return std::unexpected{boot.error()};
  if (left->state == LeftTail::State::none) return Verdict{.reason = "the journal's tail is missing"};
  if (left->state == LeftTail::State::unreadable)
    return Verdict{.reason = fmt::format("the journal's tail cannot be read: {}", left->why)};
  if (left->epoch != end.epoch)
    return Verdict{.reason = fmt::format("the tail is of epoch {}, the segments end in {}",
                                         left->epoch.value(), end.epoch.value())};
  if (left->boot_id == *boot) return judge_same_boot(disk, folder, *left, end);
  if (left->finished && left->appended == end.last) return Verdict{};
  if (left->finished)
    return Verdict{.reason = fmt::format("the journal was finished at event {}, its segments end at {}",
                                         left->appended.value(), end.last.value())};
  return Verdict{.reason =
                     "the machine was started anew and the journal had not been finished: what was published "
                     "last may be missing"};
}

// The newest segment: checked as a whole, and cut behind its last good block.
struct Newest {
  End end;
  std::uint64_t cut_at = 0;
  std::uint64_t torn = 0;
};

Result<Newest> look_at_newest(io::Disk& disk, const std::filesystem::path& path) {
  auto file = disk.open(path, io::Disk::Open::read);
  if (!file) return std::unexpected{std::move(file.error())};
  auto scan = scan_segment(**file);
  if (!scan) return within(path.string(), std::move(scan.error()));
  if (!scan->damage.empty()) {
    const BadPlace& bad = scan->damage.front();
    return fail(
        "{}: damaged at offset {}, from event {} on: {}. `qos journal repair` says what can be read and "
        "goes on without the rest",
        path.string(), bad.offset, bad.expected.value(), bad.reason);
  }
  return Newest{
      .end = {.epoch = scan->start.epoch, .last = scan->last, .names = std::move(scan->start.names)},
      .cut_at = scan->end,
      .torn = scan->torn};
}

// What the headers show: that one segment begins where the one before it ends. Damage that they do not show
// is found by whoever reads.
Result<void> check_order(io::Disk& disk, const std::filesystem::path& folder,
                         std::span<const SegmentFacts> segments) {
  const auto note = read_lost_note(disk, folder);
  if (!note) return std::unexpected{note.error()};
  for (std::size_t n = 1; n < segments.size(); ++n) {
    const Sequence from{segments[n - 1].last.value() + 1};
    const Sequence to{segments[n].first.value() - 1};
    // Where one begins inside the one before it, it counts from there.
    if (from > to || is_noted(*note, from, to)) continue;
    return fail(
        "{}: ends at event {}, and {} begins with event {}. `qos journal repair` says what can be read "
        "and goes on without the rest",
        (folder / segments[n - 1].file).string(), from.value() - 1, segments[n].file, to.value() + 1);
  }
  return {};
}

// An archive whose raw segment is still there: its archiving was broken off, and is to be gone on with.
void mark_half_archived(io::Disk& disk, const std::filesystem::path& folder,
                        std::vector<SegmentFacts>& segments) {
  for (SegmentFacts& segment : segments)
    if (segment.archived && disk.exists(folder / segment_file_name(segment.first))) segment.archived = false;
}

Result<void> cut(io::Disk& disk, const std::filesystem::path& path, std::uint64_t size) {
  auto file = disk.open(path, io::Disk::Open::write);
  if (!file) return std::unexpected{std::move(file.error())};
  if (auto done = (*file)->truncate(size); !done) return done;
  // Otherwise a power loss would bring the torn end back, then in the middle of the journal.
  return (*file)->sync();
}

std::uint64_t microseconds(UnixNanos t) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(unix_nanos(t) / 1'000, 1));
}

// Where the segment is to be cut so that it ends with `last`; nullopt: no block of it ends there.
Result<std::optional<std::uint64_t>> end_behind(io::Disk& disk, const std::filesystem::path& path,
                                                Sequence last) {
  auto file = disk.open(path, io::Disk::Open::read);
  if (!file) return std::unexpected{std::move(file.error())};
  const auto start = read_segment_start(**file);
  if (!start) return std::unexpected{start.error()};
  BlockFile blocks{**file};
  std::vector<SequencedEvent> events;
  std::uint64_t at = start->bytes;
  for (Sequence reached{start->first.value() - 1}; reached != last;) {
    const auto found = blocks.block_at(at, events);
    if (!found) return std::unexpected{found.error()};
    if (!found->header || found->header->last() > last) return std::nullopt;
    reached = found->header->last();
    at += found->header->bytes();
  }
  return at;
}

// The epoch behind `before`, of which a journal of `last` events and as many more as a large tail may have
// lost has numbered pushes. The clock may have been set back since, or hardly have moved, and no number of
// the new epoch may be one of the old.
Epoch epoch_behind(Epoch before, Sequence last, UnixNanos now) {
  constexpr std::uint64_t kMostLost = 1 << 16;
  constexpr std::uint64_t kPushesOfOne = 8;  // of one channel, by one event
  const std::uint64_t numbered = (last.value() + kMostLost) * kPushesOfOne;
  return Epoch{std::max(microseconds(now), before.value() + numbered)};
}

Result<SegmentFacts> write_down(io::Disk& disk, const std::filesystem::path& folder, UnixNanos now,
                                const End& end, std::span<const SequencedEvent> events) {
  auto segment = SegmentWriter::create(
      disk, folder,
      {.epoch = end.epoch, .first = events.front().sequence, .created = now, .names = &end.names});
  if (!segment) return std::unexpected{std::move(segment.error())};
  SegmentWriter::Batch batch;
  const Sequence before{events.front().sequence.value() - 1};
  batch.restart(before);
  for (std::size_t at = 0; at < events.size(); at += kBlockEvents)
    batch.add(events.subspan(at, std::min(kBlockEvents, events.size() - at)), before);
  if (auto done = (*segment)->write(batch); !done) return std::unexpected{std::move(done.error())};
  if (auto done = (*segment)->sync(batch); !done) return std::unexpected{std::move(done.error())};
  return (*segment)->facts();
}

}  // namespace

Result<Recovered> recover(io::Disk& disk, const std::filesystem::path& folder, UnixNanos now) {
  auto segments = segments_of(disk, folder);
  if (!segments) return std::unexpected{std::move(segments.error())};
  Recovered recovered{.segments = std::move(*segments), .repaired = disk.exists(folder / kRepairedMarker)};
  Found& found = recovered.found;
  if (recovered.segments.empty()) {
    found.reason = "there is no journal yet";
    found.new_epoch = true;
    recovered.epoch = Epoch{microseconds(now)};
    return recovered;
  }

  const auto newest_path = folder / recovered.segments.back().file;
  auto newest = look_at_newest(disk, newest_path);
  if (!newest) return std::unexpected{std::move(newest.error())};
  const End& end = newest->end;
  if (auto done = check_order(disk, folder, recovered.segments); !done)
    return std::unexpected{std::move(done.error())};
  auto verdict = judge(disk, folder, end);
  if (!verdict) return std::unexpected{std::move(verdict.error())};

  SegmentFacts& facts = recovered.segments.back();
  facts.last = end.last;
  const bool any_again = !verdict->again.empty();
  if (any_again && verdict->again.front().sequence <= end.last) {
    const Sequence trusted{verdict->again.front().sequence.value() - 1};
    const auto at = end_behind(disk, newest_path, std::max(trusted, Sequence{facts.first.value() - 1}));
    if (!at) return std::unexpected{at.error()};
    if (*at) {
      newest->cut_at = **at;
      facts.last = std::max(trusted, Sequence{facts.first.value() - 1});
    }
  }
  if (newest->torn > 0 || facts.last < end.last)
    if (auto done = cut(disk, newest_path, newest->cut_at); !done)
      return std::unexpected{std::move(done.error())};
  if (newest->torn > 0) crash_point("recovery.torn_end_cut");
  facts.bytes = newest->cut_at;
  // Empty, so the next segment has its name and takes its place.
  if (facts.last < facts.first) recovered.segments.pop_back();
  mark_half_archived(disk, folder, recovered.segments);
  if (any_again) {
    auto written = write_down(disk, folder, now, end, verdict->again);
    if (!written) return std::unexpected{std::move(written.error())};
    // A recovery that was broken off has written them down before.
    std::erase_if(recovered.segments,
                  [&](const SegmentFacts& segment) { return segment.first >= written->first; });
    recovered.segments.push_back(std::move(*written));
    crash_point("recovery.tail_written_down");
  }

  found.torn_bytes = newest->torn;
  found.last = {.epoch = end.epoch,
                .sequence = any_again ? std::max(end.last, verdict->again.back().sequence) : end.last};
  found.from_tail = found.last.sequence.value() - end.last.value();
  if (recovered.repaired) verdict->reason = "the journal was repaired, and what could not be read is missing";
  found.reason = std::move(verdict->reason);
  found.new_epoch = !found.reason.empty();
  recovered.epoch = found.new_epoch ? epoch_behind(end.epoch, found.last.sequence, now) : end.epoch;
  return recovered;
}

}  // namespace qos::journal
