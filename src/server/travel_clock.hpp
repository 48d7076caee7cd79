// The clock of a world that travels: it shows an instant of the past until somebody looks at that world, and
// goes on from there at its speed. It never passes the present.
//
// Threads: any may call anything; reach() is the market thread's of the world.
#pragma once

#include <atomic>
#include <string_view>

#include "core/result.hpp"
#include "io/clock.hpp"

namespace qos::server {

// Seconds of the past in one of ours, in thousandths. 0: as fast as the journal is read.
struct TravelSpeed {
  std::int64_t thousandths = 1'000;

  // "10", "0.5", "max". An error says what was expected.
  static Result<TravelSpeed> parse(std::string_view text);

  friend bool operator==(const TravelSpeed&, const TravelSpeed&) = default;
};

// Where a world begins, and how it goes on.
struct Journey {
  UnixNanos at;
  TravelSpeed speed;

  friend bool operator==(const Journey&, const Journey&) = default;
};

class TravelClock final : public io::Clock {
 public:
  // `present` must outlive this.
  TravelClock(io::Clock& present, const Journey& journey) : present_{present}, journey_{journey} {}

  // From now on it goes. Once is enough.
  void start();
  bool started() const { return started_.load(std::memory_order_acquire) != kNotYet; }
  // As fast as the journal is read, the clock is where the journal is.
  bool follows() const { return journey_.speed.thousandths == 0; }
  void reach(UnixNanos received);

  UnixNanos now() const override;
  SteadyTime steady_now() const override { return present_.steady_now(); }
  bool wait_until(SteadyTime deadline, const std::stop_token& stop) override {
    return present_.wait_until(deadline, stop);
  }
  // When now() will be `t`, a day ahead at the most.
  SteadyTime due(UnixNanos t) const;

 private:
  static constexpr std::int64_t kNotYet = INT64_MIN;

  io::Clock& present_;
  Journey journey_;
  std::atomic<std::int64_t> started_{kNotYet};  // steady time of the start
  std::atomic<std::int64_t> reached_{kNotYet};  // while it follows
};

}  // namespace qos::server
