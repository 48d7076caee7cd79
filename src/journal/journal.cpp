#include "journal/journal.hpp"

#include <stop_token>
#include <thread>
#include <utility>

#include "core/crash_point.hpp"
#include "io/background.hpp"
#include "io/thread_name.hpp"
#include "journal/committer.hpp"
#include "journal/doorbell.hpp"
#include "journal/housekeeping.hpp"
#include "journal/recovery.hpp"
#include "journal/segment.hpp"
#include "journal/tail.hpp"

namespace qos::journal {
namespace {

// While the journal's thread waits for its next commit, a tail that fills is noticed this soon.
constexpr std::chrono::milliseconds kLook{1};

// The folder itself must be there after a power loss, too.
Result<void> make_folder(io::Disk& disk, const std::filesystem::path& folder) {
  if (disk.exists(folder)) return {};
  if (auto done = disk.make_folder(folder); !done) return done;
  const auto parent = folder.has_parent_path() ? folder.parent_path() : std::filesystem::path{"."};
  return disk.sync_folder(parent);
}

}  // namespace

class Journal::Impl {
 public:
  Impl(io::Disk& disk, io::Clock& clock, Options options, Names names)
      : disk_{&disk},
        clock_{&clock},
        options_{std::move(options)},
        names_{std::move(names)},
        housekeeping_{disk,
                      clock,
                      {.folder = options_.folder,
                       .keep_for = options_.keep_for,
                       .keep_bytes = options_.keep_bytes,
                       .archive = options_.archive,
                       .report = options_.report},
                      {.archived = &counters_.archived,
                       .removed = &counters_.removed,
                       .bytes_held = &counters_.segment_bytes_held}} {}

  Result<void> open();

  bool append(const SequencedEvent& event) {
    if (!tail_->append(event)) {
      counters_.refused.add();
      return false;
    }
    appended_.ring();
    return true;
  }

  void start() {
    committing_ = std::jthread{[this](const std::stop_token& stop) {
      io::name_this_thread("qos-journal");
      commit_until(stop);
    }};
    tidying_ = std::jthread{[this](const std::stop_token& stop) { tidy_until(stop); }};
  }

  // Leaves the tail as it is.
  void end_threads() {
    committing_.request_stop();
    tidying_.request_stop();
    appended_.ring();
    housekeeping_.bell().ring();
    if (committing_.joinable()) committing_.join();
    if (tidying_.joinable()) tidying_.join();
  }

  void stop() {
    end_threads();
    if (std::exchange(finished_, true)) return;
    while (committer_->commit()) progress();
    if (tail_->released() != tail_->appended()) return;  // the next start finds the rest in the tail
    if (const auto done = tail_->finish(*disk_, options_.folder); !done && options_.report)
      options_.report(done.error());
  }

  void give_up_folder() { lock_.reset(); }

  bool step() {
    const auto due = committer_->due();
    const bool may_commit = due && (!committer_->failing() || *due <= clock_->steady_now());
    const bool committed = may_commit && committer_->commit();
    if (committed) progress();
    const bool tidied = housekeeping_.step();
    return may_commit || tidied;
  }

  io::Disk* disk_;
  io::Clock* clock_;
  Options options_;
  Names names_;
  Counters counters_;
  Found found_;
  Epoch epoch_;
  std::function<void()> wake_;
  std::unique_ptr<Tail> tail_;
  Housekeeping housekeeping_;

 private:
  void commit_until(const std::stop_token& stop);
  void tidy_until(const std::stop_token& stop);
  void progress() {
    if (wake_) wake_();
  }

  std::unique_ptr<io::DiskLock> lock_;
  std::unique_ptr<Committer> committer_;
  Doorbell appended_;
  bool finished_ = false;
  std::jthread committing_;
  std::jthread tidying_;
};

Result<void> Journal::Impl::open() {
  const auto& folder = options_.folder;
  if (auto done = make_folder(*disk_, folder); !done) return done;
  auto lock = disk_->lock(folder / kFolderLock);
  if (!lock) return std::unexpected{std::move(lock.error())};
  lock_ = std::move(*lock);

  auto recovered = recover(*disk_, folder, clock_->now());
  if (!recovered) return std::unexpected{std::move(recovered.error())};
  found_ = std::move(recovered->found);
  epoch_ = recovered->epoch;
  for (const SegmentFacts& segment : recovered->segments) housekeeping_.add(segment);

  // First the segment, then the tail: whoever finds the tail of this run finds its names and epoch too.
  const Sequence last = found_.last.sequence;
  auto segment = SegmentWriter::create(
      *disk_, folder,
      {.epoch = epoch_, .first = Sequence{last.value() + 1}, .created = clock_->now(), .names = &names_});
  if (!segment) return std::unexpected{std::move(segment.error())};
  housekeeping_.open_bytes((*segment)->facts().bytes);
  crash_point("recovery.segment_made");
  auto boot = disk_->boot_id();
  if (!boot) return std::unexpected{std::move(boot.error())};
  auto tail = Tail::create(
      *disk_, folder,
      {.epoch = epoch_, .boot_id = std::move(*boot), .capacity = options_.tail_events, .last = last});
  if (!tail) return std::unexpected{std::move(tail.error())};
  tail_ = std::move(*tail);
  crash_point("recovery.tail_made");
  if (recovered->repaired)
    if (auto done = disk_->remove(folder / kRepairedMarker); !done) return done;
  // A finished tail of before must not come back after a power loss: it would say that nothing is missing.
  if (auto done = disk_->sync_folder(folder); !done) return done;
  committer_ = std::make_unique<Committer>(Committer::Parts{.disk = disk_,
                                                            .clock = clock_,
                                                            .tail = tail_.get(),
                                                            .housekeeping = &housekeeping_,
                                                            .counters = &counters_,
                                                            .names = &names_,
                                                            .epoch = epoch_},
                                           options_, std::move(*segment));
  return {};
}

void Journal::Impl::commit_until(const std::stop_token& stop) {
  Committer::Helpers helpers;
  while (!stop.stop_requested()) {
    const std::uint32_t seen = appended_.look();
    const auto due = committer_->due();
    if (!due) {
      if (!stop.stop_requested()) appended_.wait(seen);
      continue;
    }
    const SteadyTime now = clock_->steady_now();
    if (*due > now) {
      clock_->wait_until(committer_->failing() ? *due : std::min(*due, now + kLook), stop);
      continue;
    }
    if (committer_->commit(&helpers)) progress();
  }
}

void Journal::Impl::tidy_until(const std::stop_token& stop) {
  io::become_background_thread();
  while (!stop.stop_requested()) {
    const std::uint32_t seen = housekeeping_.bell().look();
    if (!housekeeping_.step() && !stop.stop_requested()) housekeeping_.bell().wait(seen);
  }
}

Result<std::unique_ptr<Journal>> Journal::open(io::Disk& disk, io::Clock& clock, Options options,
                                               Names names) {
  auto impl = std::make_unique<Impl>(disk, clock, std::move(options), std::move(names));
  if (auto done = impl->open(); !done) return std::unexpected{std::move(done.error())};
  return std::unique_ptr<Journal>{new Journal{std::move(impl)}};
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}

// Without stop() the tail stays as a dying process leaves it.
Journal::~Journal() {
  impl_->end_threads();
}

const Found& Journal::found() const {
  return impl_->found_;
}

Epoch Journal::epoch() const {
  return impl_->epoch_;
}

const Names& Journal::names() const {
  return impl_->names_;
}

io::Disk& Journal::disk() const {
  return *impl_->disk_;
}

const std::filesystem::path& Journal::folder() const {
  return impl_->options_.folder;
}

bool Journal::append(const SequencedEvent& event) {
  return impl_->append(event);
}

Sequence Journal::appended() const {
  return impl_->tail_->appended();
}

Sequence Journal::durable() const {
  return impl_->tail_->released();
}

void Journal::on_progress(std::function<void()> wake) {
  impl_->wake_ = std::move(wake);
}

void Journal::keep_after(Sequence sequence) {
  impl_->housekeeping_.keep_after(sequence);
}

void Journal::start() {
  impl_->start();
}

void Journal::stop() {
  impl_->stop();
}

void Journal::give_up_folder() {
  impl_->give_up_folder();
}

bool Journal::step() {
  return impl_->step();
}

const Journal::Counters& Journal::counters() const {
  return impl_->counters_;
}

}  // namespace qos::journal
