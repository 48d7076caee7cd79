#include "core/crash_point.hpp"

#include <signal.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>

namespace qos {
namespace {

// Passes that are left until the last one; several threads may come by at once.
constinit std::atomic<std::int64_t> passes_left{0};

}  // namespace

// The signal itself, not an exit: nothing is flushed, no destructor runs, no other thread goes on.
void crash_point_detail::pass() {
  if (passes_left.fetch_sub(1, std::memory_order_relaxed) == 1) ::raise(SIGKILL);
}

Result<void> arm_crash_point(std::string_view text) {
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  const auto place = CrashPoint::place_of(name);
  if (place == kCrashPoints.size()) return fail("there is no crash point '{}'", name);
  std::int64_t count = 1;
  if (colon != std::string_view::npos) {
    const auto number = text.substr(colon + 1);
    const auto* const end = number.data() + number.size();
    const auto [rest, problem] = std::from_chars(number.data(), end, count);
    if (problem != std::errc{} || rest != end || count < 1)
      return fail("crash point {}: '{}' is no count of passes from 1 on", name, number);
  }
  passes_left.store(count, std::memory_order_relaxed);
  crash_point_detail::armed.store(place, std::memory_order_relaxed);
  return {};
}

Result<void> arm_crash_point_of_environment() {
  const char* text = std::getenv("QOS_CRASH_POINT");
  if (text == nullptr) return {};
  if (const auto armed = arm_crash_point(text); !armed) return within("QOS_CRASH_POINT", armed.error());
  return {};
}

}  // namespace qos
