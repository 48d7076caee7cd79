// What became of a trade, and why: for whoever asks how a K-line came about.
#pragma once

#include "core/time.hpp"
#include "event/kline.hpp"
#include "state/trade_eligibility.hpp"

namespace qos::state {

enum class TradeRule : std::uint8_t {
  counted,           // in the K-lines of its minute: prices, volume, turnover
  volume_only,       // its condition moves no price in its market
  waits_for_price,   // as volume_only, but its day has no price yet: it counts with the first one
  tape_only,         // its condition counts nowhere in its market
  outside_sessions,  // no session of the calendar has its time
  implausible,       // it cannot be true (MachineCounters::refused)
  too_old,           // its minute is not kept any more
};

struct TradeVerdict {
  TradeRule rule = TradeRule::counted;
  StoredSeries series = StoredSeries::regular;  // in whose minutes, where it counts
  UnixNanos minute;                             // its start, where it counts

  friend bool operator==(const TradeVerdict&, const TradeVerdict&) = default;
};

}  // namespace qos::state
