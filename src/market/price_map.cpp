#include "market/price_map.hpp"

#include <limits>
#include <utility>

#include "core/result.hpp"

namespace qos::market {
namespace {

namespace mp = boost::multiprecision;

// Longer ones are left as they are: they share little, and the search for it costs more than it saves.
constexpr unsigned kReducedBits = 256;

constexpr int kMostShift = 96;
constexpr int kScaleBits = 62;
constexpr unsigned kOffsetBits = 124;
constexpr unsigned kSmallBits = 60;
constexpr unsigned kSmallOffsetBits = 120;

unsigned bits_of(const BigInteger& value) {
  return value.is_zero() ? 0 : static_cast<unsigned>(mp::msb(mp::abs(value))) + 1;
}

// Rounds down, below zero too; the denominator is above 0.
BigInteger floor_of(const BigInteger& numerator, const BigInteger& denominator) {
  BigInteger quotient;
  BigInteger rest;
  mp::divide_qr(numerator, denominator, quotient, rest);
  if (rest < 0) --quotient;
  return quotient;
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
  return {a_ * next.a_, next.a_ * b_ + next.b_ * d_, d_ * next.d_};
}

ExactMap ExactMap::inverse() const {
  return {d_, -b_, a_};
}

Int128 ExactMap::round(Int128 x, std::int64_t grid) const {
  constexpr Int128 kMost = std::numeric_limits<Int128>::max();
  constexpr Int128 kLeast = std::numeric_limits<Int128>::min();
  const BigInteger unit = d_ * grid;
  const BigInteger steps = floor_of(2 * (a_ * big(x) + b_) + unit, 2 * unit);
  const BigInteger value = steps * grid;
  if (value > big(kMost)) return kMost / grid * grid;
  if (value < big(kLeast)) return kLeast / grid * grid;
  return value.convert_to<Int128>();
}

std::string decimal_text(const BigInteger& numerator, const BigInteger& denominator, int places,
                         Zeros zeros) {
  const BigInteger scaled = numerator * mp::pow(BigInteger{10}, static_cast<unsigned>(places));
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
    const BigInteger offset =
        exact.b().is_zero() ? BigInteger{0} : floor_of(exact.b() * (BigInteger{1} << places), exact.d());
    if (bits_of(offset) <= kOffsetBits) {
      shift_ = shift;
      scale_ = static_cast<std::int64_t>(narrow((exact.a() << places) / exact.d()));
      offset_ = narrow(offset);
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

std::optional<std::int64_t> FastMap::round_small(std::int64_t x, std::int64_t grid) const {
  constexpr Int128 kMost = std::numeric_limits<std::int64_t>::max();
  if (!small_) return std::nullopt;
  const Int128 unit = 2 * Int128{d_} * grid;
  if (unit > kMost) return std::nullopt;
  // Within 2^124 + 2^121 + 2^63.
  const Int128 doubled = 2 * (Int128{a_} * x + b_) + unit / 2;
  Int128 steps = doubled / unit;
  if (doubled % unit < 0) --steps;
  const Int128 value = steps * grid;
  const auto out = static_cast<std::int64_t>(value);
  if (out != value) return std::nullopt;
  return out;
}

}  // namespace qos::market
