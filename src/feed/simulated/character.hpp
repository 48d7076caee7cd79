// How one simulated instrument behaves, settled from its market and facts before it trades.
#pragma once

#include <cstdint>

#include "core/price.hpp"
#include "feed/simulated/ladder.hpp"
#include "feed/simulated/options.hpp"
#include "market/instrument.hpp"

namespace qos::feed::simulated {

struct Character {
  int published_levels = 0;      // of the market: 0 no depth, 1 quotes, more: a book
  int moves_per_trade = 3;       // trades and changes of the book together, for each trade
  Quantity unit;                 // the step of all sizes: a lot, or the quantity step
  std::int64_t level_units = 1;  // average size of a level, in units
  bool sided = true;             // trades have an aggressor (an index has none)
  bool odd_lots = false;         // some trades are smaller than a round lot
  bool auctions = false;         // takes part in the auctions of its calendar
  bool crosses = false;          // opening and closing cross at the edges of the regular hours (US)
  bool extended = false;         // trades at night, before and after the regular hours
  bool after_close_fixed = false;
  bool halts = false;
};
Character character_of(const market::Instrument& instrument, Hours hours, Price start);

// How far the price goes and in which steps.
struct Movement {
  int stride = 1;                // ticks between levels, on average
  std::int64_t shift_parts = 0;  // how many of a million trades move the price by a level
};
Movement movement_of(const market::Instrument& instrument, const Options& options, Price price);

// The standard deviation of a day's move, in billionths of the price.
std::int64_t daily_move(market::Market market);
// The whole part of the root; 0 <= value < 2^62.
std::int64_t square_root(std::int64_t value);

// What may be traded on a day after this close: the A shares' price limits, rounded inwards; elsewhere a band
// that keeps the simulation plausible. Both ends are on the grid, and there is room for a bid and an ask.
PriceBounds bounds_after(const market::Instrument& instrument, Price previous_close);

}  // namespace qos::feed::simulated
