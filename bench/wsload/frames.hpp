// The little of RFC 6455 that a client needs which only counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qos::bench {

// The sample nonce of RFC 6455 and its answer: enough to see that the peer did the handshake.
inline constexpr std::string_view kNonce = "dGhlIHNhbXBsZSBub25jZQ==";
inline constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

inline constexpr unsigned kText = 1;
inline constexpr unsigned kClose = 8;
inline constexpr unsigned kPing = 9;
inline constexpr unsigned kPong = 10;

// A masked frame, as clients must send it.
std::string client_frame(unsigned opcode, std::string_view payload, std::uint32_t key);

// What stands before a payload.
struct FrameHead {
  unsigned opcode = 0;
  bool final = false;
  bool valid = false;     // no reserved bits, not masked: as a server must send it
  std::size_t bytes = 0;  // of the head itself
  std::uint64_t payload = 0;
};

// nullopt: not all of it has come.
inline std::optional<FrameHead> frame_head(const char* at, std::size_t size) {
  const auto* b = reinterpret_cast<const unsigned char*>(at);
  if (size < 2) return std::nullopt;
  FrameHead head{.opcode = b[0] & 15U,
                 .final = (b[0] & 0x80U) != 0,
                 .valid = (b[0] & 0x70U) == 0 && (b[1] & 0x80U) == 0,
                 .bytes = 2,
                 .payload = b[1] & 127U};
  const std::size_t length_bytes = head.payload == 126 ? 2 : head.payload == 127 ? 8 : 0;
  if (length_bytes == 0) return head;
  head.bytes += length_bytes;
  if (size < head.bytes) return std::nullopt;
  head.payload = 0;
  for (std::size_t i = 2; i < head.bytes; ++i) head.payload = head.payload << 8U | b[i];
  return head;
}

// A time as messages carry it: nanoseconds, or seconds with a point ("33012.25" is 33012250000000).
// nullopt: no number stands there.
std::optional<std::uint64_t> stamp_at(const char* at, const char* end);

}  // namespace qos::bench
