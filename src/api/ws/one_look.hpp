// Several things of a view that must belong together, read while the market thread goes on.
#pragma once

#include <atomic>
#include <thread>

#include "state/view.hpp"

namespace qos::api::ws {

// Calls read(Sequence version), which looks at the view and says whether what it saw fits the version, until
// all of it was one state. False: the market thread was at work at every look, and what was read last is a
// mixture. The version is read before the cells and after the caller has registered its interest: that order
// is what docs/decisions/0002 stands on.
template <typename Read>
bool read_as_one(const state::InstrumentView& view, Read&& read) {
  // An event takes the market thread some microseconds; but it may be kept from its core in the middle.
  constexpr int kLooks = 1'000;
  for (int look = 1; look <= kLooks; ++look) {
    const std::uint64_t stamp = view.stamp();
    const bool fits = read(view.version());
    std::atomic_thread_fence(std::memory_order_acquire);
    if (fits && stamp % 2 == 0 && view.stamp() == stamp) return true;
    if (look > kLooks / 2) std::this_thread::yield();
  }
  return false;
}

}  // namespace qos::api::ws
