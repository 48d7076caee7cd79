// One thread's event loop over sockets: epoll, level-triggered.
//
// A turn is: wait, hand every ready descriptor to its handler, run what other threads posted, then the turn's
// end, where the owner does what is cheaper once than after every event (draining a ring, flushing sockets).
//
// Threads: run() makes the calling thread the loop's. Everything but post(), wake() and stop() belongs to
// that thread, or to the owner before run().
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "core/result.hpp"
#include "io/descriptor.hpp"

namespace qos::io {

struct Readiness {
  bool readable = false;
  bool writable = false;
  bool broken = false;  // the other side is gone in both directions, or the socket failed
};

// What happens when a descriptor is ready. A handler may remove any descriptor, its own too; it is then not
// called again, even if the descriptor was already reported ready in this turn.
class ReadyHandler {
 public:
  virtual ~ReadyHandler() = default;
  virtual void on_ready(Readiness readiness) = 0;
};

struct Interest {
  bool read = false;
  bool write = false;

  friend bool operator==(const Interest&, const Interest&) = default;
};

class Loop {
 public:
  struct Options {
    // Real time between two looks at time-outs. The time-outs themselves are measured on the clock of whoever
    // set them, so a test moves its own clock and the loop notices at its next tick.
    std::chrono::milliseconds tick{100};
  };
  static Result<std::unique_ptr<Loop>> create(Options options);

  // The handler must live until remove(). Fails when the kernel refuses (too many watches).
  Result<void> add(int fd, Interest interest, ReadyHandler& handler);
  void modify(int fd, Interest interest);
  void remove(int fd);  // before the descriptor is closed

  // Runs at the end of every turn. True: there is more to do, so the next turn does not wait.
  void on_turn(std::function<bool()> end_of_turn) { end_of_turn_ = std::move(end_of_turn); }
  void on_tick(std::function<void()> tick) { tick_ = std::move(tick); }

  // Until stop(). What was posted before stop() has run when run() returns.
  void run();
  // By hand instead of run(), from one thread (simulation): one turn that does not wait, with the tick if it
  // is said to be due. True: there is more to do.
  enum class Tick : std::uint8_t { no, due };
  bool turn(Tick tick);

  // --- any thread ---
  // Runs `task` on the loop's thread, in the order of posting. After run() has returned it never runs.
  void post(std::function<void()> task);
  // Makes a turn happen soon. Costs a system call only if no wake-up is under way.
  void wake();
  void stop();

 private:
  struct Watch {
    ReadyHandler* handler = nullptr;
    std::uint32_t generation = 0;  // told apart from a closed descriptor that had the same number
  };

  Loop(Options options, Descriptor epoll, Descriptor wake_event);
  void wait_and_dispatch(int milliseconds);
  void dispatch(int ready);
  void take_wake_up();
  void run_posted();
  int wait_milliseconds(bool more) const;
  void tick_if_due();

  Options options_;
  Descriptor epoll_;
  Descriptor wake_event_;
  std::vector<Watch> watches_;  // by descriptor
  std::function<bool()> end_of_turn_;
  std::function<void()> tick_;
  std::chrono::steady_clock::time_point next_tick_;

  std::atomic<bool> notified_{false};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // guards posted_
  std::vector<std::function<void()>> posted_;
};

}  // namespace qos::io
