// Calendars small enough for a fuzz target: every weekday of two years, two sessions a day.
#pragma once

#include <fmt/format.h>

#include "market/instrument.hpp"

namespace qos::archive {

inline const market::CalendarTable& fuzz_calendars() {
  static const market::CalendarTable table = [] {
    market::CalendarTable calendars;
    for (const std::string_view name : {"US", "HK", "CN", "CF", "FX", "CM"}) {
      const auto rules = fmt::format(
          "name = \"{}\"\nzone = \"Asia/Shanghai\"\nfrom = 2020-01-01\nhorizon = 2021-12-31\n"
          "weekdays = [\"Mon\", \"Tue\", \"Wed\", \"Thu\", \"Fri\"]\n[[hours]]\nfrom = 2020-01-01\nsource = "
          "\"test\"\nfull = [{{ phase = \"opening_auction\", open = \"09:15\", close = \"09:25\" }}, "
          "{{ phase = \"regular\", open = \"09:30\", close = \"11:30\" }}, "
          "{{ phase = \"regular\", open = \"13:00\", close = \"15:00\" }}]\n",
          name);
      auto calendar =
          market::SessionCalendar::load({.rules_name = name, .rules = rules, .rows_name = {}, .rows = {}});
      QOS_ASSERT(calendar.has_value());
      calendars.add(std::move(*calendar));
    }
    return calendars;
  }();
  return table;
}

inline const market::SessionCalendar& fuzz_calendar() {
  return fuzz_calendars().at(*fuzz_calendars().find("CN"));
}

}  // namespace qos::archive
