// Whether a calendar speaks of a date at all: only then does "no trading day" mean that nothing was traded.
#pragma once

#include "market/session_calendar.hpp"

namespace qos::archive {

// False before the calendar's first trading day (that one included: nothing before it is known to compare)
// and after its horizon.
inline bool known_date(const market::SessionCalendar& calendar, market::Date date) {
  return date <= calendar.horizon() && calendar.previous_trading_date(date).has_value();
}

}  // namespace qos::archive
