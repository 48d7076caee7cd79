#include "journal/check.hpp"

#include <algorithm>

#include "journal/event_text.hpp"
#include "journal/lost_note.hpp"
#include "journal/segment.hpp"

namespace qos::journal {
namespace {

class Checker {
 public:
  Checker(io::Disk& disk, const std::filesystem::path& folder) : disk_{&disk}, folder_{folder} {}

  Result<Checked> run(const std::function<void(const SegmentFacts&)>& passed) {
    auto files = segment_files(*disk_, folder_);
    if (!files) return std::unexpected{files.error()};
    auto noted = read_lost_note(*disk_, folder_);
    if (!noted) return std::unexpected{noted.error()};
    checked_.noted = std::move(*noted);
    for (std::size_t n = 0; n < files->size(); ++n) {
      const auto* const next = n + 1 < files->size() ? &(*files)[n + 1] : nullptr;
      if (auto done = check((*files)[n], next); !done) return std::unexpected{done.error()};
      if (passed && !checked_.segments.empty() && checked_.segments.back().first == (*files)[n].first)
        passed(checked_.segments.back());
    }
    return std::move(checked_);
  }

 private:
  Result<void> check(const SegmentFile& segment, const SegmentFile* next) {
    const auto file = disk_->open(folder_ / segment.name, io::Disk::Open::read);
    if (!file) {
      // A server may have archived it since the look at the folder.
      const SegmentFile archived{archive_file_name(segment.first), segment.first, true};
      if (!segment.archived && disk_->exists(folder_ / archived.name)) return check(archived, next);
      return std::unexpected{file.error()};
    }
    const auto size = (*file)->size();
    if (!size) return std::unexpected{size.error()};
    const auto scan = scan_segment(**file);
    if (!scan) return unreadable(segment, next, *size, scan.error());
    if (scan->start.first != segment.first)
      return unreadable(
          segment, next, *size,
          {fmt::format("its header says that it begins with event {}", scan->start.first.value())});
    SegmentFacts facts{.file = segment.name,
                       .epoch = scan->start.epoch,
                       .first = scan->start.first,
                       .last = scan->last,
                       .created = scan->start.created,
                       .bytes = *size,
                       .events = scan->events,
                       .archived = segment.archived};
    if (scan->events > 0) {
      facts.first_received = scan->first_received;
      facts.last_received = scan->last_received;
    }
    note_damage(segment, next, *scan);
    if (scan->events > 0) before_ = scan->last_received;
    checked_.events += scan->events;
    if (next == nullptr) checked_.torn = scan->torn;
    checked_.segments.push_back(std::move(facts));
    return {};
  }

  void note_damage(const SegmentFile& segment, const SegmentFile* next, const Scan& scan) {
    if (scan.events > 0) complete_last(scan.first_received);
    for (const auto& bad : scan.damage) {
      // The next segment has it, and counts.
      if (next != nullptr && next->first <= bad.expected) return;
      add({.segment = segment,
           .offset = bad.offset,
           .bytes = bad.bytes,
           .from = bad.expected,
           .to = Sequence{std::min(bad.next, next != nullptr ? next->first : bad.next).value() - 1},
           .received_before = bad.received_before,
           .received_after = bad.received_after,
           .reason = bad.reason});
    }
    if (next == nullptr || next->first.value() <= scan.last.value() + 1) return;
    add({.segment = segment,
         .offset = scan.end,
         .bytes = scan.torn,
         .from = Sequence{scan.last.value() + 1},
         .to = Sequence{next->first.value() - 1},
         .received_before = scan.events > 0 ? std::optional{scan.last_received} : before_,
         .reason = scan.torn > 0 ? scan.torn_reason : std::string{"the segment ends here"}});
  }

  // Its name says what its first event was, and the next one's where it ended.
  Result<void> unreadable(const SegmentFile& segment, const SegmentFile* next, std::uint64_t size,
                          const Error& error) {
    Damage damage{.segment = segment,
                  .offset = 0,
                  .bytes = size,
                  .whole = true,
                  .from = segment.first,
                  .received_before = before_,
                  .reason = error.message};
    if (next != nullptr) damage.to = Sequence{next->first.value() - 1};
    add(std::move(damage));
    return {};
  }

  void add(Damage damage) {
    if (damage.to && !damage.whole && is_noted(checked_.noted, damage.from, *damage.to)) return;
    checked_.damage.push_back(std::move(damage));
  }

  // What came after the damage at the end of a segment is known only now.
  void complete_last(UnixNanos received) {
    if (!checked_.damage.empty() && !checked_.damage.back().received_after)
      checked_.damage.back().received_after = received;
  }

  io::Disk* disk_;
  std::filesystem::path folder_;
  Checked checked_;
  std::optional<UnixNanos> before_;
};

}  // namespace

std::string describe(const Damage& damage) {
  std::string text = fmt::format("{}: offset {}: ", damage.segment.name, damage.offset);
  if (damage.to)
    text +=
        fmt::format("events {} to {} ({} events)", damage.from.value(), damage.to->value(), damage.events());
  else
    text += fmt::format("events from {} on", damage.from.value());
  if (damage.received_before) text += ", received after " + time_text(*damage.received_before);
  if (damage.received_after) text += ", before " + time_text(*damage.received_after);
  return fmt::format("{}, {} bytes: {}", text, damage.bytes, damage.reason);
}

Result<Checked> check_journal(io::Disk& disk, const std::filesystem::path& folder,
                              const std::function<void(const SegmentFacts&)>& passed) {
  return Checker{disk, folder}.run(passed);
}

}  // namespace qos::journal
