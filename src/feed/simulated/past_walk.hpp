// The closes of a simulated past, day by day, with the corporate actions among them. The price walks at
// random: backwards from the price at which live trading begins, or onwards from the last close that is
// known.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/price.hpp"
#include "feed/simulated/random.hpp"
#include "market/corporate_action.hpp"
#include "market/instrument.hpp"
#include "market/session_calendar.hpp"

namespace qos::feed::simulated {

struct PastDay {
  market::Date date;
  Price open_from;  // where the walk stands when the date begins: the reference, or the last close known
  Price reference;  // what the date is quoted against: the close before, ex-right
  Price close;      // of the told part of the date

  friend bool operator==(const PastDay&, const PastDay&) = default;
};

// A date to walk over.
struct WalkDate {
  market::Date date;
  int share = 1'000;  // of its regular hours, in thousandths: what is told. 0: the price stands still
};

// What happens to the instrument on some of the dates, rising; empty for most. Cash and rights price are
// still open (0), as they depend on the price: walk_back() settles them. It depends on the seed, the
// instrument and the dates alone.
struct PlannedAction {
  std::size_t place = 0;  // among the dates
  market::CorporateAction action;
  bool pays_cash = false;
};
std::vector<PlannedAction> plan_actions(const market::Instrument& instrument, std::uint64_t seed,
                                        std::span<const WalkDate> dates);

struct WalkedPast {
  std::vector<PastDay> days;  // of every date, rising
  std::vector<market::CorporateAction> actions;
};

// The last day closes at `end`. A planned action that the price cannot bear (a few ticks) is left out.
WalkedPast walk_back(const market::Instrument& instrument, std::span<const WalkDate> dates, Price end,
                     std::span<const PlannedAction> planned, Random random);

// The first day goes on at `from`; it is quoted against `reference`, the days after it against the close
// before.
std::vector<PastDay> walk_on(const market::Instrument& instrument, std::span<const WalkDate> dates,
                             Price from, Price reference, Random random);

}  // namespace qos::feed::simulated
