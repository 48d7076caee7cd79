// Prices and amounts that a vendor stored as IEEE 754 floats, made exact decimals again. Integers only, so
// the same bits give the same decimal on every machine.
#pragma once

#include <cstdint>
#include <optional>

#include "core/decimal.hpp"

namespace qos::archive {

struct RoundedFloat {
  Int128 scaled = 0;  // the float times the scale, rounded half up
  // Whether a decimal of that scale can have been meant: it lies within one and a half units in the last
  // place of the float. False where the float holds more decimals than the scale has.
  bool meant = false;
};

// `bits` of a binary32, `scale` 1 to 10^9. nullopt: negative, not a number, infinite or 2^63 and more.
std::optional<RoundedFloat> round_float(std::uint32_t bits, std::int64_t scale);

}  // namespace qos::archive
