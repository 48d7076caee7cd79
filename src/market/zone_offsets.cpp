#include "market/zone_offsets.hpp"

#include <date/tz.h>

#include <algorithm>
#include <string>

#include "market/plain_text.hpp"

namespace qos::market {
namespace {

constexpr std::chrono::sys_seconds start_of(std::chrono::year year) {
  return std::chrono::sys_days{year / std::chrono::January / 1};
}

}  // namespace

Result<ZoneOffsets> ZoneOffsets::load(std::string_view zone) {
  constexpr auto from = start_of(kFirstZoneYear);
  constexpr auto to = start_of(kLastZoneYear + std::chrono::years{1});
  ZoneOffsets result;
  try {
    const date::time_zone* found = date::locate_zone(std::string{zone});
    for (auto t = from; t < to;) {
      const date::sys_info info = found->get_info(t);
      // Some entries of the database change only the name of the time; they are one stretch for us.
      if (result.stretches_.empty() || result.stretches_.back().offset != info.offset)
        result.stretches_.push_back({.begin = std::max(t, from), .offset = info.offset});
      t = info.end;
    }
  } catch (const std::exception& error) {
    return fail("the system's time zone database has no zone {} ({})", shown(zone), error.what());
  }
  return result;
}

UnixNanos ZoneOffsets::to_utc(LocalSeconds local) const {
  const auto after = std::upper_bound(stretches_.begin(), stretches_.end(), local,
                                      [](LocalSeconds at, const Stretch& s) { return at < s.local_begin(); });
  if (stretches_.empty()) return UnixNanos{local.time_since_epoch()};
  auto stretch = after == stretches_.begin() ? after : after - 1;
  // Clocks went back at the start of this stretch: the earlier stretch may have shown the same reading
  // before.
  if (stretch != stretches_.begin() &&
      local.time_since_epoch() - (stretch - 1)->offset < stretch->begin.time_since_epoch())
    --stretch;
  std::chrono::sys_seconds utc{local.time_since_epoch() - stretch->offset};
  // Clocks went forward past this reading at the end of the stretch.
  if (stretch + 1 != stretches_.end()) utc = std::min(utc, (stretch + 1)->begin);
  return utc;
}

LocalSeconds ZoneOffsets::to_local(UnixNanos t) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
  const auto after =
      std::upper_bound(stretches_.begin(), stretches_.end(), seconds,
                       [](std::chrono::sys_seconds at, const Stretch& s) { return at < s.begin; });
  if (stretches_.empty()) return LocalSeconds{seconds.time_since_epoch()};
  const auto stretch = after == stretches_.begin() ? after : after - 1;
  return LocalSeconds{seconds.time_since_epoch() + stretch->offset};
}

}  // namespace qos::market
