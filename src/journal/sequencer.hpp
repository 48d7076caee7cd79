// Gives every event its place in the one order, and hands it on. Feeds write into one bounded queue each; the
// market thread takes from them in turn.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/counter.hpp"
#include "core/id.hpp"
#include "event/event.hpp"
#include "journal/doorbell.hpp"

namespace qos::journal {

class Sequencer {
 public:
  struct Options {
    std::size_t feeds = 1;
    std::size_t queue_capacity = 16'384;  // events of one feed that wait; a full queue makes its feed wait
    Sequence last{};                      // numbers go on behind it
  };
  explicit Sequencer(Options options);
  ~Sequencer();

  // The feed's thread: waits while the queue is full, unless closed (then false and the event is dropped,
  // which happens only on shutdown).
  bool put(FeedId feed, const Event& event);
  // Releases everyone who waits. What is queued can still be drained. Any thread.
  void close();

  // The market thread: numbers waiting events and hands each to `apply`, at most `limit`, taking from the
  // feeds in turn, one event each. Returns how many.
  std::size_t drain(std::size_t limit, const std::function<void(const SequencedEvent&)>& apply);
  // The market thread: an event of its own, numbered at once, before all that wait.
  SequencedEvent number(const Event& event);
  Sequence last() const { return last_; }
  // The market thread: seen = look(), then looks for work (drain and whatever else it waits for), and if
  // there was none, wait(seen): sleeps until something was put, woken or closed since look().
  std::uint32_t look() const { return arrived_.look(); }
  void wait(std::uint32_t seen);
  // Any thread: something else than an event wants the market thread's attention.
  void wake() { arrived_.ring(); }
  std::size_t queue_capacity() const;
  bool closed() const { return closed_.load(std::memory_order_acquire); }

  struct Counters {
    Counter events;
    Counter full_queue_waits;
  };
  const Counters& counters() const { return counters_; }

 private:
  struct Queue;

  std::vector<std::unique_ptr<Queue>> queues_;
  Doorbell arrived_;
  std::atomic<bool> closed_{false};
  Sequence last_{0};
  std::size_t next_feed_ = 0;
  Counters counters_;
};

}  // namespace qos::journal
