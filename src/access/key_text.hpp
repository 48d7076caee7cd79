// A key as clients carry it (32 hex digits) and as it is kept (SHA-256 of them).
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace qos::access {

inline constexpr std::size_t kKeyDigits = 32;    // 128 random bits
inline constexpr std::size_t kPrefixDigits = 6;  // shown to tell keys apart; leaves 104 bits to guess

using KeyHash = std::array<std::byte, 32>;

// For hash tables. The hash is already evenly spread, so eight of its bytes are enough.
struct KeyHashBits {
  std::size_t operator()(const KeyHash& hash) const noexcept {
    std::size_t bits;
    std::memcpy(&bits, hash.data(), sizeof bits);
    return bits;
  }
};

// 32 lower-case hex digits from the system's random source.
Result<std::string> random_key();

// SHA-256 of the key's 32 digits in lower case, so `printf %s KEY | sha256sum` gives the same. nullopt if the
// text is anything but 32 hex digits of either case. Any thread.
std::optional<KeyHash> hash_key(std::string_view key);

}  // namespace qos::access
