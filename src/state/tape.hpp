// The latest trades of one instrument.
//
// Threads: latest() may be called by any thread, add() belongs to the market thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "state/cell_ring.hpp"
#include "state/snapshot.hpp"

namespace qos::state {

class Tape {
 public:
  explicit Tape(std::size_t kept) : ring_{kept} {}

  void add(const TapeTrade& trade) {
    const auto ordinal = added_.load(std::memory_order_relaxed) + 1;
    ring_.write({trade, ordinal});
    added_.store(ordinal, std::memory_order_release);
  }

  // The `count` that came last, in time order, oldest first; those of one time as they came.
  std::vector<TapeTrade> latest(std::size_t count) const {
    std::vector<TapeTrade> trades;
    for (int looks = 1;; ++looks) {
      const auto newest = added_.load(std::memory_order_acquire);
      trades.clear();
      Entry entry;
      for (auto ordinal = newest; ordinal > 0 && trades.size() < count; --ordinal) {
        if (!ring_.read(ordinal, entry)) break;
        trades.push_back(entry.trade);
      }
      // Fewer than were there: the writer overtook this reader by the length of the tape. Look again, but do
      // not race a writer that never pauses for the last few.
      if (trades.size() >= std::min<std::uint64_t>({count, newest, ring_.capacity()})) break;
      if (looks >= kLooks && !trades.empty()) break;
    }
    std::ranges::reverse(trades);
    std::ranges::stable_sort(trades, {}, &TapeTrade::ts);
    return trades;
  }

 private:
  static constexpr int kLooks = 8;

  struct Entry {
    TapeTrade trade;
    std::uint64_t ordinal = 0;
  };
  CellRing<Entry> ring_;
  std::atomic<std::uint64_t> added_{0};
};

}  // namespace qos::state
