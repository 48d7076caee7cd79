// Two clocks that only move when told: the wall's may jump either way, the steady one never.
#pragma once

#include "io/clock.hpp"

namespace qos::simulation {

// Thread: the simulation's only one.
class SimClock final : public io::Clock {
 public:
  explicit SimClock(UnixNanos start) : now_{start} {}

  UnixNanos now() const override { return now_; }
  SteadyTime steady_now() const override { return steady_; }
  // Nobody can wait: there is no other thread that would move the clock.
  bool wait_until(SteadyTime, const std::stop_token&) override { return false; }

  void advance(std::chrono::nanoseconds step) {
    now_ += step;
    steady_ += step;
    passed_ += step;
  }
  void jump(std::chrono::nanoseconds step) { now_ += step; }
  std::chrono::nanoseconds passed() const { return passed_; }

 private:
  UnixNanos now_;
  SteadyTime steady_{};
  std::chrono::nanoseconds passed_{};
};

}  // namespace qos::simulation
