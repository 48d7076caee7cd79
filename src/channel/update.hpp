// A push before it is spelled: what the market thread hands to the I/O loops.
#pragma once

#include <cstdint>
#include <string_view>

#include "channel/channel_key.hpp"
#include "core/id.hpp"
#include "core/time.hpp"

namespace qos::channel {

// Where a push stands: behind which event, as which of its channel, and what it tells of.
struct Place {
  // A sequence alone is a place too: of a channel that nobody numbers.
  constexpr Place(Sequence at, std::uint64_t which = 0, std::int64_t of = 0)
      : sequence{at}, number{which}, piece{of} {}

  Sequence sequence;
  std::uint64_t number;  // without a hole, the first of the channel is 1 (state::Numbers)
  // What of its channel it tells the state of: the second a K-line starts in, 0 where a channel is one state.
  // The later of two pushes of one piece says all that the earlier one did. Trades supersede nothing.
  std::int64_t piece;
};

// `body` is what follows the code in the push: everything behind {"tp":"S","c":"HK:700"  (the encoder
// decides).
struct Update {
  ChannelKey key;
  Sequence sequence;
  std::uint64_t number = 0;  // as Place has it
  std::int64_t piece = 0;    // likewise
  UnixNanos received;        // when the event came that it is of; 0: not known
  std::string_view body;     // valid until the next one is taken
};

// Of a push: what it needs to be kept by, and to be superseded.
struct Label {
  ChannelKey key;
  Sequence sequence;
  std::int64_t piece = 0;
};

constexpr bool may_be_superseded(ChannelKey key) {
  return key.topic != Topic::trade;
}

}  // namespace qos::channel
