// What a corporate action makes of a price, there and back, on the grid of a simulated instrument.
#pragma once

#include "core/price.hpp"
#include "market/corporate_action.hpp"
#include "market/tick_rule.hpp"

namespace qos::feed::simulated {

// The grid price nearest to `raw` billionths (the upper one in the middle), at least one tick.
Price nearest(const market::TickRule& tick, Int128 raw);

// The ex-right reference price: (close - cash + rights * rights price) / (shares after one before), to the
// nearest grid price.
Price ex_right_reference(const market::CorporateAction& action, Price previous_close,
                         const market::TickRule& tick);

// The close before the ex-date that leads to about this reference price.
Price close_before(const market::CorporateAction& action, Price reference, const market::TickRule& tick);

}  // namespace qos::feed::simulated
