// Which trades count, by market and condition (market rules, section 2). Every trade stands on the
// tape.
//
//              last   open high low   volume turnover   K-lines
// full         yes    yes             yes               yes
// volume_only  no     no              yes               their volume, turnover and trade count
// tape_only    no     no              no                no
//
// In a US night, pre-market or after-hours session the same table holds for that session's part of the
// snapshot instead of the day's figures; last is one for all sessions.
#pragma once

#include <array>

#include "event/event.hpp"
#include "market/market.hpp"

namespace qos::state {

enum class Eligibility : std::uint8_t { full, volume_only, tape_only };

namespace eligibility {

using Row = std::array<Eligibility, kTradeConditions>;
using enum Eligibility;

//                    regular  opening  closing  odd lot      extended   off book     fixed price after the
//                    close
// US: the consolidated tape's rule: odd lots and late reports count in volume and move no price.
inline constexpr Row kUs{full, full, full, volume_only, full, volume_only, tape_only};
// HK: odd lots and manual trades count in the day's turnover and move no price.
inline constexpr Row kHk{full, full, full, volume_only, tape_only, volume_only, tape_only};
// SH, SZ: an odd lot (a sale of what is left) trades in the same book. Block trades are reported apart from
// the day's volume; the fixed-price trades after the close are part of it, and their price is the close.
inline constexpr Row kMainland{full, full, full, full, tape_only, tape_only, volume_only};
// Around the clock: only what the book traded.
inline constexpr Row kContinuous{full, full, full, full, tape_only, tape_only, tape_only};

// The order of market::Market.
inline constexpr std::array<Row, market::kMarkets> kTable{kUs,         kHk,         kMainland,   kMainland,
                                                          kContinuous, kContinuous, kContinuous, kContinuous};

}  // namespace eligibility

constexpr Eligibility eligibility_of(market::Market market, TradeCondition condition) {
  return eligibility::kTable[static_cast<std::size_t>(market)][static_cast<std::size_t>(condition)];
}

}  // namespace qos::state
