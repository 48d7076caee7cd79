#include "market/price_map.hpp"

#include <limits>
#include <utility>

#include "core/result.hpp"

namespace qos::market {
namespace {

namespace mp = boost::multiprecision;

// Longer ones are left as they are: they share little, and the search for it costs more than it saves.
constexpr unsigned kReducedBits = 128;

constexpr int kMostShift = 96;
constexpr int kScaleBits = 62;
constexpr unsigned kOffsetBits = 124;
constexpr unsigned kSmallBits = 60;
constexpr unsigned kSmallOffsetBits = 120;

unsigned bits_of(const BigInteger& value) {
  return value.is_zero() ? 0 : static_cast<unsigned>(mp::msb(mp::abs(value))) + 1;
}

// The quotient is rounded down, below zero too; the denominator is above 0.
struct Divided {
  BigInteger quotient;
  BigInteger rest;
};
Divided divided(const BigInteger& numerator, const BigInteger& denominator) {
  Divided out;
  mp::divide_qr(numerator, denominator, out.quotient, out.rest);
  if (out.rest < 0) --out.quotient;
  return out;
}

BigInteger floor_of(const BigInteger& numerator, const BigInteger& denominator) {
  return divided(numerator, denominator).quotient;
}

BigInteger big(Int128 value) {
  return BigInteger{value};
}

// value within +-2^126.
Int128 narrow(const BigInteger& value) {
  return value.convert_to<Int128>();
}

}  // namespace

ExactMap::ExactMap(BigInteger a, BigInteger b, BigInteger d)
    : a_{std::move(a)}, b_{std::move(b)}, d_{std::move(d)} {
  QOS_ASSERT(a_ > 0 && d_ > 0);
  if (bits_of(a_) > kReducedBits || bits_of(d_) > kReducedBits || bits_of(b_) > kReducedBits) return;
  const BigInteger size_of_b = mp::abs(b_);
  const BigInteger common_of_two = mp::gcd(a_, d_);
  const BigInteger common = mp::gcd(common_of_two, size_of_b);
  if (common == 1) return;
  a_ /= common;
  b_ /= common;
  d_ /= common;
}

ExactMap ExactMap::then(const ExactMap& next) const {
  if (b_.is_zero() && next.b_.is_zero()) return {a_ * next.a_, 0, d_ * next.d_};
  return {a_ * next.a_, next.a_ * b_ + next.b_ * d_, d_ * next.d_};
}

ExactMap ExactMap::inverse() const {
  return {d_, -b_, a_};
}

Int128 ExactMap::round(Int128 x, std::int64_t step) const {
  constexpr Int128 kMost = std::numeric_limits<Int128>::max();
  constexpr Int128 kLeast = std::numeric_limits<Int128>::min();
  const BigInteger unit = d_ * step;
  const BigInteger steps = floor_of(2 * (a_ * big(x) + b_) + unit, 2 * unit);
  const BigInteger value = steps * step;
  if (value > big(kMost)) return kMost / step * step;
  if (value < big(kLeast)) return kLeast / step * step;
  return value.convert_to<Int128>();
}

std::string decimal_text(const BigInteger& numerator, const BigInteger& denominator, int places,
                         Zeros zeros) {
  BigInteger scaled = numerator;
  for (int place = 0; place < places; ++place) scaled *= 10U;
  const BigInteger rounded = floor_of(2 * scaled + denominator, 2 * denominator);
  std::string digits = BigInteger{mp::abs(rounded)}.str();
  const auto width = static_cast<std::size_t>(places);
  if (digits.size() <= width) digits.insert(0, width + 1 - digits.size(), '0');
  digits.insert(digits.size() - width, 1, '.');
  if (zeros == Zeros::trimmed) digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.ends_with('.')) digits.pop_back();
  return (rounded < 0 ? "-" : "") + digits;
}

FastMap::FastMap(const ExactMap& exact) : identity_{exact.identity()} {
  const auto a_bits = static_cast<int>(bits_of(exact.a()));
  const auto d_bits = static_cast<int>(bits_of(exact.d()));
  // a / d is below 2^(a_bits - d_bits + 1).
  const int shift = std::min(kMostShift, kScaleBits - (a_bits - d_bits + 1));
  if (shift > 0) {
    const auto places = static_cast<unsigned>(shift);
    const Divided scale = divided(exact.a() << places, exact.d());
    const Divided offset =
        exact.b().is_zero() ? Divided{0, 0} : divided(exact.b() * (BigInteger{1} << places), exact.d());
    if (bits_of(offset.quotient) <= kOffsetBits) {
      shift_ = shift;
      // |x| + 1 units of 2^-shift.
      error_below_one_ =
          shift < 63 ? (std::int64_t{1} << shift) - 1 : std::numeric_limits<std::int64_t>::max();
      scale_ = static_cast<std::int64_t>(narrow(scale.quotient));
      offset_ = narrow(offset.quotient);
      exact_ = scale.rest == 0 && offset.rest == 0;
    }
  }
  small_ = bits_of(exact.a()) <= kSmallBits && bits_of(exact.d()) <= kSmallBits &&
           bits_of(exact.b()) <= kSmallOffsetBits;
  if (small_) {
    a_ = static_cast<std::int64_t>(narrow(exact.a()));
    d_ = static_cast<std::int64_t>(narrow(exact.d()));
    b_ = narrow(exact.b());
  }
}

std::optional<std::int64_t> FastMap::round_near_tie(std::int64_t x, const Grid& grid) const {
  const Int128 half = Int128{grid.step()} << (shift_ - 1);
  const Int128 value = Int128{scale_} * x + offset_ + half;
  const Int128 whole = value >> shift_;
  const auto narrow = static_cast<std::int64_t>(whole);
  if (narrow != whole) return std::nullopt;
  const std::int64_t rest = grid.rest_of(narrow);
  const Int128 above = (Int128{rest} << shift_) + (value - (whole << shift_));
  const Int128 below = (Int128{grid.step()} << shift_) - above;
  const Int128 error = x < 0 ? -Int128{x} : Int128{x};
  std::int64_t out = 0;
  if (above >= error && below > error && !__builtin_sub_overflow(narrow, rest, &out)) return out;
  return round_small(x, grid);
}

std::optional<std::int64_t> FastMap::round_small(std::int64_t x, const Grid& grid) const {
  constexpr Int128 kMost = std::numeric_limits<std::int64_t>::max();
  if (!small_) return std::nullopt;
  const Int128 unit = 2 * Int128{d_} * grid.step();
  if (unit > kMost) return std::nullopt;
  // Within 2^124 + 2^121 + 2^63.
  const Int128 doubled = 2 * (Int128{a_} * x + b_) + unit / 2;
  // A division of 128 bits costs several of 64.
  const auto narrow_unit = static_cast<std::int64_t>(unit);
  const auto narrow = static_cast<std::int64_t>(doubled);
  Int128 steps = narrow == doubled ? Int128{narrow / narrow_unit} : doubled / unit;
  if (steps * unit > doubled) --steps;
  const Int128 value = steps * grid.step();
  const auto out = static_cast<std::int64_t>(value);
  if (out != value) return std::nullopt;
  return out;
}

}  // namespace qos::market
