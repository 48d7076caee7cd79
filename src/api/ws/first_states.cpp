#include "api/ws/first_states.hpp"

#include <algorithm>
#include <optional>

#include "api/change_bodies.hpp"
#include "api/json/encode.hpp"
#include "api/ws/one_look.hpp"
#include "api/ws/push.hpp"

namespace qos::api::ws {
namespace {

// What was read of the view, with the sequence of the event that changed it last.
struct Reading {
  Sequence changed;
  std::string body;
};

Reading read_kline(std::uint8_t variant, const state::InstrumentView& view,
                   const market::Instrument& instrument) {
  const auto type = market::kKlineTypes[variant % channel::kExtendedKlines];
  const bool is_extended = variant >= channel::kExtendedKlines;
  const auto klines = view.klines(type, 1);
  if (klines.empty()) return {};
  Reading reading{klines.back().sequence, {}};
  json::append_kline_body(reading.body, instrument, type, klines.back(),
                          {.turnover = is_extended, .closed = is_extended});
  return reading;
}

// The newest minute of any extended session.
Reading read_session_minute(const state::InstrumentView& view, const market::Instrument& instrument) {
  Reading reading;
  std::optional<Kline> newest;
  json::KlineExtras extras{.turnover = true, .closed = true};
  for (const auto session : {StoredSeries::night, StoredSeries::pre_market, StoredSeries::after_hours}) {
    const auto minutes = view.extended_minutes(session, 1);
    if (minutes.empty()) continue;
    reading.changed = std::max(reading.changed, minutes.back().sequence);
    if (newest && newest->start > minutes.back().start) continue;
    newest = minutes.back();
    extras.session = session;
  }
  if (newest) json::append_kline_body(reading.body, instrument, market::KlineType::m1, *newest, extras);
  return reading;
}

Reading read_channel(channel::ChannelKey key, const state::InstrumentView& view,
                     const market::Instrument& instrument) {
  Reading reading;
  switch (key.topic) {
    case channel::Topic::trade:
      break;
    case channel::Topic::snapshot: {
      const auto snapshot = view.snapshot();
      reading.changed = snapshot.sequence;
      if (snapshot.sequence != Sequence{} || snapshot.last)
        json::append_snapshot_body(reading.body, instrument, snapshot);
      break;
    }
    case channel::Topic::depth: {
      const auto depth = view.depth();
      reading.changed = depth.sequence;
      // A book that was emptied is a state; one that never was is none.
      if (depth.sequence != Sequence{} || depth.bid_count + depth.ask_count > 0)
        json::append_depth_body(reading.body, instrument, depth);
      break;
    }
    case channel::Topic::kline:
      return key.variant == channel::kSessionMinutes ? read_session_minute(view, instrument)
                                                     : read_kline(key.variant, view, instrument);
  }
  return reading;
}

}  // namespace

FirstState read_first_state(channel::ChannelKey key, const state::InstrumentView& view,
                            const market::Instrument& instrument) {
  // The cells are written before the version is raised, so they may hold an event that the version does not
  // tell of yet. Sent as it is, that event would be pushed once more; taking its sequence instead could lose
  // the second K-line of an event that changes two. So look again: the market thread raises the version
  // within nanoseconds. The stamp says the same of all cells together, the numbers of pushes among them.
  FirstState state;
  state.is_one = read_as_one(view, [&](Sequence version) {
    state.after = version;
    state.number = number_of(view.numbers(), key);
    Reading reading = read_channel(key, view, instrument);
    state.body = std::move(reading.body);
    return reading.changed <= version;
  });
  return state;
}

void FirstStates::add(channel::ChannelKey key, std::string_view spelling, channel::Form form) {
  waiting_.push_back({key, std::string{spelling}, form});
}

void FirstStates::forget(std::vector<channel::ChannelKey> keys) {
  if (empty() || keys.empty()) return;
  std::ranges::sort(keys);
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
  std::erase_if(waiting_,
                [&](const Waiting& waiting) { return std::ranges::binary_search(keys, waiting.key); });
  if (waiting_.empty()) waiting_ = {};
}

std::optional<FirstStates::Started> FirstStates::next(channel::Hub& hub, channel::Subscriber& subscriber,
                                                      const Services& services) {
  Waiting waiting = std::move(waiting_[first_++]);
  if (first_ == waiting_.size()) {
    waiting_ = {};
    first_ = 0;
  }
  Started started{.key = waiting.key, .after = {}, .push = nullptr};
  // Only what the hub holds back may be started.
  if (!hub.awaits_start(subscriber, waiting.key)) return started;
  const auto* view = services.views.find(waiting.key.instrument);
  if (view == nullptr) {
    hub.start_after(subscriber, waiting.key, Sequence{});
    return started;
  }
  const FirstState state =
      read_first_state(waiting.key, *view, services.instruments.at(waiting.key.instrument));
  const bool is_numbered = channel::is_numbered(waiting.form);
  if (is_numbered && !state.is_one) {
    waiting_.push_back(std::move(waiting));
    return std::nullopt;
  }
  started.after = state.after;
  hub.start_after(subscriber, waiting.key, state.after);
  if (state.body.empty()) return started;
  started.push = is_numbered ? make_numbered_push(waiting.key.topic, waiting.spelling, state.body,
                                                  services.health.epoch() + state.number)
                             : make_push(waiting.key.topic, waiting.spelling, state.body);
  return started;
}

}  // namespace qos::api::ws
