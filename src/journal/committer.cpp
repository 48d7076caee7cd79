#include "journal/committer.hpp"

#include <algorithm>

#include "core/crash_point.hpp"
#include "journal/block.hpp"

namespace qos::journal {
namespace {

constexpr std::chrono::seconds kRetry{1};
// So many events that wait are packed while the disk syncs those before them.
constexpr std::uint64_t kMany = kBlockEvents / 2;

}  // namespace

Committer::Committer(Parts parts, const Journal::Options& options, std::unique_ptr<SegmentWriter> first)
    : parts_{parts}, options_{&options}, segment_{std::move(first)} {}

std::optional<SteadyTime> Committer::due() const {
  if (parts_.tail->appended() == parts_.tail->released()) return std::nullopt;
  if (retry_at_) return retry_at_;
  const SteadyTime now = parts_.clock->steady_now();
  // The first event after a quiet time does not wait, and neither does a tail that fills.
  const std::uint64_t waiting = parts_.tail->appended().value() - parts_.tail->released().value();
  if (!last_begin_ || !next_.empty() || waiting >= parts_.tail->capacity() / 4) return now;
  return std::max(now, *last_begin_ + options_->commit_interval);
}

bool Committer::commit(Helpers* helpers) {
  if (parts_.tail->appended() == parts_.tail->released()) return false;
  last_begin_ = parts_.clock->steady_now();
  if (const auto done = try_commit(helpers); !done) {
    failed(done.error());
    return false;
  }
  works_again();
  return true;
}

Result<void> Committer::try_commit(Helpers* helpers) {
  if (auto done = ready_segment(); !done) return done;
  if (batch_.empty()) std::swap(batch_, next_);
  if (batch_.empty()) gather(batch_, parts_.tail->released(), helpers);
  crash_point("commit.packed");
  if (auto done = segment_->write(batch_); !done) return done;
  crash_point("commit.written");
  if (auto done = sync(helpers); !done) {
    distrusted_ = true;
    return done;
  }
  crash_point("commit.synced");
  auto& counters = *parts_.counters;
  counters.blocks.add(batch_.blocks);
  counters.bytes.add(batch_.bytes.size());
  counters.syncs.add();
  parts_.housekeeping->open_bytes(segment_->facts().bytes);
  parts_.tail->release(batch_.last);
  crash_point("commit.released");
  batch_.restart(batch_.last);
  if (segment_->facts().bytes >= options_->segment_bytes) close_segment();
  return {};
}

Result<void> Committer::sync(Helpers* helpers) {
  const bool many = parts_.tail->appended().value() - batch_.last.value() >= kMany;
  if (helpers == nullptr || !many || !next_.empty()) return segment_->sync(batch_);
  Result<void> synced;
  helpers->syncs.start([&] { synced = segment_->sync(batch_); });
  gather(next_, batch_.last, helpers);
  helpers->syncs.wait();
  return synced;
}

Result<void> Committer::ready_segment() {
  if (distrusted_) {
    // What the failed sync was for is taken away before it is written elsewhere: nothing is there twice.
    if (auto done = segment_->cut(); !done) return done;
    distrusted_ = false;
    if (segment_->facts().events > 0) close_segment();
    segment_.reset();
  }
  if (segment_) return {};
  auto fresh = SegmentWriter::create(*parts_.disk, options_->folder,
                                     {.epoch = parts_.epoch,
                                      .first = Sequence{parts_.tail->released().value() + 1},
                                      .created = parts_.clock->now(),
                                      .names = parts_.names});
  if (!fresh) return std::unexpected{std::move(fresh.error())};
  segment_ = std::move(*fresh);
  return {};
}

void Committer::gather(SegmentWriter::Batch& batch, Sequence after, Helpers* helpers) {
  // With threads of its own at most half of the ring: the producer fills the other half meanwhile.
  const std::uint64_t most = parts_.tail->capacity() / (helpers == nullptr ? 1 : 2);
  const Sequence durable = parts_.tail->released();
  std::vector<std::span<const SequencedEvent>> blocks;
  for (Sequence last = after; last.value() < after.value() + most; last = blocks.back().back().sequence) {
    const std::uint64_t left = after.value() + most - last.value();
    const auto events = parts_.tail->waiting(last, std::min<std::uint64_t>(kBlockEvents, left));
    if (events.empty()) break;
    blocks.push_back(events);
  }
  const auto pack = [durable](auto blocks_of_it, SegmentWriter::Batch& into) {
    for (const auto& events : blocks_of_it) into.add(events, durable);
  };
  batch.restart(after);
  const std::span all{blocks};
  const auto mine = all.first((all.size() + 1) / 2);
  const auto other = all.subspan(mine.size());
  if (helpers == nullptr || other.empty()) return pack(all, batch);
  half_.restart(after);
  helpers->packs.start([&] { pack(other, half_); });
  pack(mine, batch);
  helpers->packs.wait();
  batch.add(half_);
}

void Committer::close_segment() {
  parts_.housekeeping->open_bytes(0);
  parts_.housekeeping->add(segment_->facts());
  segment_.reset();
}

void Committer::failed(const Error& error) {
  parts_.counters->failures.add();
  parts_.counters->failing.set(1);
  if (!retry_at_ && options_->report)
    options_->report(
        {fmt::format("the journal cannot be written, events wait in its tail: {}", error.message)});
  retry_at_ = parts_.clock->steady_now() + kRetry;
}

void Committer::works_again() {
  if (!retry_at_) return;
  retry_at_.reset();
  parts_.counters->failing.set(0);
  if (options_->report)
    options_->report({fmt::format("the journal can be written again, up to event {} it is on the disk",
                                  parts_.tail->released().value())});
}

}  // namespace qos::journal
