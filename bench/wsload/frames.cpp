#include "frames.hpp"

#include <charconv>
#include <cstring>

namespace qos::bench {

std::string client_frame(unsigned opcode, std::string_view payload, std::uint32_t key) {
  std::string frame(1, static_cast<char>(0x80U | opcode));
  const auto size = payload.size();
  int length_bytes = 0;
  if (size < 126) {
    frame += static_cast<char>(0x80U | size);
  } else {
    length_bytes = size < 65'536 ? 2 : 8;
    frame += static_cast<char>(0x80U | (length_bytes == 2 ? 126U : 127U));
  }
  for (int i = length_bytes - 1; i >= 0; --i) frame += static_cast<char>(std::uint64_t{size} >> (8 * i));
  char mask[4];
  std::memcpy(mask, &key, sizeof mask);
  frame.append(mask, sizeof mask);
  for (std::size_t i = 0; i < size; ++i) frame += static_cast<char>(payload[i] ^ mask[i & 3U]);
  return frame;
}

std::optional<std::uint64_t> stamp_at(const char* at, const char* end) {
  std::uint64_t whole = 0;
  const auto [after, fault] = std::from_chars(at, end, whole);
  if (fault != std::errc{}) return std::nullopt;
  if (after == end || *after != '.') return whole;
  std::uint64_t nanos = 0;
  int digits = 0;
  for (const char* digit = after + 1; digit < end && *digit >= '0' && *digit <= '9' && digits < 9;
       ++digit, ++digits)
    nanos = nanos * 10 + static_cast<std::uint64_t>(*digit - '0');
  for (; digits < 9; ++digits) nanos *= 10;
  return whole * 1'000'000'000 + nanos;
}

}  // namespace qos::bench
