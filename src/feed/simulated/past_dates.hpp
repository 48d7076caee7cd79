// The trading dates and minutes of a simulated past: which there are, before any price is made.
#pragma once

#include <cstdint>
#include <vector>

#include "core/time.hpp"
#include "event/kline.hpp"
#include "feed/simulated/character.hpp"
#include "market/instrument.hpp"
#include "market/session_calendar.hpp"

namespace qos::feed::simulated {

// Minutes that start at or after `begin` and end at or before `end` are told.
struct Stretch {
  UnixNanos begin;
  UnixNanos end;
};

struct PastMinute {
  UnixNanos start;
  StoredSeries series = StoredSeries::regular;
  int weight = 1'000;      // how much is traded, in thousandths of the usual
  bool opens = false;      // the opening print stands in it
  bool closes = false;     // the closing print stands in it
  bool continuous = true;  // false: the closing print is all there is

  friend bool operator==(const PastMinute&, const PastMinute&) = default;
};

// Those of one trading date that lie in the stretch, each list in time order.
struct MinutesOfDate {
  std::vector<PastMinute> early;  // night and pre-market
  std::vector<PastMinute> regular;
  std::vector<PastMinute> late;   // after hours
  std::size_t whole_regular = 0;  // minutes of the date's regular hours, in the stretch or not
  bool begins = false;            // the first of them is in the stretch
  bool finished = false;          // nothing of the regular hours, the closing print included, comes later
};
MinutesOfDate minutes_of(const market::Instrument& instrument, const Character& character,
                         const market::SessionCalendar& calendar, market::Date date, const Stretch& stretch);

// The length of the regular hours, as minutes_of() counts it.
std::size_t regular_minutes(const market::SessionCalendar& calendar, market::Date date);

// The dates with regular hours, rising, from `years` before the last to the last one that has begun at `end`.
// Empty: the calendar knows none.
std::vector<market::Date> trading_dates(const market::SessionCalendar& calendar, UnixNanos end,
                                        std::chrono::years years);

// The trading date whose session t falls in, else of the one that opens next; what a reference price given at
// t is for. Where the calendar knows no next one, the local date.
market::Date quoted_date(const market::SessionCalendar& calendar, UnixNanos t);

}  // namespace qos::feed::simulated
