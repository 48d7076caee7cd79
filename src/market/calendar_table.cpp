#include <limits>

#include "market/session_calendar.hpp"

namespace qos::market {

CalendarId CalendarTable::add(SessionCalendar calendar) {
  QOS_ASSERT(slots_.size() < std::numeric_limits<CalendarId::rep>::max());
  auto slot = std::make_unique<Slot>();
  slot->versions.push_back(std::make_unique<const SessionCalendar>(std::move(calendar)));
  slot->now.store(slot->versions.back().get(), std::memory_order_release);
  slots_.push_back(std::move(slot));
  return CalendarId{static_cast<CalendarId::rep>(slots_.size() - 1)};
}

std::optional<CalendarId> CalendarTable::find(std::string_view name) const {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const CalendarId id{static_cast<CalendarId::rep>(i)};
    if (at(id).name() == name) return id;
  }
  return std::nullopt;
}

Result<void> CalendarTable::change(CalendarId id, const CalendarChange& change) {
  if (id.value() >= slots_.size()) return fail("there is no calendar {}, only {}", id.value(), slots_.size());
  auto changed = at(id).with(change);
  if (!changed) return std::unexpected{changed.error()};
  const Date date{std::chrono::sys_days{std::chrono::days{change.date}}};
  if (changed->same_day(at(id), date)) return {};
  if (changes_ >= kMaxChanges)
    return fail("{} changes of calendars since the start, the most there may be; a restart reads them anew",
                changes_);
  ++changes_;
  Slot& slot = *slots_[id.value()];
  slot.versions.push_back(std::make_unique<const SessionCalendar>(std::move(*changed)));
  slot.now.store(slot.versions.back().get(), std::memory_order_release);
  return {};
}

Result<void> CalendarTable::amend(CalendarId id, const CalendarChange& change) {
  if (id.value() >= slots_.size()) return fail("there is no calendar {}, only {}", id.value(), slots_.size());
  auto changed = at(id).with(change);
  if (!changed) return std::unexpected{changed.error()};
  keep_only(*slots_[id.value()], std::move(*changed));
  return {};
}

void CalendarTable::keep_open(CalendarId id) {
  keep_only(*slots_[id.value()], at(id).always_open());
}

void CalendarTable::keep_only(Slot& slot, SessionCalendar calendar) {
  auto only = std::make_unique<const SessionCalendar>(std::move(calendar));
  slot.now.store(only.get(), std::memory_order_release);
  slot.versions.clear();
  slot.versions.push_back(std::move(only));
}

}  // namespace qos::market
