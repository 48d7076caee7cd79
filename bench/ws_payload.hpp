// The push that every program but the product itself sends: one best bid and ask, 172 bytes of JSON, so 176
// with a WebSocket header. The bid's size is the time of the update in nanoseconds of CLOCK_MONOTONIC.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "bench_codes.hpp"

namespace qos::bench {

inline constexpr std::size_t kStampDigits = 19;

inline std::string ws_payload(std::size_t instrument) {
  return fmt::format(
      R"({{"tp":"D","c":"{}","b":[{{"p":"100000.12345","v":"{:0{}}"}}],"a":[{{"p":"100001.12345","v":"12345678.12345678"}}],"ts":1790000000}})",
      bench_code(instrument), 0, kStampDigits);
}

// Where the stamp stands in it.
inline std::size_t stamp_place(std::string_view payload) {
  constexpr std::string_view kMember = R"("v":")";
  return payload.find(kMember) + kMember.size();
}

inline void write_stamp(char* place, std::uint64_t monotonic_ns) {
  char* digit = place + kStampDigits;
  for (std::size_t i = 0; i < kStampDigits; ++i, monotonic_ns /= 10)
    *--digit = static_cast<char>('0' + monotonic_ns % 10);
}

inline std::uint64_t monotonic_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace qos::bench
