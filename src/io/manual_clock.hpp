// A clock that only moves when told, for tests and simulations.
#pragma once

#include <condition_variable>
#include <mutex>

#include "io/clock.hpp"

namespace qos::io {

// Any thread may call.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(UnixNanos start) : now_{start} {}

  UnixNanos now() const override {
    const std::scoped_lock lock{mutex_};
    return now_;
  }
  SteadyTime steady_now() const override {
    const std::scoped_lock lock{mutex_};
    return steady_;
  }
  bool wait_until(SteadyTime deadline, const std::stop_token& stop) override {
    std::unique_lock lock{mutex_};
    moved_.wait(lock, stop, [&] { return steady_ >= deadline; });
    return !stop.stop_requested();
  }
  // Both times move by the same step and every waiter looks again.
  void advance(std::chrono::nanoseconds step) {
    {
      const std::scoped_lock lock{mutex_};
      now_ += step;
      steady_ += step;
    }
    moved_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any moved_;
  UnixNanos now_;
  SteadyTime steady_{};
};

}  // namespace qos::io
