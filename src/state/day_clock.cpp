#include "state/day_clock.hpp"

namespace qos::state {

std::optional<UnixNanos> DayClock::day_opened_by(UnixNanos now) {
  if (now < next_open_) return std::nullopt;
  auto date = calendar_->trading_date_of(now);
  // Its night, pre-market or opening auction may have begun, and its regular session not.
  while (date && open_of(*date).value_or(UnixNanos::max()) > now)
    date = calendar_->previous_trading_date(*date);
  // Before all that the calendar knows, or after it: time tells it nothing.
  if (!date) return std::nullopt;
  auto next = calendar_->next_trading_date(*date);
  while (next && !open_of(*next)) next = calendar_->next_trading_date(*next);
  next_open_ = next ? *open_of(*next) : UnixNanos::max();
  const UnixNanos day = calendar_->local_midnight(*date);
  if (day <= told_) return std::nullopt;
  told_ = day;
  return day;
}

std::optional<UnixNanos> DayClock::open_of(market::Date date) const {
  const auto hours = calendar_->regular_of(date);
  if (hours.empty()) return std::nullopt;
  return hours.front().open;
}

}  // namespace qos::state
