// When the trading days of one calendar open, told by the ticks of its clock: most ticks cost one comparison.
//
// Thread: the market thread's.
#pragma once

#include <optional>

#include "market/session_calendar.hpp"

namespace qos::state {

class DayClock {
 public:
  // `calendar` must outlive the clock.
  explicit DayClock(const market::SessionCalendar& calendar) : calendar_{&calendar} {}
  // The calendar has changed: this is it now.
  void reset(const market::SessionCalendar& calendar) {
    calendar_ = &calendar;
    next_open_ = UnixNanos::min();
  }

  // Start (local midnight of the date) of the latest trading day whose first regular session is open at `now`
  // or was, where no earlier call has said so of it or a later one; nullopt: no day has opened since. Days
  // that passed between two calls are skipped.
  std::optional<UnixNanos> day_opened_by(UnixNanos now);
  // The day said last; UnixNanos::min(): none yet.
  UnixNanos opened_day() const { return told_; }
  void set_opened_day(UnixNanos day) { told_ = day; }

 private:
  // nullopt: a date without regular trading.
  std::optional<UnixNanos> open_of(market::Date date) const;

  const market::SessionCalendar* calendar_;
  UnixNanos next_open_ = UnixNanos::min();
  UnixNanos told_ = UnixNanos::min();  // the day said last
};

}  // namespace qos::state
