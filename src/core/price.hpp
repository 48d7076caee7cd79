// Exact prices, quantities and their sums. None of them is ever a double; how many decimals are shown belongs
// to the instrument (market/instrument.hpp).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/decimal.hpp"

namespace qos {

// A price as the venue wrote it: an exact decimal, held in billionths of the quote currency.
// Prices may be negative (calendar spreads, power). "No price" is std::optional, not a value.
class Price {
 public:
  static constexpr int kDigits = 9;
  static constexpr std::int64_t kScale = 1'000'000'000;

  constexpr Price() = default;
  static constexpr Price from_raw(std::int64_t billionths) { return Price{billionths}; }
  // "101.25" -> 101.25 exactly; nullopt for anything but a plain decimal that fits.
  static std::optional<Price> parse(std::string_view decimal);

  constexpr std::int64_t raw() const { return raw_; }
  // Shortest exact decimal: "101.25".
  std::string to_string() const;

  friend constexpr auto operator<=>(const Price&, const Price&) = default;

 private:
  constexpr explicit Price(std::int64_t raw) : raw_{raw} {}
  std::int64_t raw_ = 0;
};

// A size of one trade, order or level: shares, coins, ounces, in hundred-millionths. Never negative when it
// comes from a feed. Up to 92 billion; a day's sum is a Volume.
class Quantity {
 public:
  static constexpr int kDigits = 8;
  static constexpr std::int64_t kScale = 100'000'000;

  constexpr Quantity() = default;
  static constexpr Quantity from_raw(std::int64_t raw) { return Quantity{raw}; }
  static constexpr Quantity from_units(std::int64_t units) { return Quantity{units * kScale}; }
  static std::optional<Quantity> parse(std::string_view decimal);

  constexpr std::int64_t raw() const { return raw_; }
  std::string to_string() const;

  friend constexpr auto operator<=>(const Quantity&, const Quantity&) = default;

 private:
  constexpr explicit Quantity(std::int64_t raw) : raw_{raw} {}
  std::int64_t raw_ = 0;
};

// A sum of quantities, in the same hundred-millionths, 128 bits wide.
class Volume {
 public:
  static constexpr int kDigits = Quantity::kDigits;

  constexpr Volume() = default;
  constexpr explicit Volume(Quantity quantity) : raw_{quantity.raw()} {}
  static constexpr Volume from_raw(Int128 raw) {
    Volume v;
    v.raw_ = raw;
    return v;
  }
  static std::optional<Volume> parse(std::string_view decimal);

  constexpr Int128 raw() const { return raw_; }
  std::string to_string() const;
  constexpr Volume& operator+=(Volume other) {
    raw_ += other.raw_;
    return *this;
  }
  constexpr Volume& operator-=(Volume other) {
    raw_ -= other.raw_;
    return *this;
  }
  friend constexpr Volume operator+(Volume a, Volume b) { return a += b; }

  friend constexpr auto operator<=>(const Volume&, const Volume&) = default;

 private:
  Int128 raw_ = 0;
};

// A sum of price times quantity, exact: 17 decimals in 128 bits, so up to 1.7e21 units of currency.
class Turnover {
 public:
  static constexpr int kDigits = Price::kDigits + Quantity::kDigits;

  constexpr Turnover() = default;
  constexpr Turnover(Price price, Quantity quantity) : raw_{Int128{price.raw()} * quantity.raw()} {}
  static constexpr Turnover from_raw(Int128 raw) {
    Turnover t;
    t.raw_ = raw;
    return t;
  }
  static std::optional<Turnover> parse(std::string_view decimal);

  constexpr Int128 raw() const { return raw_; }
  std::string to_string() const;
  constexpr Turnover& operator+=(Turnover other) {
    raw_ += other.raw_;
    return *this;
  }
  constexpr Turnover& operator-=(Turnover other) {
    raw_ -= other.raw_;
    return *this;
  }
  friend constexpr Turnover operator+(Turnover a, Turnover b) { return a += b; }

  friend constexpr auto operator<=>(const Turnover&, const Turnover&) = default;

 private:
  Int128 raw_ = 0;
};

}  // namespace qos
