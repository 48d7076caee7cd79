// Where something stands in the order of all events.
//
// An epoch is a stretch in which nothing that was published is missing from the journal. It ends where that
// cannot be proven any more: the machine lost power before the last events reached the disk, a repair left
// something out, the journal was taken away. Positions of one epoch say nothing about another.
#pragma once

#include <compare>

#include "core/id.hpp"

namespace qos::journal {

// Microseconds since 1970 when it began, and always more than the one before. Numbers of pushes begin behind
// it (epoch + 1, + 2, …), so one number says its epoch too: that would take a channel more than a million
// pushes a second for as long as its epoch lasts to reach the next.
using Epoch = Id<struct EpochTag, std::uint64_t>;

struct Position {
  Epoch epoch;
  Sequence sequence;

  friend auto operator<=>(const Position&, const Position&) = default;
};

}  // namespace qos::journal
