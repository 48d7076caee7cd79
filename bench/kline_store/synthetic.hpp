// A made market: minutes and days of any number of instruments, the same from the same seed. Prices walk in
// ticks, volumes are skewed and lie in lots, turnover is what trades between low and high add up to.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "store/kline_store.hpp"

namespace qos::bench {

inline constexpr int kMinutesADay = 390;

class Market {
 public:
  Market(std::uint32_t instruments, std::uint64_t seed);

  // The next trading date (weekdays): all minutes of all instruments by instrument, and their days.
  struct Day {
    store::Date date;
    std::vector<store::StoredKline> minutes;
    std::vector<store::StoredKline> days;
  };
  Day next_day();
  // One minute of all instruments, after the dates given so far; each call is the next one.
  std::vector<store::StoredKline> next_minute();

 private:
  struct Walker {
    std::int64_t price;  // ticks
    double restless;     // ticks a minute
    double liquid;       // lots a minute
    std::mt19937_64 random;
  };
  Kline minute(Walker& walker, UnixNanos start);

  std::vector<Walker> walkers_;
  std::chrono::sys_days date_;
  int burst_ = 0;
};

}  // namespace qos::bench
