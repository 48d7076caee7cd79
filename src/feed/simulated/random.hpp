// Reproducible chance: integers only, so that a seed gives the same market on every machine and compiler (the
// standard library's distributions promise no such thing).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "core/decimal.hpp"

namespace qos::feed::simulated {

// Scrambles all 64 bits (Stafford's variant 13 of the MurmurHash3 finaliser).
constexpr std::uint64_t scramble(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

// FNV-1a: what an instrument's stream is seeded with besides the seed.
constexpr std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return scramble(hash);
}

// -log2(0.5 + i/512) in 2^-32 steps, found by squaring: log2(x) doubles when x is squared, and its integer
// part is a bit of the result.
constexpr std::array<std::uint64_t, 257> make_log2_table() {
  std::array<std::uint64_t, 257> table{};
  for (std::uint64_t i = 0; i <= 256; ++i) {
    std::uint64_t x = (256 + i) << 23;  // [1, 2] in 2^-31 steps
    std::uint64_t log = 0;
    for (int bit = 0; bit < 32 && i < 256; ++bit) {
      x = (x * x) >> 31;
      log <<= 1;
      if (x >= (std::uint64_t{1} << 32)) {
        x >>= 1;
        log |= 1;
      }
    }
    table[i] = i == 256 ? 0 : (std::uint64_t{1} << 32) - log;
  }
  return table;
}
inline constexpr std::array<std::uint64_t, 257> kMinusLog2 = make_log2_table();

// A SplitMix64 sequence.
class Random {
 public:
  constexpr explicit Random(std::uint64_t seed) : state_{seed} {}

  constexpr std::uint64_t next() { return scramble(state_ += 0x9e3779b97f4a7c15U); }

  // 0 <= result < bound, bound > 0.
  constexpr std::int64_t below(std::int64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::int64_t>((Wide{next()} * static_cast<std::uint64_t>(bound)) >> 64);
  }

  // True `parts` times in a million.
  constexpr bool chance(std::int64_t parts) { return below(1'000'000) < parts; }

  // A waiting time with this mean, as between calls of a Poisson process; at most 64 ln 2 times the mean.
  constexpr std::int64_t waiting(std::int64_t mean) {
    const std::uint64_t u = next() | 1;
    const int zeros = std::countl_zero(u);
    const std::uint64_t mantissa = u << zeros;  // [2^63, 2^64): 0.5 to 1
    const auto slot = static_cast<std::size_t>((mantissa >> 55) & 0xff);
    const std::uint64_t part = (mantissa >> 39) & 0xffff;
    const std::uint64_t fraction =
        (kMinusLog2[slot] * (0x10000 - part) + kMinusLog2[slot + 1] * part) >> 16;  // -log2 of 0.5 to 1
    const std::uint64_t minus_log2 = (static_cast<std::uint64_t>(zeros) << 32) + fraction;
    constexpr std::uint64_t kLn2 = 2'977'044'472;  // ln 2 in 2^-32 steps
    const Int128 minus_ln = (Int128{minus_log2} * kLn2) >> 32;
    return static_cast<std::int64_t>((minus_ln * mean) >> 32);
  }

 private:
  std::uint64_t state_;
};

// About normally distributed around 0 with this standard deviation; at most three times it, either way.
constexpr std::int64_t normal(Random& random, std::int64_t deviation) {
  constexpr std::uint64_t kMask = (1U << 21) - 1;
  const std::uint64_t bits = random.next();
  const std::uint64_t sum = (bits & kMask) + ((bits >> 21) & kMask) + ((bits >> 42) & kMask);
  // The sum of three uniform draws from 0 to 2^21 has the mean 3 * 2^20 and the deviation 2^20.
  const std::int64_t drawn = static_cast<std::int64_t>(sum) - 3 * (std::int64_t{1} << 20);
  return static_cast<std::int64_t>((Int128{drawn} * deviation) >> 20);
}

}  // namespace qos::feed::simulated
