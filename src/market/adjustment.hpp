// Adjusted prices: what a K-line's prices are on the scale of another date. Raw K-lines are stored; this is
// applied on reading. Exact: rationals until one rounding, half up, to the instrument's price scale at the
// end. (market rules, section 4.)
//
// Forward (a:1): prices before an ex-date are mapped to the scale of the latest. Backward (a:2): prices from
// an ex-date on are mapped to the scale of the first.
// ratio: multiply by the product of factors, factor = ex-right reference price / previous close.
// subtract: the linear chain of Chinese desktop software: p -> (p - cash + rights * rights price) /
// (shares after one before), ex-date by ex-date.
// Shares after one before are split * (1 + bonus + rights); the ex-right reference is the previous close, so
// mapped. Volumes go the other way by split * (1 + bonus), the shares that come without being paid for;
// turnover stays.
//
// The price scale of an instrument is its finest tick's: TickRule::decimals(), so 2 places in Shanghai and
// Shenzhen, 4 in the US, 3 in Hong Kong. Volumes are rounded, half up too, to Instrument::volume_decimals.
// What nothing happened to stays as it is, on that scale or not. Past the ends of a price the result is the
// last price on the scale.
//
// Threads: immutable once made.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "event/kline.hpp"
#include "market/corporate_action.hpp"
#include "market/instrument.hpp"

namespace qos::market {

enum class AdjustmentMethod : std::uint8_t { ratio, subtract };
enum class AdjustmentDirection : std::uint8_t { none = 0, forward = 1, backward = 2 };  // the wire's a

// One ex-date with everything that a client needs to check us.
struct AdjustmentStep {
  CorporateAction action;
  std::optional<Price> previous_close;  // nullopt: no close is known before the date
  std::string reference_price;          // ex-right reference, decimal of up to 18 places; empty: not known
  std::string factor;                   // ratio: of this step, decimal with 18 places; empty: left out
  std::string forward_factor;           // ratio: product of the factors from this date on, 18 places
  std::string backward_factor;          // ratio: 1 / product of the factors up to and with this date
  std::string volume_factor;            // split * (1 + bonus), up to 18 places; empty: left out
  // Why the step does not count, a sentence's part: cash above the close, a close that is not known (a split
  // or bonus needs none), a ratio that is none. Empty: it counts.
  std::string left_out;
};

class Adjustment {
 public:
  // `actions` by rising ex-date. `close_before` answers the raw close of the last day K-line before a date;
  // used where an action does not bring its own, asked once for each date; empty: none is known. Actions
  // after `as_of` (the latest known trading date) do not count yet and have no step.
  using CloseBefore = std::function<std::optional<Price>(Date)>;
  static Adjustment make(std::span<const CorporateAction> actions, AdjustmentMethod method, Date as_of,
                         const CloseBefore& close_before);

  bool empty() const;                             // nothing to adjust in either direction
  std::span<const AdjustmentStep> steps() const;  // by rising ex-date

  // `date` is the K-line's trading date. For week, month and year adjust the days and fold those.
  Kline apply(const Kline& kline, Date date, AdjustmentDirection direction,
              const Instrument& instrument) const;
  Price apply(Price price, Date date, AdjustmentDirection direction, const Instrument& instrument) const;

  struct Impl;

 private:
  std::shared_ptr<const Impl> impl_;
};

}  // namespace qos::market
