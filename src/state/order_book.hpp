// One instrument's book by price, all levels the venue sends.
//
// Thread: the market thread's.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "event/event.hpp"
#include "state/checkpoint.hpp"
#include "state/snapshot.hpp"

namespace qos::state {

// One side. The best level is at the back, where most changes are and little has to move.
class BookSide {
 public:
  static constexpr std::size_t kNotChanged = static_cast<std::size_t>(-1);

  explicit BookSide(Side side) : side_{side} {}

  // The size at `price` is now `size`; zero or less removes the level. How many levels are better than the
  // one that changed (0: the best one did), or kNotChanged.
  std::size_t set(Price price, Quantity size);
  // Removes the worst level; there must be one.
  void drop_worst() { levels_.erase(levels_.begin()); }
  void clear() { levels_.clear(); }

  std::size_t size() const { return levels_.size(); }
  // Fills `out` best first as far as there are levels; how many it wrote.
  std::uint32_t best(std::span<DepthLevel> out) const;

  // snapshot_checkpoint.cpp. Into a fresh one, at most `most` levels.
  void save(Saving& out) const;
  void restore(Restoring& in, std::size_t most);

 private:
  struct Level {
    std::int64_t rank;  // rises with how good the price is
    Quantity size;
  };
  // Turns prices round for asks without the overflow that a minus sign would have.
  std::int64_t rank_of(Price price) const { return side_ == Side::bid ? price.raw() : ~price.raw(); }
  Price price_of(std::int64_t rank) const { return Price::from_raw(side_ == Side::bid ? rank : ~rank); }

  Side side_;
  std::vector<Level> levels_;
};

class OrderBook {
 public:
  // A side keeps this many levels; beyond them the worst goes.
  static constexpr std::size_t kMaxLevels = 20'000;

  struct Applied {
    std::size_t rank = BookSide::kNotChanged;  // as BookSide::set says
    bool dropped_level = false;                // there was one too many
  };
  Applied apply(Side side, Price price, Quantity size);
  void clear();

  // The best `levels` of each side; sequence and ts stay 0. levels <= kMaxDepthLevels.
  Depth depth(std::size_t levels) const;

  void save(Saving& out) const {
    bids_.save(out);
    asks_.save(out);
  }
  void restore(Restoring& in) {
    bids_.restore(in, kMaxLevels);
    asks_.restore(in, kMaxLevels);
  }

 private:
  BookSide bids_{Side::bid};
  BookSide asks_{Side::ask};
};

}  // namespace qos::state
