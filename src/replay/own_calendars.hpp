// A machine changes the calendars that it is given, so each has its own.
#pragma once

#include <memory>

#include "market/session_calendar.hpp"

namespace qos::replay {

// As they are now, in the same order. Cheap: the rules are shared.
inline std::unique_ptr<market::CalendarTable> own_calendars(const market::CalendarTable& calendars) {
  auto own = std::make_unique<market::CalendarTable>();
  for (std::size_t id = 0; id < calendars.size(); ++id)
    own->add(calendars.at(CalendarId{static_cast<CalendarId::rep>(id)}));
  return own;
}

}  // namespace qos::replay
