// Whether two K-lines say the same of the market, whoever made them.
#pragma once

#include "event/kline.hpp"

namespace qos {

// Prices, volume and turnover; not the trade count, which imports lack, nor the revision.
inline bool same_values(const Kline& a, const Kline& b) {
  return a.open == b.open && a.high == b.high && a.low == b.low && a.close == b.close &&
         a.volume == b.volume && a.turnover == b.turnover;
}

}  // namespace qos
