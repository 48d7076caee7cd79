// The latest trades of one instrument.
//
// Threads: latest() may be called by any thread, everything else belongs to the market thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "state/cell_ring.hpp"
#include "state/checkpoint.hpp"
#include "state/snapshot.hpp"

namespace qos::state {

class Tape {
 public:
  explicit Tape(std::size_t kept) : ring_{kept} {}

  // Gives the trade its number. trade_id: the venue's, 0 if it has none.
  void add(TapeTrade& trade, std::uint64_t trade_id) {
    trade.number = added_.load(std::memory_order_relaxed) + 1;
    ring_.write({trade, trade.number, trade_id});
    added_.store(trade.number, std::memory_order_release);
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
      if (trades.size() >= count || seen >= kept(newest)) break;
      if (looks >= kLooks && !trades.empty()) break;
    }
    std::ranges::reverse(trades);
    std::ranges::stable_sort(trades, {}, &TapeTrade::ts);
    return trades;
  }

  // snapshot_checkpoint.cpp. Into a fresh one: if it keeps fewer, the oldest go.
  void save(Saving& out) const;
  void restore(Restoring& in);

 private:
  static constexpr int kLooks = 8;
  static constexpr std::size_t kLeastBytes = 7;  // of a trade in a checkpoint

  struct Entry {
    TapeTrade trade;
    std::uint64_t ordinal = 0;
    std::uint64_t trade_id = 0;
    bool gone = false;
  };

  template <typename What>
  void change(std::uint64_t trade_id, What&& what) {
    for (auto ordinal = added_.load(std::memory_order_relaxed); ordinal >= oldest(); --ordinal) {
      Entry entry = ring_.own(ordinal);
      if (entry.trade_id != trade_id) continue;
      what(entry);
      ring_.write(entry);
      return;
    }
  }

  // Of all until `newest`, how many are here.
  std::uint64_t kept(std::uint64_t newest) const {
    return std::min<std::uint64_t>(newest + 1 - first_, ring_.capacity());
  }
  // For the writer; one past the newest if there is none.
  std::uint64_t oldest() const {
    const auto newest = added_.load(std::memory_order_relaxed);
    return newest + 1 - kept(newest);
  }

  CellRing<Entry> ring_;
  // The first that was ever here: a restored tape does not begin with the first trade. Set before readers
  // come.
  std::uint64_t first_ = 1;
  std::atomic<std::uint64_t> added_{0};
};

}  // namespace qos::state
