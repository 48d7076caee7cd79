// One I/O loop's subscriptions: who listens to which channel under which spelling. Knows no JSON: it is
// handed a builder that makes a frame out of a spelling and an update's body.
//
// Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "channel/batch.hpp"
#include "channel/channel_key.hpp"
#include "channel/fanout.hpp"
#include "channel/shares.hpp"

namespace qos::channel {

// A connection as the hub sees it. It listens to one hub all its life; a hub that lives on must be told to
// drop it.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // Its frames of this turn, in order; there is one at least. Never blocks. It may drop itself from the hub
  // in this call, but do nothing about others.
  virtual void take(Batch& batch, std::span<const Batch::Index> frames) = 0;
  // A frame of a channel that is held back (Hub::hold): it must wait for what comes before it.
  virtual void hold(const Update& update, std::string_view frame) = 0;

 private:
  friend class Hub;
  static constexpr Shares::Slot kNone = std::numeric_limits<Shares::Slot>::max();
  Shares::Slot slot_ = kNone;  // its place in the hub's table, while it listens to something
};

// Appends the frame of one spelling and form, framing included. Called once per update, spelling and form in
// use.
using FrameBuilder =
    std::function<void(std::string& out, const Update& update, std::string_view spelling, Form form)>;

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

  // Takes up to `limit` updates from this loop's ring and spells them for whom they are. Returns how many it
  // took; fewer than `limit`: there were no more.
  std::size_t gather(std::size_t limit);
  // Enough is gathered for one turn, whatever still waits in the ring.
  bool is_full() const;
  bool has_gathered() const { return batch_.size() > 0; }
  // When the event came that the newest of what was gathered is of; 0: of none, or not known.
  UnixNanos newest_received() const { return newest_received_; }
  // Gives every subscriber what was gathered for it.
  void deliver();

 private:
  using Slot = Shares::Slot;
  // It listens, but not to everything yet.
  struct Starting {
    Starting(Slot who, Sequence after) : slot{who} { set_after(after); }
    Sequence after() const { return Sequence{std::uint64_t{high} << 32U | low}; }
    void set_after(Sequence after) {
      high = static_cast<std::uint32_t>(after.value() >> 32U);
      low = static_cast<std::uint32_t>(after.value());
    }
    Slot slot;
    // In halves: a subscription of a quiet channel stays here, and this is twelve bytes in place of sixteen.
    std::uint32_t high;
    std::uint32_t low;
  };
  struct Spelling {
    std::string text;
    Form form;
    std::vector<Slot> started;       // by slot
    std::vector<Starting> starting;  // by slot
  };
  struct Entry {
    Subscriber* subscriber = nullptr;  // nullptr: a free slot
    std::vector<ChannelKey> keys;      // rising
  };

  const std::vector<ChannelKey>* keys_of(const Subscriber& subscriber) const;
  Starting* find_starting(const Subscriber& subscriber, ChannelKey key);  // nullptr: it is not
  Slot enter(Subscriber& subscriber);
  void leave(Subscriber& subscriber);
  void remove_listener(Slot slot, ChannelKey key);
  void gather(const Update& update);
  template <typename MakeFrame>
  void start_some(Spelling& spelling, const Update& update, MakeFrame&& frame);

  std::size_t loop_;
  Fanout& fanout_;
  FrameBuilder builder_;
  std::unordered_map<ChannelKey, std::vector<Spelling>> channels_;
  std::vector<Entry> subscribers_;  // by slot
  std::vector<Slot> free_slots_;
  Batch batch_;
  Shares shares_;
  UnixNanos newest_received_{};
  std::vector<Slot> just_started_;  // its memory serves every update
};

}  // namespace qos::channel
