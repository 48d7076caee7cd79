// What one date's hours are, out of the rules and what is said of that date; still on the local clock.
#pragma once

#include <vector>

#include "market/calendar_rules.hpp"

namespace qos::market {

// Both files of a calendar, read.
struct CalendarFiles {
  std::string rules_name;
  std::string rows_name;
  CalendarRules rules;
  DayRows rows;

  const FileRow* row_of(std::chrono::sys_days date) const {
    const auto found = rows.find(date);
    return found == rows.end() ? nullptr : &found->second;
  }
};

struct DayPlan {
  DayKind kind = DayKind::full;
  std::vector<SessionRule> sessions;  // in time order; empty: closed
};

// `row` is nullptr where nothing is said and the weekday decides. The date lies within the rules'. An error
// says why the row does not fit the rules.
Result<DayPlan> plan_day(const CalendarRules& rules, const DayRow* row, std::chrono::sys_days date);

// Why the date is as the files have it, and who says so: "Christmas Eve (HKEX trading calendar 2026;
// HK.days.csv:310)".
std::string reason_of(const CalendarFiles& files, std::chrono::sys_days date);

}  // namespace qos::market
