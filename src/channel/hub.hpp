// One I/O loop's subscriptions: who listens to which channel under which spelling. Knows no JSON: it is
// handed a builder that makes a frame out of a spelling and an update's body.
//
// Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "channel/channel_key.hpp"
#include "channel/fanout.hpp"
#include "channel/frame.hpp"

namespace qos::channel {

// A connection as the hub sees it.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // Queues a frame; never blocks. The subscriber may decide to close itself later, never inside this call.
  virtual void deliver(const Update& update, const Frame& frame) = 0;
  // Likewise, of a channel that is held back (Hub::hold): it must wait for what comes before it.
  virtual void hold(const Update& update, const Frame& frame) = 0;
};

// Whether pushes say which of their channel they are.
enum class Form : std::uint8_t { plain, numbered };

// Makes the frame of one spelling and form, framing included. Called once per update, spelling and form in
// use.
using FrameBuilder = std::function<Frame(const Update& update, std::string_view spelling, Form form)>;

class Hub {
 public:
  enum class Added : std::uint8_t { yes, already };

  Hub(std::size_t loop, Fanout& fanout, FrameBuilder builder);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // Registers and tells the fan-out. `already`: it listens to this channel, under the spelling and in
  // the form of the first time. Nothing is delivered to it before start_after().
  Added subscribe(Subscriber& subscriber, ChannelKey key, std::string_view spelling, Form form = Form::plain);
  // Instead of being left out, updates go to Subscriber::hold() until start_after(): for a subscriber who is
  // sent what it missed before them. Only of a channel that awaits its start.
  void hold(Subscriber& subscriber, ChannelKey key);
  // What was held is worth nothing any more: leave updates out until start_after().
  void let_go(Subscriber& subscriber, ChannelKey key);
  // The subscriber has been sent the state up to and including `sequence`: skip updates that are not newer.
  void start_after(Subscriber& subscriber, ChannelKey key, Sequence sequence);
  bool listens_to(const Subscriber& subscriber, ChannelKey key) const;
  // It listens, but start_after() has not been called yet, and its updates are left out until then.
  bool awaits_start(const Subscriber& subscriber, ChannelKey key);
  // False: it did not listen.
  bool unsubscribe(Subscriber& subscriber, ChannelKey key);
  // The subscriber goes away: forget all of it.
  void drop(Subscriber& subscriber);

  // Distinct instruments the subscriber listens to, for the plan's limit.
  std::size_t instruments_of(const Subscriber& subscriber) const;
  bool listens_to(const Subscriber& subscriber, InstrumentId instrument) const;

  // Takes up to `limit` updates from this loop's ring to the subscribers. Returns how many it took.
  std::size_t drain(std::size_t limit);

 private:
  struct Listener {
    Subscriber* subscriber;
    Sequence after;
  };
  struct Spelling {
    std::string text;
    Form form;
    std::vector<Listener> listeners;  // by address
  };
  Listener* find(const Subscriber& subscriber, ChannelKey key);  // nullptr: it does not listen
  void remove_listener(const Subscriber& subscriber, ChannelKey key);
  void deliver(const Update& update);

  std::size_t loop_;
  Fanout& fanout_;
  FrameBuilder builder_;
  std::unordered_map<ChannelKey, std::vector<Spelling>> channels_;
  std::unordered_map<const Subscriber*, std::vector<ChannelKey>> by_subscriber_;  // keys rising
};

}  // namespace qos::channel
