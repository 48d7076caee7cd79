// The only source of time. Handed in, so that tests and recordings own the clock.
#pragma once

#include <stop_token>

#include "core/time.hpp"

namespace qos::io {

// Any thread may call.
class Clock {
 public:
  virtual ~Clock() = default;
  // The world's time, for stamps and calendars.
  virtual UnixNanos now() const = 0;
  // For waiting and time-outs.
  virtual SteadyTime steady_now() const = 0;
  // Waits until steady_now() >= deadline. False if stop was requested first.
  virtual bool wait_until(SteadyTime deadline, const std::stop_token& stop) = 0;
};

Clock& system_clock();

}  // namespace qos::io
