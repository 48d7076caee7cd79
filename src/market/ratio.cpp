#include "market/ratio.hpp"

#include <algorithm>
#include <limits>

#include "core/decimal.hpp"

namespace qos::market {
namespace {

constexpr int kDecimalPlaces = 18;  // of a decimal that is read
constexpr int kShortPlaces = 9;     // of one that is written

Int128 common_divisor(Int128 a, Int128 b) {
  while (b != 0) {
    const Int128 rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

// numerator >= 0, denominator > 0.
std::optional<Ratio> reduced(Int128 numerator, Int128 denominator) {
  constexpr Int128 kMost = std::numeric_limits<std::int64_t>::max();
  const Int128 divisor = common_divisor(numerator, denominator);
  numerator /= divisor;
  denominator /= divisor;
  if (numerator > kMost || denominator > kMost) return std::nullopt;
  return Ratio{static_cast<std::int64_t>(numerator), static_cast<std::int64_t>(denominator)};
}

// A whole number, digits alone.
std::optional<std::int64_t> whole(std::string_view text) {
  if (text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return parse_scaled(text, 0);
}

}  // namespace

std::optional<Ratio> Ratio::parse(std::string_view text) {
  if (const auto middle = text.find_first_of("/:"); middle != std::string_view::npos) {
    const auto above = whole(text.substr(0, middle));
    const auto below = whole(text.substr(middle + 1));
    if (!above || !below || *below == 0) return std::nullopt;
    return reduced(*above, *below);
  }
  const auto scaled = parse_scaled128(text, kDecimalPlaces);
  if (text.starts_with('-') || !scaled) return std::nullopt;
  return reduced(*scaled, Int128{1'000'000'000} * 1'000'000'000);
}

std::string Ratio::to_string() const {
  Int128 places = 1;
  for (int i = 0; i < kShortPlaces; ++i) places *= 10;
  std::string out;
  if (denominator > 0 && places % denominator == 0) {
    append_scaled(out, places / denominator * numerator, kShortPlaces);
  } else {
    append_integer(out, numerator);
    out += '/';
    append_integer(out, denominator);
  }
  return out;
}

std::optional<Ratio> product_of(const Ratio& a, const Ratio& b) {
  return reduced(Int128{a.numerator} * b.numerator, Int128{a.denominator} * b.denominator);
}

std::optional<Ratio> sum_of(const Ratio& a, const Ratio& b) {
  // Each product has at most 126 bits, so the sum has at most 127.
  return reduced(Int128{a.numerator} * b.denominator + Int128{b.numerator} * a.denominator,
                 Int128{a.denominator} * b.denominator);
}

}  // namespace qos::market
