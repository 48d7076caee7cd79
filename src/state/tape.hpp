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
    Entry entry;
    // What is overwritten meanwhile, and all before it, is not among the latest any more.
    for (auto ordinal = added_.load(std::memory_order_acquire); ordinal > 0 && trades.size() < count;
         --ordinal) {
      if (!ring_.read(ordinal, entry)) break;
      trades.push_back(entry.trade);
    }
    std::ranges::reverse(trades);
    std::ranges::stable_sort(trades, {}, &TapeTrade::ts);
    return trades;
  }

 private:
  struct Entry {
    TapeTrade trade;
    std::uint64_t ordinal = 0;
  };
  CellRing<Entry> ring_;
  std::atomic<std::uint64_t> added_{0};
};

}  // namespace qos::state
