// The session vectors: instants of every market with what our calendars make of them, as CSV that a client's
// developers test against. docs/vectors/README.md is the specification of the columns.
#pragma once

#include <string>

#include "market/session_calendar.hpp"

namespace qos::market {

// The same bytes for the same calendars. A market whose calendar is not in the table is left out.
std::string session_vectors(const CalendarTable& calendars);

}  // namespace qos::market
