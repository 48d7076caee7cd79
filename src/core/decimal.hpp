// Decimal text to scaled integers and back, exactly. No floating point, no locale, no exponent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qos {

// __int128 is an extension of the compilers we use; sums of size and turnover need its range.
__extension__ using Int128 = __int128;

// A plain decimal ("-12.50", "7", never "+7", ".5", "5.", "1e3", " 1") times 10^digits. nullopt if the text
// is anything else, has a non-zero digit past `digits` decimals, or does not fit. digits: 0 to 18.
std::optional<std::int64_t> parse_scaled(std::string_view text, int digits);
std::optional<Int128> parse_scaled128(std::string_view text, int digits);

// The shortest exact decimal of value / 10^digits, with at least `min_decimals` decimals:
// (21050, 2, 0) -> "210.5", (21050, 2, 2) -> "210.50". digits: 0 to 36; min_decimals <= digits.
void append_scaled(std::string& out, Int128 value, int digits, int min_decimals = 0);

void append_integer(std::string& out, std::int64_t value);

// How many decimals a plain decimal is written with: "0.10" -> 2, "1" -> 0. The text must have passed
// parse_scaled.
int decimals_in(std::string_view text);

}  // namespace qos
