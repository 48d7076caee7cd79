#include "market/day_plan.hpp"

#include <algorithm>

namespace qos::market {
namespace {

using namespace std::chrono;

const HoursBlock& hours_on(const CalendarRules& rules, Date date) {
  auto after = std::upper_bound(rules.hours.begin(), rules.hours.end(), date,
                                [](Date at, const HoursBlock& block) { return at < block.from; });
  return *(after - 1);
}

// The part of a full day that a partial one kept.
std::vector<SessionRule> clipped(std::vector<SessionRule> sessions, const DayRow& row) {
  for (SessionRule& session : sessions) {
    if (row.open) session.open = std::max(session.open, *row.open);
    if (row.close) session.close = std::min(session.close, *row.close);
  }
  std::erase_if(sessions, [](const SessionRule& session) { return session.open >= session.close; });
  return sessions;
}

}  // namespace

Result<DayPlan> plan_day(const CalendarRules& rules, const DayRow* row, sys_days date) {
  const HoursBlock& hours = hours_on(rules, Date{date});
  if (row == nullptr) {
    if (!rules.trades_on[weekday{date}.c_encoding()]) return DayPlan{};
    return DayPlan{DayKind::full, hours.full};
  }
  switch (row->kind) {
    case DayRow::Kind::closed:
      return DayPlan{};
    case DayRow::Kind::full:
      return DayPlan{DayKind::full, hours.full};
    case DayRow::Kind::half:
      if (hours.half.empty()) return fail("the rules have no half days");
      return DayPlan{DayKind::half, hours.half};
    case DayRow::Kind::partial:
      break;
  }
  DayPlan plan{DayKind::half, clipped(hours.full, *row)};
  if (std::none_of(plan.sessions.begin(), plan.sessions.end(),
                   [](const SessionRule& session) { return session.phase == Phase::regular; }))
    return fail("nothing of a regular session is left; the day is closed");
  return plan;
}

std::string reason_of(const CalendarFiles& files, sys_days date) {
  if (const auto known = check_day_date(date, files.rules); !known) return known.error().message;
  if (const FileRow* row = files.row_of(date); row != nullptr)
    return fmt::format("{} ({}; {}:{})", row->name, row->source, files.rows_name, row->line);
  if (!files.rules.trades_on[weekday{date}.c_encoding()])
    return fmt::format("no trading on this day of the week ({})", files.rules_name);
  const HoursBlock& hours = hours_on(files.rules, Date{date});
  return fmt::format("{} (hours from {}; {})", hours.source, to_string(hours.from), files.rules_name);
}

}  // namespace qos::market
