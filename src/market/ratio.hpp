// How many for one: shares of a split, a bonus or a rights issue, as an exact fraction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qos::market {

// A positive or zero fraction, reduced. 7:1 is {7, 1}, one for three {1, 3}, "0.3" {3, 10}.
struct Ratio {
  std::int64_t numerator = 0;
  std::int64_t denominator = 1;

  // "7", "0.35", "1/3", "7:1"; nullopt for anything else, or what does not fit.
  static std::optional<Ratio> parse(std::string_view text);
  // Decimal where it is finite with at most 9 places, else "1/3". parse() reads it back.
  std::string to_string() const;
  // Whether it is what parse() may give: not negative, above a denominator of at least 1. Members set by hand
  // need not be reduced.
  bool valid() const { return numerator >= 0 && denominator >= 1; }

  friend bool operator==(const Ratio&, const Ratio&) = default;
};

// The exact sum and product of two valid ones; nullopt: does not fit.
std::optional<Ratio> sum_of(const Ratio& a, const Ratio& b);
std::optional<Ratio> product_of(const Ratio& a, const Ratio& b);

}  // namespace qos::market
