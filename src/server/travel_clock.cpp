#include "server/travel_clock.hpp"

#include <algorithm>

#include "core/decimal.hpp"

namespace qos::server {
namespace {

constexpr std::int64_t kFastest = 1'000'000'000;
constexpr std::chrono::nanoseconds kFarthest = std::chrono::hours{24};

std::int64_t nanos_of(SteadyTime t) {
  return std::chrono::nanoseconds{t.time_since_epoch()}.count();
}

}  // namespace

Result<TravelSpeed> TravelSpeed::parse(std::string_view text) {
  if (text == "max") return TravelSpeed{.thousandths = 0};
  const auto thousandths = parse_scaled(text, 3);
  if (!thousandths || *thousandths <= 0 || *thousandths > kFastest)
    return fail("speed '{}': expected max or a decimal above 0, at most {}, with at most 3 decimals",
                text.substr(0, 32), kFastest / 1'000);
  return TravelSpeed{.thousandths = *thousandths};
}

void TravelClock::start() {
  auto expected = kNotYet;
  started_.compare_exchange_strong(expected, nanos_of(present_.steady_now()), std::memory_order_acq_rel);
}

void TravelClock::reach(UnixNanos received) {
  reached_.store(unix_nanos(received), std::memory_order_release);
}

UnixNanos TravelClock::now() const {
  const auto started = started_.load(std::memory_order_acquire);
  if (started == kNotYet) return journey_.at;
  const Int128 at = unix_nanos(journey_.at);
  const Int128 elapsed = nanos_of(present_.steady_now()) - started;
  const Int128 there = follows() ? Int128{reached_.load(std::memory_order_acquire)}
                                 : at + elapsed * journey_.speed.thousandths / 1'000;
  const Int128 present = unix_nanos(present_.now());
  return from_unix_nanos(static_cast<std::int64_t>(std::clamp(there, at, std::max(at, present))));
}

SteadyTime TravelClock::due(UnixNanos t) const {
  const auto now = present_.steady_now();
  const auto started = started_.load(std::memory_order_acquire);
  if (started == kNotYet || follows()) return now;
  const Int128 speed = journey_.speed.thousandths;
  const Int128 ahead = Int128{unix_nanos(t)} - unix_nanos(journey_.at);
  const Int128 wait = (ahead * 1'000 + speed - 1) / speed - (nanos_of(now) - started);
  const auto bounded = std::clamp(wait, Int128{0}, Int128{kFarthest.count()});
  return now + std::chrono::nanoseconds{static_cast<std::int64_t>(bounded)};
}

}  // namespace qos::server
