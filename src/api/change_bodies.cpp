#include "api/change_bodies.hpp"

namespace qos::api {

std::uint64_t number_of(const state::Numbers& numbers, channel::ChannelKey key) {
  switch (key.topic) {
    case channel::Topic::snapshot:
      return numbers.snapshot;
    case channel::Topic::trade:
      return numbers.trade;
    case channel::Topic::depth:
      return numbers.depth;
    case channel::Topic::kline:
      break;
  }
  if (key.variant == channel::kSessionMinutes) return numbers.session_minutes;
  return key.variant < channel::kExtendedKlines ? 0 : numbers.klines[key.variant - channel::kExtendedKlines];
}

}  // namespace qos::api
