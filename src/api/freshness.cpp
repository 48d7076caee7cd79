#include "api/freshness.hpp"

#include <set>
#include <utility>

namespace qos::api {
namespace {

std::unexpected<ApiError> stale(market::Market market, UnixNanos heard, UnixNanos now,
                                std::chrono::seconds limit) {
  if (heard == UnixNanos{})
    return std::unexpected{make_error(
        ErrorKind::not_ready, fmt::format("{} is in session and nothing was heard yet", text_of(market)))};
  const auto silence = std::chrono::floor<std::chrono::seconds>(now - heard);
  return std::unexpected{
      make_error(ErrorKind::not_ready, fmt::format("{} is in session and silent for {} s, strict allows {} s",
                                                   text_of(market), silence.count(), limit.count()))};
}

}  // namespace

Answer<void> fresh_if_strict(const RequestObject& request, const std::vector<RequestedCode>& codes,
                             const Services& services) {
  auto strict = request.flag("strict", false);
  if (!strict) return passed_on(strict);
  if (!*strict || services.stale_after == std::chrono::seconds{0}) return {};
  const UnixNanos now = services.clock.now();
  // Instruments of one market may keep different hours (indices): look once at each pair.
  std::set<std::pair<market::Market, CalendarId>> looked;
  for (const auto& [instrument, spelling] : codes) {
    const auto market = instrument->code.market;
    if (!looked.emplace(market, instrument->calendar).second) continue;
    const UnixNanos heard = services.health.last_heard(market);
    if (now - heard <= services.stale_after) continue;
    if (!services.calendars.at(instrument->calendar).session_at(now))
      continue;  // silence is what one expects
    return stale(market, heard, now, services.stale_after);
  }
  return {};
}

}  // namespace qos::api
