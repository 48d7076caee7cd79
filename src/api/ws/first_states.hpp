// What a new subscriber is sent before its first change: the state of each channel, read when there is room
// to send it, so that subscribing to thousands of codes at once neither fills an outbox nor needs a copy of
// the market.
//
// While a channel waits here the hub delivers nothing of it (channel::Hub::awaits_start); reading the state
// later only makes it newer. docs/decisions/0002 says why nothing falls between state and first change.
//
// Thread: the loop's. Empty, it holds no memory beside itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/query.hpp"
#include "channel/hub.hpp"
#include "market/instrument.hpp"
#include "state/view.hpp"

namespace qos::api::ws {

class FirstStates {
 public:
  // Right after Hub::subscribe said `yes`.
  void add(channel::ChannelKey key, std::string_view spelling, channel::Form form = channel::Form::plain);

  // Right after Hub::unsubscribe: these do not wait any more, in any spelling.
  void forget(std::vector<channel::ChannelKey> keys);

  bool empty() const { return waiting_.empty(); }

  struct Started {
    channel::ChannelKey key;
    Sequence after;       // the subscriber has been told all up to it
    channel::Frame push;  // nullptr: there is no state yet
  };
  // Starts the next channel. nullopt: the market thread was at work at every look, so the channel waits
  // again, for another turn: the loop must drain what that thread may wait to hand over.
  std::optional<Started> next(channel::Hub& hub, channel::Subscriber& subscriber, const Services& services);

 private:
  struct Waiting {
    channel::ChannelKey key;
    std::string spelling;
    channel::Form form;
  };
  std::vector<Waiting> waiting_;
  std::size_t first_ = 0;  // waiting_ before it are started
};

// The state of one channel and what it includes.
struct FirstState {
  Sequence after;            // every change up to it is in the state
  std::uint64_t number = 0;  // of the last push up to it
  std::string body;          // empty: there is no state yet, or the channel has none to push (trades)
  // All of it was read of one state. Not so if the market thread was at work at every look; then `number` may
  // belong to another state than the rest.
  bool is_one = false;
};
FirstState read_first_state(channel::ChannelKey key, const state::InstrumentView& view,
                            const market::Instrument& instrument);

}  // namespace qos::api::ws
