// The K-lines of one date of a simulated past: a day at once, or its minutes, which fold to the day.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "event/kline.hpp"
#include "feed/simulated/character.hpp"
#include "feed/simulated/options.hpp"
#include "feed/simulated/past_dates.hpp"
#include "feed/simulated/past_walk.hpp"
#include "feed/simulated/random.hpp"
#include "market/instrument.hpp"

namespace qos::feed::simulated {

// Of one instrument. Used by one thread; the instrument must outlive it. What it makes of a date depends on
// the seed, the instrument and the date, never on what was made before.
class PastKlines {
 public:
  // `start` is the price that the character was settled for.
  PastKlines(const market::Instrument& instrument, const Options& options, const Character& character,
             Price start);

  // `minutes`: the length of its regular hours; `midnight`: where a day K-line starts.
  Kline day(const PastDay& day, std::size_t minutes, UnixNanos midnight) const;

  struct Date {
    std::vector<Kline> night;
    std::vector<Kline> pre_market;
    std::vector<Kline> regular;
    std::vector<Kline> after_hours;
  };
  // The regular ones end at the day's close, the extended ones where trading goes on from. A minute without
  // trades is left out.
  Date minutes(const PastDay& day, const MinutesOfDate& minutes) const;

 private:
  struct Leg;
  class Path;

  Random random_of(market::Date date) const;
  std::vector<Kline> walked(const Leg& leg, Random& random) const;
  Price open_of(const PastDay& day, const PriceBounds& bounds, Random& random) const;
  std::int64_t units_at(Price price) const;
  std::int64_t trades_in(int weight, Random& random) const;
  std::int64_t units_of(std::int64_t trades, std::int64_t each, Random& random) const;
  void trade(Kline& kline, std::int64_t units, Random& random) const;
  Kline traded(const Leg& leg, Kline kline, Random& random) const;
  Kline print(UnixNanos start, Price price, Random& random) const;

  const market::Instrument& instrument_;
  const Character character_;
  const std::uint64_t seed_;
  const bool gaps_;                     // prices jump from one day to the next
  const std::int64_t trades_a_minute_;  // in thousandths
  const Price start_;
};

}  // namespace qos::feed::simulated
