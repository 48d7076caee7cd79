#include "replay/traveller.hpp"

#include <fmt/chrono.h>

#include <algorithm>

#include "replay/own_calendars.hpp"
#include "replay/recovery.hpp"

namespace qos::replay {
namespace {

// Between two looks at whether somebody wants it to stop: some ten milliseconds.
constexpr std::size_t kBatch = 16'384;

struct Nobody final : state::ChangeSink {
  void on(const state::Change&) override {}
};

// Once it was over, but no later than it was told: a store may hold days that cannot be.
UnixNanos known_at(const PastKline& kline) {
  using namespace std::chrono;
  const nanoseconds length = kline.series == StoredSeries::day ? nanoseconds{days{1}} : minutes{1};
  return std::min(kline.start + length, kline.ts_event);
}

}  // namespace

Traveller::Traveller(Archive archive, std::function<void(const Error&)> report)
    : archive_{std::move(archive)}, report_{std::move(report)}, epochs_{archive_.disk, archive_.journal} {}

Result<std::unique_ptr<Traveller>> Traveller::open(Archive archive, const Call& call) {
  std::unique_ptr<Traveller> traveller{new Traveller{std::move(archive), call.report}};
  if (auto begun = traveller->begin(call.at); !begun) return std::unexpected{begun.error()};
  if (auto arrived = traveller->arrive(call); !arrived) return std::unexpected{arrived.error()};
  return traveller;
}

void Traveller::make_machine() {
  calendars_ = own_calendars(archive_.calendars);
  machine_ = std::make_unique<state::Machine>(archive_.instruments, *calendars_, archive_.options);
}

// At the newest checkpoint from before, or before everything.
Result<void> Traveller::begin(UnixNanos at) {
  make_machine();
  const CheckpointChoice choice{.durable = Sequence{UINT64_MAX}, .received_by = at};
  const auto checkpoint = newest_checkpoint(archive_.disk, archive_.checkpoints, choice, report_);
  if (!checkpoint) return std::unexpected{checkpoint.error()};
  Sequence after;
  if (*checkpoint) {
    const auto restored = restore(**checkpoint, archive_.instruments, *machine_);
    if (restored) {
      const auto& facts = (*checkpoint)->facts();
      after = facts.first;
      epoch_ = facts.epoch;
      received_ = facts.received;
    } else {
      // Of other options of state than these; the journal may go back to its first event all the same.
      if (report_) report_(restored.error());
      make_machine();
    }
  }
  auto reader = journal::Reader::open(archive_.disk, archive_.journal, after, archive_.names);
  if (!reader) return std::unexpected{reader.error()};
  reader_ = std::move(*reader);
  return {};
}

Result<void> Traveller::arrive(const Call& call) {
  Nobody nobody;
  for (std::size_t applied = kBatch; applied == kBatch;) {
    if (call.stop.stop_requested()) return fail("stopped on the way");
    const auto advanced = advance(call.at, nobody, kBatch);
    if (!advanced) return std::unexpected{advanced.error()};
    applied = *advanced;
  }
  return received_ != UnixNanos::min() ? Result<void>{} : begins_later();
}

// It says when the first feed received something: what the server told itself before is no beginning.
std::unexpected<Error> Traveller::begins_later() {
  for (;;) {
    const auto is_there = has_next();
    if (!is_there) return std::unexpected{is_there.error()};
    if (!*is_there) return fail("the journal has nothing that was received");
    if (const auto& first = events_.front(); !is_own(first))
      return fail("the journal begins at {:%Y-%m-%dT%H:%M:%SZ}",
                  fmt::gmtime(std::chrono::ceil<std::chrono::seconds>(first.event.ts_recv)));
    events_ = events_.subspan(1);
  }
}

bool Traveller::is_own(const SequencedEvent& event) const {
  return event.event.feed.value() + std::size_t{1} == archive_.names.feeds.size();
}

UnixNanos Traveller::happens(const SequencedEvent& event) const {
  if (!is_own(event)) return std::max(received_, event.event.ts_recv);
  const auto* past = std::get_if<PastKline>(&event.event.body);
  return past == nullptr ? received_ : std::max(received_, known_at(*past));
}

std::optional<UnixNanos> Traveller::next() const {
  if (events_.empty()) return std::nullopt;
  return happens(events_.front());
}

// What a checkpoint's instruments have seen behind its beginning is applied again, and does nothing.
Result<bool> Traveller::has_next() {
  if (!events_.empty()) return true;
  const auto events = reader_->next();
  if (!events) return std::unexpected{events.error()};
  events_ = *events;
  const auto& lost = reader_->lost();
  for (; losses_told_ < lost.size(); ++losses_told_)
    if (report_)
      report_(Error{fmt::format("events {} to {} were left out by a repair", lost[losses_told_].from.value(),
                                lost[losses_told_].to.value())});
  if (events_.empty()) return false;
  // A block lies in one segment.
  const auto epoch = epochs_.of(events_.front().sequence);
  if (!epoch) return std::unexpected{epoch.error()};
  epoch_of_events_ = *epoch;
  return true;
}

Result<std::size_t> Traveller::advance(UnixNanos to, state::ChangeSink& sink, std::size_t most) {
  for (std::size_t applied = 0; applied < most; ++applied) {
    const auto is_there = has_next();
    if (!is_there) return std::unexpected{is_there.error()};
    if (!*is_there || happens(events_.front()) > to) return applied;
    const SequencedEvent& event = events_.front();
    if (!is_own(event)) received_ = std::max(received_, event.event.ts_recv);
    epoch_ = epoch_of_events_;
    events_ = events_.subspan(1);
    machine_->apply(event, sink);
  }
  return most;
}

}  // namespace qos::replay
