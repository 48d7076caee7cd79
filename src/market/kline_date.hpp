// The trading date of a minute K-line that was made some time ago.
#pragma once

#include "market/session_calendar.hpp"

namespace qos::market {

// That of the session it lies in, or of the one that has just ended (a closing print's own K-line), else the
// local date: an operator may have closed the day since.
Date trading_date_of_kline(const SessionCalendar& calendar, UnixNanos start);

}  // namespace qos::market
