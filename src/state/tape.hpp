// The latest trades of one instrument.
//
// Threads: latest() may be called by any thread, everything else belongs to the market thread.
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

  // trade_id: the venue's, 0 if it has none.
  void add(const TapeTrade& trade, std::uint64_t trade_id) {
    const auto ordinal = added_.load(std::memory_order_relaxed) + 1;
    ring_.write({trade, ordinal, trade_id});
    added_.store(ordinal, std::memory_order_release);
  }
  // The venue takes a trade back, or says what it should have been. Nothing happens if it is not here (any
  // more).
  void take_back(std::uint64_t trade_id) {
    change(trade_id, [](Entry& entry) { entry.gone = true; });
  }
  void correct(std::uint64_t trade_id, Price price, Quantity size) {
    change(trade_id, [&](Entry& entry) {
      entry.trade.price = price;
      entry.trade.size = size;
    });
  }

  // The `count` that came last, in time order, oldest first; those of one time as they came.
  std::vector<TapeTrade> latest(std::size_t count) const {
    std::vector<TapeTrade> trades;
    for (int looks = 1;; ++looks) {
      const auto newest = added_.load(std::memory_order_acquire);
      trades.clear();
      Entry entry;
      std::uint64_t seen = 0;
      for (auto ordinal = newest; ordinal > 0 && trades.size() < count; --ordinal, ++seen) {
        if (!ring_.read(ordinal, entry)) break;
        if (!entry.gone) trades.push_back(entry.trade);
      }
      // Fewer than were there: the writer overtook this reader by the length of the tape. Look again, but do
      // not race a writer that never pauses for the last few.
      if (trades.size() >= count || seen >= std::min<std::uint64_t>(newest, ring_.capacity())) break;
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
    std::uint64_t trade_id = 0;
    bool gone = false;
  };

  template <typename What>
  void change(std::uint64_t trade_id, What&& what) {
    const auto newest = added_.load(std::memory_order_relaxed);
    const auto kept = std::min<std::uint64_t>(newest, ring_.capacity());
    for (auto ordinal = newest; ordinal > newest - kept; --ordinal) {
      Entry entry = ring_.own(ordinal);
      if (entry.trade_id != trade_id) continue;
      what(entry);
      ring_.write(entry);
      return;
    }
  }

  CellRing<Entry> ring_;
  std::atomic<std::uint64_t> added_{0};
};

}  // namespace qos::state
