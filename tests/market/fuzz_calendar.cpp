// A market's two files, in one input split at a 0 byte: any text is refused in one sentence or makes a
// calendar whose sessions are in order.
#include <cstdint>
#include <string_view>

#include "market/session_calendar.hpp"

using namespace qos::market;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto split = text.find('\0');
  const auto rows = split == std::string_view::npos ? std::string_view{} : text.substr(split + 1);
  const auto calendar = SessionCalendar::load(
      {.rules_name = "fuzz.toml", .rules = text.substr(0, split), .rows_name = "fuzz.csv", .rows = rows});
  if (!calendar) {
    QOS_ASSERT(calendar.error().message.starts_with("fuzz."));
    return 0;
  }
  qos::UnixNanos last{};
  auto date = calendar->previous_trading_date(
      Date{std::chrono::sys_days{calendar->horizon()} + std::chrono::days{1}});
  for (int days = 0; date && days < 20; ++days, date = calendar->previous_trading_date(*date)) {
    const auto sessions = calendar->sessions_of(*date);
    QOS_ASSERT(!sessions.empty() && !calendar->regular_of(*date).empty());
    QOS_ASSERT(days == 0 || sessions.back().close <= last);
    for (const Session& session : sessions) {
      QOS_ASSERT(session.open < session.close && calendar->session_at(session.open) == session);
      QOS_ASSERT(calendar->trading_date_of(session.open) == *date);
    }
    last = sessions.front().open;
  }
  return 0;
}
