// From the market thread to the I/O loops: who is interested, and one bounded ring a loop.
//
// The market thread asks for every change whether any loop has a listener, encodes the text once if so, and
// pushes it to the rings of those loops. Nothing here locks, but a wake-up against on_ready(). A full ring
// makes the market thread wait (counted): loops never wait for clients, so they always drain; a feed behind a
// waiting market thread is slowed by its own bounded queue, and nothing is lost.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "channel/update.hpp"
#include "core/counter.hpp"

namespace qos::channel {

inline constexpr std::size_t kMaxLoops = 32;

// Bit n: loop n has at least one subscriber.
using LoopMask = std::uint32_t;

class Fanout {
 public:
  struct Options {
    std::size_t loops = 1;        // I/O loops, at most kMaxLoops
    std::size_t instruments = 0;  // rows of the instrument table
    // What waits for one loop: some 10,000 updates of 150 bytes, as UpdateRing counts them. A loop that is
    // behind by more makes the market thread wait, rather than its clients hear what is old.
    std::size_t ring_bytes = 2 << 20;
  };
  explicit Fanout(Options options);
  ~Fanout();

  std::size_t loops() const { return loops_.size(); }

  // --- I/O loops ---
  // First and last subscriber of a channel on this loop. Sequentially consistent (see state::InstrumentView).
  void listen(std::size_t loop, ChannelKey key);
  void unlisten(std::size_t loop, ChannelKey key);
  // `wake` must make the loop drain its ring soon; it may be empty. Any thread, at any time: the loop drains
  // once by itself afterwards, for what was pushed before.
  void on_ready(std::size_t loop, std::function<void()> wake);
  // This loop's thread: the next update, false when there is none. After false, the next push wakes again.
  bool try_pop(std::size_t loop, Update& update);
  // Updates that wait for this loop. Any thread; a moment's truth.
  std::uint64_t waiting(std::size_t loop) const;

  // --- the market thread ---
  // `encode(std::string& out)` is called at most once, and only if someone listens.
  template <typename Encode>
  void publish(ChannelKey key, Place place, Encode&& encode, UnixNanos received = {}) {
    const LoopMask mask = listeners(key);
    if (mask == 0) return;
    body_.clear();
    encode(body_);
    push(mask, {.key = key,
                .sequence = place.sequence,
                .number = place.number,
                .piece = place.piece,
                .received = received,
                .body = body_});
  }
  LoopMask listeners(ChannelKey key) const;
  // Releases a market thread that waits on a full ring, for shutdown.
  void close();

  struct Counters {
    Counter updates;          // encoded
    Counter pushes;           // handed to rings
    Counter full_ring_waits;  // times the market thread found a ring full
  };
  const Counters& counters() const { return counters_; }

 private:
  struct Loop;
  std::atomic<LoopMask>& interest_in(ChannelKey key) const;
  void push(LoopMask mask, const Update& update);
  bool wait_for_room(Loop& target, const Update& update);  // false: closed first

  std::size_t instruments_;
  std::unique_ptr<std::atomic<LoopMask>[]> interest_;  // instruments * kSlots
  std::vector<std::unique_ptr<Loop>> loops_;
  std::atomic<bool> closed_{false};
  std::string body_;  // the market thread's; its memory serves every update
  Counters counters_;
};

}  // namespace qos::channel
