// Times. Durations are std::chrono's; a date is std::chrono::year_month_day and comes from a session
// calendar, never from a UTC midnight.
#pragma once

#include <chrono>
#include <cstdint>

namespace qos {

// Nanoseconds since 1970-01-01 UTC, without leap seconds. Reaches from 1677 to 2262.
using UnixNanos = std::chrono::sys_time<std::chrono::nanoseconds>;

// Monotonic, for waiting and time-outs only.
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr UnixNanos from_unix_nanos(std::int64_t nanos) {
  return UnixNanos{std::chrono::nanoseconds{nanos}};
}
constexpr UnixNanos from_unix_seconds(std::int64_t s) {
  return UnixNanos{std::chrono::seconds{s}};
}
constexpr std::int64_t unix_nanos(UnixNanos t) {
  return t.time_since_epoch().count();
}

// Whole seconds since the epoch, rounded down; what `ts` is on the wire.
constexpr std::int64_t unix_seconds(UnixNanos t) {
  return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count();
}

}  // namespace qos
