// The simulated order book of one instrument: a few price levels a side with random gaps between them. It
// moves only by whole levels, so each side always shows the number of levels that the market publishes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/price.hpp"
#include "event/event.hpp"
#include "feed/simulated/random.hpp"
#include "market/tick_rule.hpp"

namespace qos::feed::simulated {

inline constexpr int kMaxLevels = 20;

struct Level {
  Price price;
  std::int64_t units = 0;  // of the instrument's size step

  friend bool operator==(const Level&, const Level&) = default;
};

// Lowest and highest price that may be quoted, both on the grid and included.
struct PriceBounds {
  Price low;
  Price high;

  bool contains(Price price) const { return low <= price && price <= high; }
};

// Invariants after a successful rebuild: levels are on the grid and within the bounds, prices fall from best
// to last on the bid side and rise on the ask side, the best bid is below the best ask, every level has
// units.
class Ladder {
 public:
  struct Shape {
    int levels = 1;          // a side, 1 to kMaxLevels
    int stride = 1;          // ticks from one level to the next, on average
    std::int64_t units = 1;  // of a level, on average; 1 or more
  };

  // `tick` must outlive the ladder.
  Ladder(const market::TickRule& tick, const Shape& shape) : tick_{&tick}, shape_{shape} {}

  // Throws all levels away and builds them anew around `center`, or as near to it as the bounds allow. Where
  // the bounds hold fewer grid prices than levels, there are fewer levels.
  void rebuild(Price center, const PriceBounds& bounds, Random& random);

  // The levels that disappeared and appeared, for the book of whoever listens. A `gone` of no units: none
  // did.
  struct Move {
    Level bid_gone, ask_gone, bid_new, ask_new;
  };
  // The best level of one side is used up and the book moves over it: towards `up`, the best ask goes, a new
  // best bid appears, and the far ends follow. nullopt, and nothing changes, where the bounds forbid it.
  enum class Direction : std::uint8_t { down, up };
  std::optional<Move> shift(Direction direction, const PriceBounds& bounds, Random& random);

  int levels(Side side) const { return counts_[index(side)]; }
  const Level& level(Side side, int place) const {
    return sides_[index(side)][static_cast<std::size_t>(place)];
  }
  const Level& best(Side side) const { return level(side, 0); }
  // The size of one level becomes `units`, 1 or more.
  void resize(Side side, int place, std::int64_t units) {
    sides_[index(side)][static_cast<std::size_t>(place)].units = units;
  }
  std::int64_t random_units(Random& random) const { return 1 + random.below(2 * shape_.units); }

 private:
  using Levels = std::array<Level, kMaxLevels>;

  static std::size_t index(Side side) { return static_cast<std::size_t>(side); }
  bool build(Price best_bid, int gap_limit, const PriceBounds& bounds, Random& random);
  int random_gap(int limit, Random& random) const {
    return 1 + static_cast<int>(random.below(2 * limit - 1));
  }

  const market::TickRule* tick_;
  Shape shape_;
  std::array<Levels, 2> sides_{};
  std::array<int, 2> counts_{};
};

}  // namespace qos::feed::simulated
