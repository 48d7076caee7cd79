#include "feed/simulated/ex_right.hpp"

#include <algorithm>
#include <limits>

namespace qos::feed::simulated {
namespace {

// Ratios here are small whole numbers over small whole numbers, so nothing comes near 128 bits.
struct Fraction {
  Int128 numerator;
  Int128 denominator;
};

// split * (1 + bonus + rights)
Fraction shares_after(const market::CorporateAction& action) {
  const auto& [bonus, rights, split] = std::tie(action.bonus, action.rights, action.split);
  const Int128 denominator = Int128{bonus.denominator} * rights.denominator;
  const Int128 numerator = denominator + Int128{bonus.numerator} * rights.denominator +
                           Int128{rights.numerator} * bonus.denominator;
  return {numerator * split.numerator, denominator * split.denominator};
}

// What holders get for a share besides shares, less what they pay in: the sum leaves the price.
Int128 paid_out(const market::CorporateAction& action) {
  return action.cash.raw() -
         Int128{action.rights_price.raw()} * action.rights.numerator / action.rights.denominator;
}

}  // namespace

Price nearest(const market::TickRule& tick, Int128 raw) {
  constexpr Int128 kMost = std::numeric_limits<std::int64_t>::max() / 2;
  const Price price = Price::from_raw(static_cast<std::int64_t>(std::clamp<Int128>(raw, 1, kMost)));
  const Price step = tick.tick_at(price);
  const Price rounded = tick.round_down(Price::from_raw(price.raw() + step.raw() / 2));
  return rounded.raw() > 0 ? rounded : tick.up(rounded, 1);
}

Price ex_right_reference(const market::CorporateAction& action, Price previous_close,
                         const market::TickRule& tick) {
  const auto [numerator, denominator] = shares_after(action);
  const Int128 left = previous_close.raw() - paid_out(action);
  return nearest(tick, left * denominator / numerator);
}

Price close_before(const market::CorporateAction& action, Price reference, const market::TickRule& tick) {
  const auto [numerator, denominator] = shares_after(action);
  return nearest(tick, Int128{reference.raw()} * numerator / denominator + paid_out(action));
}

}  // namespace qos::feed::simulated
