#include "server/kept_events.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/crash_point.hpp"
#include "journal/reader.hpp"
#include "journal/segment_files.hpp"
#include "market/code.hpp"
#include "replay/own_calendars.hpp"
#include "replay/recovery.hpp"

namespace qos::server {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
// docs/formats/journal.md, section on the repair mark: the next run begins a new epoch.
constexpr std::string_view kNewEpochMark = "repaired";

journal::Journal::Options journal_options(const Config& config) {
  const auto& journal = config.journal;
  return {.folder = journal_folder(config),
          .commit_interval = std::chrono::milliseconds{journal.commit_ms},
          .segment_bytes = journal.segment_mb * kMiB,
          .tail_events = journal.tail_events,
          .keep_for = std::chrono::days{journal.keep_days},
          .keep_bytes = journal.keep_mb * kMiB,
          .archive = journal.archive == Archive::on,
          .report = [](const Error& error) { spdlog::error("journal: {}", error.message); }};
}

replay::Checkpointer::Options checkpoint_options(const Config& config) {
  const auto& journal = config.journal;
  return {.folder = checkpoint_folder(config),
          .every_events = journal.checkpoint_events,
          .every = std::chrono::seconds{journal.checkpoint_s},
          .spacing = std::chrono::seconds{journal.checkpoint_spacing_s},
          .report = [](const Error& error) { spdlog::error("checkpoint: {}", error.message); }};
}

bool has_codes_gone(const replay::CheckpointFile& checkpoint, const market::InstrumentTable& instruments) {
  return std::ranges::any_of(checkpoint.codes(), [&](std::string_view text) {
    if (text.empty()) return false;  // what belongs to no instrument
    const auto code = market::parse_code(text);
    return !code || instruments.find(code->code) == nullptr;
  });
}

}  // namespace

KeptEvents::Options KeptEvents::options_of(const Config& config) {
  return {.journal = journal_options(config), .checkpoints = checkpoint_options(config)};
}

KeptEvents::KeptEvents(Options options, io::Disk& disk, io::Clock& clock, journal::Names names)
    : options_{std::move(options)}, disk_{disk}, clock_{clock}, names_{std::move(names)} {}

KeptEvents::~KeptEvents() {
  stop();
}

Result<std::unique_ptr<KeptEvents>> KeptEvents::open(Options options, io::Disk& disk, io::Clock& clock,
                                                     journal::Names names) {
  std::unique_ptr<KeptEvents> kept{new KeptEvents{std::move(options), disk, clock, std::move(names)}};
  if (auto opened = kept->open_journal(); !opened) return std::unexpected{opened.error()};
  const auto& found = kept->journal_->found();
  if (found.torn_bytes > 0)
    spdlog::info("journal: {} bytes of an unfinished block cut off, as a crash leaves them",
                 found.torn_bytes);
  if (found.from_tail > 0) spdlog::info("journal: {} events came from the tail", found.from_tail);
  if (found.new_epoch && found.last.sequence > Sequence{})
    spdlog::warn("journal: a new epoch begins: {}", found.reason);
  return kept;
}

Result<void> KeptEvents::open_journal() {
  auto opened = journal::Journal::open(disk_, clock_, options_.journal, names_);
  if (!opened) return within("journal", opened.error());
  journal_ = std::move(*opened);
  return {};
}

// From the first event on, in one epoch: then it makes the state without any checkpoint.
Result<bool> KeptEvents::is_whole() const {
  const auto segments = journal::segments_of(disk_, options_.journal.folder);
  if (!segments) return std::unexpected{segments.error()};
  if (segments->empty()) return true;
  // The last one is this run's, and empty.
  return segments->front().first == Sequence{1} && std::ranges::all_of(*segments, [&](const auto& segment) {
           return segment.epoch == segments->front().epoch || segment.last < segment.first;
         });
}

Result<std::unique_ptr<state::Machine>> KeptEvents::make_machine(const market::InstrumentTable& instruments,
                                                                 market::CalendarTable& calendars,
                                                                 const state::Machine::Options& options) {
  const auto& folder = options_.checkpoints.folder;
  if (auto removed = replay::remove_unfinished(disk_, folder); !removed)
    return std::unexpected{removed.error()};
  const auto last = journal_->found().last.sequence;
  if (auto removed = remove_beyond(last); !removed) return std::unexpected{removed.error()};
  const auto pristine = replay::own_calendars(calendars);
  auto machine = std::make_unique<state::Machine>(instruments, calendars, options);
  std::optional<Error> unfit;
  if (last > Sequence{}) {
    const auto checkpoint = replay::newest_checkpoint(
        disk_, folder, {.durable = last},
        [](const Error& error) { spdlog::error("journal: passed over: {}", error.message); });
    if (!checkpoint) return std::unexpected{checkpoint.error()};
    if (*checkpoint) {
      if (auto restored = replay::restore(**checkpoint, instruments, *machine); !restored) {
        unfit = restored.error();
      } else {
        const auto& facts = (*checkpoint)->facts();
        from_ = facts.first;
        before_ = {.handed_over = facts.handed_over, .received = facts.received};
        crash_point("recovery.restored");
        // What was counted of them is gone: if they come again, their numbers begin anew.
        codes_gone_ = has_codes_gone(**checkpoint, instruments);
      }
    } else if (const auto whole = is_whole(); !whole) {
      return std::unexpected{whole.error()};
    } else if (!*whole) {
      unfit = Error{"there is no checkpoint, and the journal does not go back to its first event"};
    }
    recovered_ = !unfit;
  }
  if (unfit) {
    if (auto begun = begin_anew(*unfit); !begun) return std::unexpected{begun.error()};
    // What was restored of it cannot be taken back.
    machine.reset();
    calendars = std::move(*replay::own_calendars(*pristine));
    machine = std::make_unique<state::Machine>(instruments, calendars, options);
  }
  instruments_ = &instruments;
  return machine;
}

// Checkpoints of events that a power cut, a repair or a hand has taken: their numbers are given again.
Result<void> KeptEvents::remove_beyond(Sequence last) {
  const auto places = replay::checkpoints_in(disk_, options_.checkpoints.folder);
  if (!places) return std::unexpected{places.error()};
  bool any = false;
  for (const auto& place : *places) {
    const auto checkpoint = replay::CheckpointFile::open(disk_, place.path);
    if (!checkpoint || checkpoint->facts().last <= last) continue;
    spdlog::warn("journal: {} is of events that are not there, and goes", place.path.string());
    if (auto removed = disk_.remove(place.path); !removed) return removed;
    any = true;
  }
  return sync_checkpoints(any);
}

Result<void> KeptEvents::sync_checkpoints(bool changed) {
  return changed ? disk_.sync_folder(options_.checkpoints.folder) : Result<void>{};
}

Result<void> KeptEvents::begin_anew(const Error& why) {
  spdlog::warn("journal: state begins anew from the stored past, in a new epoch: {}", why.message);
  from_ = journal_->found().last.sequence;
  before_ = {};
  const auto places = replay::checkpoints_in(disk_, options_.checkpoints.folder);
  if (!places) return std::unexpected{places.error()};
  for (const auto& place : *places)
    if (auto removed = disk_.remove(place.path); !removed) return removed;
  // A power cut must not bring back what state was before.
  if (auto synced = sync_checkpoints(!places->empty()); !synced) return synced;
  return begin_epoch();
}

Result<void> KeptEvents::begin_epoch() {
  journal_.reset();
  const auto mark = options_.journal.folder / kNewEpochMark;
  if (!disk_.exists(mark)) {
    auto file = disk_.open(mark, io::Disk::Open::create);
    if (!file) return std::unexpected{file.error()};
    if (auto synced = (*file)->sync(); !synced) return synced;
    if (auto synced = disk_.sync_folder(options_.journal.folder); !synced) return synced;
  }
  return open_journal();
}

Result<void> KeptEvents::catch_up(state::Machine& machine, state::ChangeSink& sink) {
  const auto last = journal_->found().last.sequence;
  if (recovered_ && from_ < last) {
    // Behind the server itself: feeds of earlier runs that this one does not have, so that theirs is counted.
    const auto all = journal::all_names(disk_, options_.journal.folder);
    if (!all) return within("journal", all.error());
    const FeedId own{static_cast<std::uint16_t>(names_.feeds.size() - 1)};
    journal::Names names = names_;
    for (const auto& feed : all->feeds)
      if (std::ranges::find(names.feeds, feed) == names.feeds.end()) names.feeds.push_back(feed);
    auto reader = journal::Reader::open(disk_, options_.journal.folder, from_, names);
    if (!reader) return within("journal", reader.error());
    const auto begun = clock_.steady_now();
    const auto applied = replay::apply_journal(**reader, names.feeds.size(), own, machine, sink, last);
    if (!applied) return within("journal", applied.error());
    for (const auto& lost : (*reader)->lost())
      spdlog::warn("journal: events {} to {} were left out by a repair", lost.from.value(), lost.to.value());
    before_.received = std::max(before_.received, applied->received);
    for (std::size_t feed = 0; feed < names.feeds.size(); ++feed)
      before_.handed_over[names.feeds[feed]] += applied->handed_over[feed];
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady_now() - begun);
    spdlog::info("journal: {} events applied after the checkpoint in {} ms", applied->events, took.count());
    if (applied->last != last)
      return fail("journal: it ends at event {}, expected {}", applied->last.value(), last.value());
    crash_point("recovery.caught_up");
  }
  if (auto proven = prove(machine); !proven) return proven;
  checkpointer_ =
      std::make_unique<replay::Checkpointer>(*journal_, clock_, *instruments_, options_.checkpoints, from_);
  return {};
}

// Numbers go on only where state is what it was: other options or another program may have folded otherwise.
Result<void> KeptEvents::prove(const state::Machine& machine) {
  const auto wrong = machine.counters().digest_mismatches.value();
  if (wrong == 0 && !codes_gone_) return {};
  if (wrong > 0)
    spdlog::error("journal: {} digests differ from what was published before the restart: a new epoch begins",
                  wrong);
  if (codes_gone_) spdlog::warn("journal: instruments are gone from the table: a new epoch begins");
  return begin_epoch();
}

void KeptEvents::start(std::function<void()> wake) {
  journal_->on_progress(std::move(wake));
  journal_->start();
  checkpointer_->start();
}

void KeptEvents::stop() {
  if (journal_) journal_->stop();
  if (checkpointer_) checkpointer_->stop();
}

}  // namespace qos::server
