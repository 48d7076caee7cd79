// One thread sleeps until another rings, and no ring is lost between its last look and its falling asleep.
//
// The sleeper: seen = look(); checks whether there is work; if there is none, wait(seen). The ringer: makes
// the work visible, then ring(). All accesses are sequentially consistent: either the sleeper's wait sees a
// count other than `seen`, or the ringer sees that it sleeps.
#pragma once

#include <atomic>
#include <cstdint>

namespace qos::journal {

class Doorbell {
 public:
  std::uint32_t look() const { return rings_.load(); }

  // Any thread.
  void ring() {
    rings_.fetch_add(1);
    // A system call only when someone sleeps: a busy market thread is never asleep.
    if (asleep_.load()) rings_.notify_all();
  }

  // One thread at a time. Returns at once if it rang since look() answered `seen`; may also return for
  // nothing.
  void wait(std::uint32_t seen) {
    asleep_.store(true);
    rings_.wait(seen);
    asleep_.store(false);
  }

 private:
  std::atomic<std::uint32_t> rings_{0};
  std::atomic<bool> asleep_{false};
};

}  // namespace qos::journal
