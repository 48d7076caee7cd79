#include "journal/reader.hpp"

#include <algorithm>
#include <utility>

#include "journal/block_file.hpp"
#include "journal/lost_note.hpp"
#include "journal/segment.hpp"
#include "journal/segment_files.hpp"

namespace qos::journal {
namespace {

// A segment can be archived or removed between the look at the folder and its opening.
constexpr int kTries = 3;

// One segment that is read.
class OpenSegment {
 public:
  static Result<std::unique_ptr<OpenSegment>> open(io::Disk& disk, const std::filesystem::path& folder,
                                                   const SegmentFile& segment, const Names& names) {
    auto file = disk.open(folder / segment.name, io::Disk::Open::read);
    if (!file) return std::unexpected{file.error()};
    auto start = read_segment_start(**file);
    if (!start) return within((folder / segment.name).string(), start.error());
    if (start->first != segment.first)
      return fail("{}: its header says that it begins with event {}", (folder / segment.name).string(),
                  start->first.value());
    return std::unique_ptr<OpenSegment>{
        new OpenSegment{folder / segment.name, std::move(*file), *start, NameMap{start->names, names}}};
  }

  // Goes to the block that `sequence` is in, or to the first place where there is no block.
  Result<void> hop_to(Sequence sequence) {
    for (;;) {
      const auto found = blocks_.header_at(at_);
      if (!found) return std::unexpected{found.error()};
      if (!found->header || found->header->last() >= sequence) return {};
      at_ += found->header->bytes();
    }
  }
  // The block that is next; its events in `events`, with the reader's ids.
  Result<BlockAt> look(std::vector<SequencedEvent>& events) {
    auto found = blocks_.block_at(at_, events);
    // Whatever is there may become a block yet.
    if (found && !found->header) blocks_.forget();
    if (found && found->header && !names_.changes_nothing())
      for (auto& event : events) names_.apply(event);
    return found;
  }
  void pass(const BlockHeader& header) { at_ += header.bytes(); }
  Result<BlockFile::Behind> look_behind(Sequence missing) { return blocks_.look_behind(at_, missing); }

  Sequence first() const { return first_; }
  std::string place() const { return fmt::format("{}: offset {}", path_.string(), at_); }

 private:
  OpenSegment(std::filesystem::path path, std::unique_ptr<io::DiskFile> file, const SegmentStart& start,
              NameMap names)
      : path_{std::move(path)},
        file_{std::move(file)},
        blocks_{*file_},
        first_{start.first},
        names_{std::move(names)},
        at_{start.bytes} {}

  std::filesystem::path path_;
  std::unique_ptr<io::DiskFile> file_;
  BlockFile blocks_;
  Sequence first_;
  NameMap names_;
  std::uint64_t at_;
};

}  // namespace

class Reader::Impl {
 public:
  using Events = std::span<const SequencedEvent>;

  Impl(io::Disk& disk, std::filesystem::path folder, Sequence after, Names names)
      : disk_{&disk}, folder_{std::move(folder)}, last_{after}, names_{std::move(names)} {}

  Result<void> begin() {
    if (auto listed = list(); !listed) return listed;
    return check_kept();
  }

  Result<Events> next() {
    for (;;) {
      if (!segment_) {
        const auto opened = enter();
        if (!opened) return std::unexpected{opened.error()};
        if (!*opened) return Events{};
      }
      const auto found = segment_->look(events_);
      if (!found) return std::unexpected{found.error()};
      if (found->header && found->header->first() <= missing()) {
        segment_->pass(*found->header);
        if (const auto events = new_ones(); !events.empty()) return events;
        continue;
      }
      const auto more = go_on(*found);
      if (!more) return std::unexpected{more.error()};
      if (!*more) return Events{};
    }
  }

  const std::vector<Lost>& lost() const { return lost_; }

 private:
  Sequence missing() const { return Sequence{last_.value() + 1}; }

  Result<void> list() {
    auto files = segment_files(*disk_, folder_);
    if (!files) return std::unexpected{files.error()};
    files_ = std::move(*files);
    return {};
  }

  Result<void> check_kept() {
    if (files_.empty() || files_.front().first <= missing()) return {};
    // A repair may have taken the oldest segment away.
    const auto note = read_lost_note(*disk_, folder_);
    if (!note) return std::unexpected{note.error()};
    const Sequence to{files_.front().first.value() - 1};
    if (is_noted(*note, missing(), to)) {
      lost_.push_back({.from = missing(), .to = to});
      last_ = to;
      return {};
    }
    return fail("{}: events after {} are asked for, the journal is kept from {} on", folder_.string(),
                last_.value(), files_.front().first.value());
  }

  // The latest segment that begins at `sequence` or before it: where two have it, the later one was written
  // after a failed sync of the other.
  const SegmentFile* segment_with(Sequence sequence) const {
    const auto behind = std::ranges::upper_bound(files_, sequence, {}, &SegmentFile::first);
    return behind == files_.begin() ? nullptr : &*std::prev(behind);
  }
  const SegmentFile* segment_behind(Sequence first) const {
    const auto behind = std::ranges::upper_bound(files_, first, {}, &SegmentFile::first);
    return behind == files_.end() ? nullptr : &*behind;
  }

  // False: there is none yet.
  Result<bool> enter() {
    for (int tries = 1;; ++tries) {
      if (auto listed = list(); !listed) return std::unexpected{listed.error()};
      if (auto kept = check_kept(); !kept) return std::unexpected{kept.error()};
      const auto* const file = segment_with(missing());
      if (file == nullptr) return false;
      auto opened = OpenSegment::open(*disk_, folder_, *file, names_);
      if (!opened && tries < kTries) continue;
      if (!opened) return std::unexpected{opened.error()};
      segment_ = std::move(*opened);
      looked_again_ = false;
      if (auto hopped = segment_->hop_to(missing()); !hopped) return std::unexpected{hopped.error()};
      return true;
    }
  }

  // Of the block in events_ what has not been told, and is not told again by the next segment.
  Events new_ones() {
    looked_again_ = false;
    const auto* const behind = segment_behind(segment_->first());
    Events events{events_};
    const auto told = last_.value() + 1 - events.front().sequence.value();
    events = events.subspan(std::min<std::size_t>(told, events.size()));
    if (behind != nullptr && !events.empty() && events.back().sequence >= behind->first) {
      const auto first = std::max(behind->first, events.front().sequence);
      events = events.first(first.value() - events.front().sequence.value());
      segment_.reset();
    }
    if (!events.empty()) last_ = events.back().sequence;
    return events;
  }

  // The segment does not go on with what is missing. False: there is no more now.
  Result<bool> go_on(const BlockAt& here) {
    if (auto listed = list(); !listed) return std::unexpected{listed.error()};
    const auto* const behind = segment_behind(segment_->first());
    if (behind != nullptr && behind->first <= missing()) {
      segment_.reset();
      return true;
    }
    if (behind == nullptr) return wait_or_fail(here);
    // The segment may have grown, and the next begun, since the look at it: now it is closed, look again.
    if (!std::exchange(looked_again_, true)) return true;
    return pass_lost(Sequence{behind->first.value() - 1}, here);
  }

  // At the end of the newest segment.
  Result<bool> wait_or_fail(const BlockAt& here) {
    if (!here.at_end) {
      const auto behind = segment_->look_behind(missing());
      if (!behind) return std::unexpected{behind.error()};
      if (behind->was_durable) return damaged(Sequence{behind->first.value() - 1}, here);
    }
    // A segment without events gives its name to the next run's first one.
    if (missing() == segment_->first()) segment_.reset();
    return false;
  }

  Result<bool> pass_lost(Sequence to, const BlockAt& here) {
    const auto note = read_lost_note(*disk_, folder_);
    if (!note) return std::unexpected{note.error()};
    if (!is_noted(*note, missing(), to)) return damaged(to, here);
    lost_.push_back({.from = missing(), .to = to});
    last_ = to;
    segment_.reset();
    return true;
  }

  std::unexpected<Error> damaged(Sequence to, const BlockAt& here) const {
    return fail("{}: events {} to {} cannot be read: {}", segment_->place(), missing().value(), to.value(),
                here.header ? fmt::format("the block begins with event {}", here.header->first_sequence)
                            : here.reason);
  }

  io::Disk* disk_;
  std::filesystem::path folder_;
  Sequence last_;  // passed
  Names names_;
  std::vector<SegmentFile> files_;
  std::unique_ptr<OpenSegment> segment_;
  bool looked_again_ = false;
  std::vector<SequencedEvent> events_;
  std::vector<Lost> lost_;
};

Reader::Reader(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Reader::~Reader() = default;

Result<std::unique_ptr<Reader>> Reader::open(io::Disk& disk, const std::filesystem::path& folder,
                                             Sequence after, const Names& names) {
  auto impl = std::make_unique<Impl>(disk, folder, after, names);
  if (auto begun = impl->begin(); !begun) return std::unexpected{begun.error()};
  return std::unique_ptr<Reader>{new Reader{std::move(impl)}};
}

Result<std::span<const SequencedEvent>> Reader::next() {
  return impl_->next();
}

const std::vector<Reader::Lost>& Reader::lost() const {
  return impl_->lost();
}

}  // namespace qos::journal
