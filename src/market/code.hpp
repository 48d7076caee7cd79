// Codes as clients spell them: MARKET:SYMBOL, several symbols joined by commas, markets mixed.
// (QOS protocol, section 1.)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "market/market.hpp"

namespace qos::market {

// One instrument, one spelling: HK without leading zeros (700), US in upper case with a point (BRK.B), SH and
// SZ with six digits.
struct Code {
  Market market = Market::US;
  std::string symbol;

  std::string to_string() const;  // "HK:700"
  friend bool operator==(const Code&, const Code&) = default;
};

struct SpelledCode {
  Code code;
  std::string
      spelling;  // "HK:00700", as the client asked; answers and pushes repeat it. [A-Za-z0-9:./_-] only.

  friend bool operator==(const SpelledCode&, const SpelledCode&) = default;
};

// The longest symbol accepted, bytes.
inline constexpr std::size_t kMaxSymbol = 32;
// The most codes one string may list: more than any market has, and no more memory than a request is worth.
inline constexpr std::size_t kMaxCodes = 50'000;

// One string of a `codes` array: "US:AAPL, TSLA,HK:700" -> US:AAPL, US:TSLA, HK:700, in order, duplicates
// kept. Spaces around a part are ignored. An error names the offending part and says what a code
// looks like; it may hold any printable character of the part, quotes too.
Result<std::vector<SpelledCode>> parse_codes(std::string_view text);

// Exactly one code.
Result<SpelledCode> parse_code(std::string_view text);

}  // namespace qos::market

template <>
struct std::hash<qos::market::Code> {
  std::size_t operator()(const qos::market::Code& code) const noexcept {
    return std::hash<std::string>{}(code.symbol) * 31 + static_cast<std::size_t>(code.market);
  }
};
