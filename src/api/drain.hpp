// One loop's share of a drain: its connections are asked to leave one after another, evenly over the time
// that the farewell allows, in an order that favours nobody; who is still there when patience ends is cut
// off.
//
// Thread: the loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <span>

#include "api/connection.hpp"
#include "api/drain_pace.hpp"
#include "api/server.hpp"

namespace qos::api {

class Drain {
 public:
  // `seed`: another one for each loop. The same connections then leave in the same order.
  Drain(const Farewell& farewell, SteadyTime now, std::uint32_t seed)
      : pace_{now, farewell.over}, cut_at_{now + farewell.over + farewell.patience}, random_{seed} {}

  // Asks those to leave whose time has come; called at the beginning and with every tick.
  void step(std::span<const std::unique_ptr<Connection>> connections, SteadyTime now,
            ServerCounters& counters);

 private:
  DrainPace pace_;
  SteadyTime cut_at_;
  std::minstd_rand random_;
};

}  // namespace qos::api
