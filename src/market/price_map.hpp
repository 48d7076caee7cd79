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

  // The multiple of `grid` (above 0) next to the value at x, of two equally near ones the upper: half up.
  // What does not fit becomes the nearest multiple that does.
  Int128 round(Int128 x, std::int64_t grid) const;

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

class FastMap {
 public:
  FastMap() = default;  // x -> x
  explicit FastMap(const ExactMap& exact);

  bool identity() const { return identity_; }

  // As ExactMap::round, where that can be told: nullopt for about one value in 2^40, and for very large ones.
  std::optional<std::int64_t> round(std::int64_t x, std::int64_t grid) const {
    // True is scale x + offset + an error in (-|x|, |x| + 1), all in units of 2^-shift.
    if (shift_ > 0) {
      const Int128 half = Int128{grid} << (shift_ - 1);
      const Int128 value = Int128{scale_} * x + offset_ + half;
      const Int128 whole = value >> shift_;
      const auto narrow = static_cast<std::int64_t>(whole);
      if (narrow != whole) return std::nullopt;
      std::int64_t rest = narrow % grid;
      if (rest < 0) rest += grid;
      const Int128 above = (Int128{rest} << shift_) + (value - (whole << shift_));
      const Int128 error = x < 0 ? -Int128{x} : Int128{x};
      const Int128 below = (Int128{grid} << shift_) - above;
      std::int64_t out = 0;
      if (above >= error && below > error && !__builtin_sub_overflow(narrow, rest, &out)) return out;
    }
    return round_small(x, grid);
  }

 private:
  // Exact, where a, b and d are small: halves and quarters are ties too often to be left to BigInteger.
  std::optional<std::int64_t> round_small(std::int64_t x, std::int64_t grid) const;

  bool identity_ = true;
  bool small_ = false;
  int shift_ = 0;           // 1 to 96; 0: no such form
  std::int64_t scale_ = 0;  // a / d times 2^shift, rounded down; below 2^62
  Int128 offset_ = 0;       // b / d times 2^shift, rounded down; within 2^124
  std::int64_t a_ = 1;      // if small_: below 2^60
  std::int64_t d_ = 1;      // likewise
  Int128 b_ = 0;            // if small_: within 2^120
};

}  // namespace qos::market
