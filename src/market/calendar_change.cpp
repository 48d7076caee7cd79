// An operator's word about one date, as a row and as an event.
#include <array>
#include <utility>

#include "market/calendar_rules.hpp"

namespace qos::market {
namespace {

using namespace std::chrono;
using Kind = CalendarChange::Kind;

constexpr std::array<std::pair<Kind, DayRow::Kind>, 4> kKinds{{
    {Kind::closed, DayRow::Kind::closed},
    {Kind::half, DayRow::Kind::half},
    {Kind::partial, DayRow::Kind::partial},
    {Kind::full, DayRow::Kind::full},
}};

std::int16_t to_event(const std::optional<DayMinutes>& time) {
  return time ? static_cast<std::int16_t>(time->count()) : CalendarChange::kAsUsual;
}

// What parse_day_minutes() can say: from the midnight before to the one after.
Result<std::optional<DayMinutes>> from_event(std::int16_t time) {
  if (time == CalendarChange::kAsUsual) return std::nullopt;
  if (minutes{time} < -days{1} || minutes{time} > days{1})
    return fail("{} minutes from midnight are more than a day", time);
  return minutes{time};
}

}  // namespace

CalendarChange change_to(CalendarId calendar, sys_days date, const DayRow* row, UnixNanos ts_event) {
  CalendarChange change{.calendar = calendar,
                        .kind = Kind::by_rule,
                        .date = static_cast<std::int32_t>(date.time_since_epoch().count()),
                        .ts_event = ts_event};
  if (row == nullptr) return change;
  for (const auto& [event, kind] : kKinds) {
    if (kind == row->kind) change.kind = event;
  }
  change.open = to_event(row->open);
  change.close = to_event(row->close);
  return change;
}

Result<std::optional<DayRow>> day_row_of(const CalendarChange& change) {
  if (change.kind == Kind::by_rule) return std::nullopt;
  DayRow row;
  bool known = false;
  for (const auto& [event, kind] : kKinds) {
    if (event != change.kind) continue;
    row.kind = kind;
    known = true;
  }
  if (!known) return fail("{} is no kind of day", static_cast<int>(change.kind));
  const auto open = from_event(change.open);
  if (!open) return std::unexpected{open.error()};
  const auto close = from_event(change.close);
  if (!close) return std::unexpected{close.error()};
  row.open = *open;
  row.close = *close;
  if (const auto checked = check_day_row(row); !checked) return std::unexpected{checked.error()};
  return row;
}

}  // namespace qos::market
