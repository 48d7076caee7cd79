#include "market/kline_date.hpp"

namespace qos::market {

Date trading_date_of_kline(const SessionCalendar& calendar, UnixNanos start) {
  if (const auto session = calendar.session_at(start)) return session->trading_date;
  const auto ended = calendar.session_at(start - std::chrono::nanoseconds{1});
  return ended ? ended->trading_date : calendar.local_date(start);
}

}  // namespace qos::market
