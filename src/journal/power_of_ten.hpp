// Numbers of markets end in zeros: a price with two decimals, held in billionths, in seven. Whoever packs
// them looks for the largest power of ten that divides all of them, and keeps what is left.
//
// Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

namespace qos::journal {

inline constexpr int kPowersOfTen = 19;  // 10^0 to 10^18, all that fit into 63 bits

namespace detail {
struct PowerOfTen {
  std::uint64_t value = 1;
  std::uint64_t inverse_of_five = 1;  // times 5^k is 1, modulo 2^64
  std::uint64_t most = 0;             // the largest quotient there can be
};
constexpr auto powers_of_ten() {
  std::array<PowerOfTen, kPowersOfTen> powers{};
  constexpr std::uint64_t kInverseOfFive = 0xCCCC'CCCC'CCCC'CCCD;
  static_assert(kInverseOfFive * 5 == 1);
  for (std::size_t k = 0; k < powers.size(); ++k) {
    if (k > 0) powers[k] = {powers[k - 1].value * 10, powers[k - 1].inverse_of_five * kInverseOfFive, 0};
    powers[k].most = std::numeric_limits<std::int64_t>::max() / powers[k].value;
  }
  return powers;
}
inline constexpr auto kPowers = powers_of_ten();
}  // namespace detail

constexpr std::uint64_t power_of_ten(int exponent) {
  return detail::kPowers[static_cast<std::size_t>(exponent)].value;
}

// value / 10^exponent, which must divide it: no division is needed for that.
constexpr std::int64_t divide_exactly(std::int64_t value, int exponent) {
  const auto shifted = static_cast<std::uint64_t>(value >> exponent);
  return static_cast<std::int64_t>(shifted *
                                   detail::kPowers[static_cast<std::size_t>(exponent)].inverse_of_five);
}

constexpr bool divides(int exponent, std::int64_t value) {
  if (exponent == 0) return true;
  // If it does not divide it, the "quotient" is some number that is too large, or its product is another.
  const auto& power = detail::kPowers[static_cast<std::size_t>(exponent)];
  const auto quotient = static_cast<std::uint64_t>(divide_exactly(value, exponent));
  return quotient * power.value == static_cast<std::uint64_t>(value) &&
         quotient + power.most <= 2 * power.most;
}

// The largest power of ten that divides all that it was shown.
class CommonPower {
 public:
  constexpr void show(std::int64_t value) {
    while (!divides(exponent_, value)) --exponent_;
  }
  constexpr int exponent() const { return exponent_; }

 private:
  int exponent_ = kPowersOfTen - 1;
};

}  // namespace qos::journal
