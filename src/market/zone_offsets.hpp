// Local time of one zone to UTC and back. Reads the system's tz database once, when loaded; afterwards it is
// a short immutable table that any thread may read.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"

namespace qos::market {

// A wall clock's reading without its zone: whole seconds since 1970-01-01 00:00 on that clock.
using LocalSeconds = std::chrono::local_seconds;

// The years a zone is known for. The tz database's files list every switch up to 2037; what comes after is a
// rule that our time zone library does not read.
inline constexpr std::chrono::year kFirstZoneYear{1970};
inline constexpr std::chrono::year kLastZoneYear{2037};

class ZoneOffsets {
 public:
  ZoneOffsets() = default;  // UTC
  // `zone` is an IANA name: "America/New_York".
  static Result<ZoneOffsets> load(std::string_view zone);

  // A reading that comes twice (clocks set back) is the first of the two; one that never comes (clocks set
  // forward) is the moment of the switch.
  UnixNanos to_utc(LocalSeconds local) const;
  LocalSeconds to_local(UnixNanos t) const;  // rounded down to the second

 private:
  // From `begin` (UTC) until the next stretch, local time is UTC + offset.
  struct Stretch {
    std::chrono::sys_seconds begin;
    std::chrono::seconds offset;
    LocalSeconds local_begin() const { return LocalSeconds{begin.time_since_epoch() + offset}; }
  };

  std::vector<Stretch> stretches_;  // in time order; the first also holds for all time before it
};

}  // namespace qos::market
