// The state as it was at an instant of received time, and from there on event by event: a checkpoint from
// before, the journal behind it, and the same state machine. What it tells is what was told then.
//
// An event happened when the first feed had received something as late as it or later: times of the feeds'
// events, taken together, never go back, so no event waits for one behind it in the order. Events of the
// server itself have no time of their own and happen with those before them; but a K-line of the past that
// the server told its state about (PastKline) happens once it is over, or what went on while a server was
// down would be known before.
//
// Thread: one at a time; beside the server that writes the journal.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>

#include "core/result.hpp"
#include "journal/position.hpp"
#include "journal/reader.hpp"
#include "replay/epochs.hpp"
#include "replay/rewind.hpp"

namespace qos::replay {

class Traveller {
 public:
  struct Call {
    UnixNanos at;
    std::function<void(const Error&)> report{};  // a checkpoint that was passed over, events that are lost
    std::stop_token stop{};                      // gives up: an error
  };
  // Everything received by then is applied, and told to nobody. An error: nothing that is kept goes back so
  // far, nothing had been received by then, or the journal's.
  static Result<std::unique_ptr<Traveller>> open(Archive archive, const Call& call);

  // Applies what was received by `to` in the order of the journal, about `most` events and never more. How
  // many; fewer than `most`: no more has happened by then, as far as the journal is on disk. After an error
  // it stands where it is for good.
  Result<std::size_t> advance(UnixNanos to, state::ChangeSink& sink, std::size_t most);

  const state::Machine& machine() const { return *machine_; }
  // As of then. Any thread may read them.
  const market::CalendarTable& calendars() const { return *calendars_; }
  // Of the last event, and when it happened.
  journal::Epoch epoch() const { return epoch_; }
  UnixNanos received() const { return received_; }
  // When the next event happens, as far as it was looked at.
  std::optional<UnixNanos> next() const;

 private:
  Traveller(Archive archive, std::function<void(const Error&)> report);

  Result<void> begin(UnixNanos at);
  Result<void> arrive(const Call& call);
  std::unexpected<Error> begins_later();
  void make_machine();
  Result<bool> has_next();
  UnixNanos happens(const SequencedEvent& event) const;
  bool is_own(const SequencedEvent& event) const;

  Archive archive_;
  std::function<void(const Error&)> report_;
  std::unique_ptr<market::CalendarTable> calendars_;
  std::unique_ptr<state::Machine> machine_;
  Epochs epochs_;
  std::unique_ptr<journal::Reader> reader_;
  std::span<const SequencedEvent> events_;  // the reader's, not applied yet
  journal::Epoch epoch_of_events_;
  std::size_t losses_told_ = 0;
  journal::Epoch epoch_;
  UnixNanos received_ = UnixNanos::min();  // the latest of any feed's event that was applied
};

}  // namespace qos::replay
