// Who of many is told to leave when: evenly over a time, the first at once, nobody after its end. Says only
// how many are due; the caller picks whom.
//
// Thread: that of its owner.
#pragma once

#include <chrono>
#include <cstddef>

#include "core/time.hpp"

namespace qos::api {

class DrainPace {
 public:
  // `over` zero or less: all at once.
  DrainPace(SteadyTime begun, std::chrono::nanoseconds over) : next_{begun}, until_{begun + over} {}

  // How many of the `staying` that have not been told yet are to be told now; they count as told. What is
  // left of the time is shared among those that are left, so it does not matter who comes or goes meanwhile.
  std::size_t take_due(SteadyTime now, std::size_t staying) {
    if (now >= until_) return staying;
    std::size_t due = 0;
    for (; due < staying && next_ <= now; ++due)
      next_ += (until_ - next_) / static_cast<SteadyTime::rep>(staying - due);
    return due;
  }
  SteadyTime until() const { return until_; }

 private:
  SteadyTime next_;
  SteadyTime until_;
};

}  // namespace qos::api
