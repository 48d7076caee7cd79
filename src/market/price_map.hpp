// x -> (a x + b) / d in whole numbers, rounded once: what adjustment does to a price in billionths or to a
// volume. ExactMap is the definition, of any size; FastMap gives the same in a few nanoseconds, or says that
// it cannot.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "core/decimal.hpp"

namespace qos::market {

using BigInteger = boost::multiprecision::cpp_int;

// Values; a and d stay above 0.
class ExactMap {
 public:
  ExactMap() = default;  // x -> x
  ExactMap(BigInteger a, BigInteger b, BigInteger d);

  ExactMap then(const ExactMap& next) const;  // x -> next(this(x))
  ExactMap inverse() const;
  bool identity() const { return a_ == d_ && b_ == 0; }

  // The multiple of `step` (above 0) next to the value at x, of two equally near ones the upper: half up.
  // What does not fit becomes the nearest multiple that does.
  Int128 round(Int128 x, std::int64_t step) const;

  const BigInteger& a() const { return a_; }
  const BigInteger& b() const { return b_; }
  const BigInteger& d() const { return d_; }

 private:
  BigInteger a_{1};
  BigInteger b_{0};
  BigInteger d_{1};
};

// numerator / denominator (above 0) as a decimal, half up at `places`: "0.500". Trimmed: "0.5".
enum class Zeros : std::uint8_t { kept, trimmed };
std::string decimal_text(const BigInteger& numerator, const BigInteger& denominator, int places, Zeros zeros);

// What results are multiples of, with what it takes to divide by it without a division.
class Grid {
 public:
  constexpr explicit Grid(std::int64_t step)  // a power of ten
      : step_{step}, reciprocal_{~std::uint64_t{0} / static_cast<std::uint64_t>(step)} {}

  constexpr std::int64_t step() const { return step_; }
  // How far the value lies above the multiple at or below it.
  std::int64_t rest_of(std::int64_t value) const {
    // The quotient so found may be too small, and below zero too large, by 1 or 2.
    const auto quotient = static_cast<std::int64_t>((Int128{value} * reciprocal_) >> 64);
    auto rest = static_cast<std::int64_t>(value - Int128{quotient} * step_);
    while (rest >= step_) rest -= step_;
    while (rest < 0) rest += step_;
    return rest;
  }

 private:
  std::int64_t step_;
  std::uint64_t reciprocal_;  // 2^64 / step, rounded down; of 1 the largest there is
};

class FastMap {
 public:
  FastMap() = default;  // x -> x
  explicit FastMap(const ExactMap& exact);

  bool identity() const { return identity_; }

  // As ExactMap::round, where that can be told: nullopt for about one value in 2^40, and for very large ones.
  std::optional<std::int64_t> round(std::int64_t x, const Grid& grid) const {
    if (shift_ == 0) return round_small(x, grid);
    // True is scale x + offset + an error in (-|x|, |x| + 1), all in units of 2^-shift.
    const Int128 value = Int128{scale_} * x + offset_;
    const auto whole = static_cast<std::int64_t>(value >> shift_);
    std::int64_t up = 0;
    std::int64_t out = 0;
    if (whole != value >> shift_ || __builtin_add_overflow(whole, grid.step() / 2, &up)) return std::nullopt;
    const std::int64_t rest = grid.rest_of(up);
    if (__builtin_sub_overflow(up, rest, &out)) return std::nullopt;
    // No error, or one below one billionth, which cannot reach the next tie. (All steps but 1 are even.)
    if (exact_ && grid.step() > 1) return out;
    if (rest >= 1 && rest < grid.step() - 1 && -error_below_one_ < x && x < error_below_one_) return out;
    return round_near_tie(x, grid);
  }

 private:
  // Exact, where a, b and d are small: halves and quarters are ties too often to be left to BigInteger.
  std::optional<std::int64_t> round_small(std::int64_t x, const Grid& grid) const;
  // With the error as large as it may be.
  std::optional<std::int64_t> round_near_tie(std::int64_t x, const Grid& grid) const;

  Int128 offset_ = 0;                 // b / d times 2^shift, rounded down; within 2^124
  std::int64_t scale_ = 0;            // a / d times 2^shift, rounded down; below 2^62
  std::int64_t error_below_one_ = 0;  // so far from 0 does x leave an error of less than 1
  int shift_ = 0;                     // 1 to 96; 0: no such form
  bool identity_ = true;
  bool small_ = false;
  bool exact_ = false;  // nothing was rounded down: d is a power of two, or b / d and a / d whole
  std::int64_t a_ = 1;  // if small_: below 2^60
  std::int64_t d_ = 1;  // likewise
  Int128 b_ = 0;        // if small_: within 2^120
};

}  // namespace qos::market
