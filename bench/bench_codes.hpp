// How the made-up instruments of the gateway's benches are called, by all programs that take part: one
// length, so that every push has one size.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace qos::bench {

inline constexpr std::string_view kSymbolHead = "QUOTEOCEANBENCHINSTRUMENT";
inline constexpr std::size_t kSymbolDigits = 7;

// 0 -> "CF:QUOTEOCEANBENCHINSTRUMENT0000000"
inline std::string bench_code(std::size_t index) {
  return fmt::format("CF:{}{:0{}}", kSymbolHead, index, kSymbolDigits);
}

// What the programs push, frame header included: a best bid and a best ask, as small as depth gets.
inline constexpr std::size_t kPushBytes = 176;

}  // namespace qos::bench
