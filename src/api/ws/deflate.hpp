// Messages made smaller and larger again, as permessage-deflate has it (RFC 7692, section 7.2).
//
// Both streams take memory when they are first used. Thread: of one loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "api/ws/close_code.hpp"

namespace qos::api::ws {

// The window and the hash table of zlib's. What is sent is short and much alike: a larger window finds little
// more, and what a message costs is the clearing of the hash table above all. A stream takes
// 2^(window + 2) + 2^(memory + 9) bytes and about 6 KB beside: 38 KB.
inline constexpr int kWindowBits = 12;
inline constexpr int kDeflateMemory = 5;
// zlib makes no smaller window.
inline constexpr int kLeastWindowBits = 9;

class Deflater {
 public:
  // Whether a message is told in terms of those before it.
  enum class Context : std::uint8_t { kept, none };

  explicit Deflater(Context context, int window_bits = kWindowBits);
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  // Appends what a frame carries of the message. With a context, what was appended must be sent, in this
  // order.
  void append(std::string& out, std::string_view message);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;  // nullptr: nothing was packed so far
  Context context_;
  std::uint8_t window_bits_;
};

// Of messages without a context, of any window.
class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // The message that frames carried `packed` of; valid until the next call. Else the code to close with:
  // invalid_text of what is no such stream, message_too_big as soon as more than `most` bytes come out.
  std::expected<std::string_view, CloseCode> inflate(std::string_view packed, std::size_t most);

 private:
  struct Stream;
  // How the stream stands behind what was taken of it.
  enum class Stands : std::uint8_t { inside_block, between_blocks, ended };
  std::expected<Stands, CloseCode> take(std::string_view part, std::size_t most);

  std::unique_ptr<Stream> stream_;
  std::string message_;
};

}  // namespace qos::api::ws
