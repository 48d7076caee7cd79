#include "archive/float_decimal.hpp"

namespace qos::archive {
namespace {

constexpr int kFractionBits = 23;
constexpr std::uint32_t kFractionMask = (1U << kFractionBits) - 1;
constexpr std::uint32_t kExponentMask = 0xFF;
// Exponent of the fraction taken as an integer: bias 127 and its 23 bits.
constexpr int kBias = 127 + kFractionBits;
// 24 bits shifted further would pass 2^63.
constexpr int kMaxShiftUp = 63 - kFractionBits - 1;
// Below this the product of fraction (24 bits) and scale (30 bits) is less than a half.
constexpr int kVanishes = 56;

}  // namespace

std::optional<RoundedFloat> round_float(std::uint32_t bits, std::int64_t scale) {
  const auto exponent_bits = (bits >> kFractionBits) & kExponentMask;
  const auto fraction_bits = bits & kFractionMask;
  if (exponent_bits == kExponentMask) return std::nullopt;  // infinite or not a number
  if (exponent_bits == 0 && fraction_bits == 0) return RoundedFloat{.scaled = 0, .meant = true};
  if (bits >> 31U != 0) return std::nullopt;

  const bool normal = exponent_bits != 0;
  const Int128 product = Int128{normal ? fraction_bits | (1U << kFractionBits) : fraction_bits} * scale;
  const int exponent = static_cast<int>(normal ? exponent_bits : 1) - kBias;
  if (exponent > kMaxShiftUp) return std::nullopt;
  if (exponent >= 0) return RoundedFloat{.scaled = product << exponent, .meant = true};

  const int shift = -exponent;
  if (shift > kVanishes) return RoundedFloat{.scaled = 0, .meant = false};
  const Int128 rounded = (product + (Int128{1} << (shift - 1))) >> shift;
  const Int128 distance = product - (rounded << shift);
  // One unit in the last place of the float is `scale` in units of the product. The nearest float lies within
  // a half of it, and arithmetic of the vendor's may have been one off.
  return RoundedFloat{.scaled = rounded, .meant = (distance < 0 ? -distance : distance) * 2 <= scale * 3};
}

}  // namespace qos::archive
