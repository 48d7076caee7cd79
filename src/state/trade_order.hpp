// Which print a trade is, and which of two trades is later.
#pragma once

#include <algorithm>

#include "event/event.hpp"
#include "market/kline_clock.hpp"

namespace qos::state {

constexpr market::Print print_of(TradeCondition condition) {
  switch (condition) {
    case TradeCondition::opening_auction:
      return market::Print::opening;
    // Trades at the close price belong to the close.
    case TradeCondition::closing_auction:
    case TradeCondition::after_close_fixed:
      return market::Print::closing;
    default:
      return market::Print::continuous;
  }
}

// The last moment of a minute.
inline UnixNanos end_of(UnixNanos minute) {
  return minute + std::chrono::minutes{1} - std::chrono::nanoseconds{1};
}

// The time that decides which of two trades is later: the trade's own, held within its minute. A closing
// print comes after the session it belongs to has ended, and after all of it: only its minute's start holds
// it.
inline UnixNanos order_of(TradeCondition condition, UnixNanos ts, UnixNanos minute) {
  if (print_of(condition) == market::Print::closing) return std::max(ts, minute);
  return std::clamp(ts, minute, end_of(minute));
}

}  // namespace qos::state
