// WebSocket framing (RFC 6455, section 5): the server's frames out, the client's messages in.
//
// Thread: the loop's. Between messages a reader holds no memory beside itself.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/ws/close_code.hpp"
#include "api/ws/deflate.hpp"

namespace qos::api::ws {

enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xA
};

inline constexpr std::size_t kMaxControlPayload = 125;

// Packed: what the extension permessage-deflate makes of a message (RFC 7692, section 6).
enum class Payload : std::uint8_t { as_it_is, packed };

// A whole unfragmented, unmasked frame's header; the payload of `payload_size` bytes must follow.
void append_frame_header(std::string& out, Opcode opcode, std::size_t payload_size,
                         Payload payload = Payload::as_it_is);

// --- of whole frames of append_frame_header() ---
// What one carries.
std::string_view payload_of(std::string_view frame);
Opcode opcode_of(std::string_view frame);
bool is_packed(std::string_view frame);
// A text or a binary message.
bool carries_message(std::string_view frame);
// The first of several that lie one behind the other.
std::string_view first_frame(std::string_view frames);

std::string make_control_frame(Opcode opcode, std::string_view payload);
// The reason is cut to what a control frame holds.
std::string make_close_frame(CloseCode code, std::string_view reason);

// Receives what a client sent. Views are valid during the call.
class MessageHandler {
 public:
  virtual ~MessageHandler() = default;
  virtual void on_text(std::string_view text) = 0;  // checked UTF-8
  virtual void on_binary(std::string_view bytes) = 0;
  virtual void on_ping(std::string_view payload) = 0;
  virtual void on_pong(std::string_view payload) = 0;
  // nullopt: the frame carried no code. A code that may not be sent is a Violation instead.
  virtual void on_close(std::optional<std::uint16_t> code) = 0;
  // Whether to go on: false stops the reader before the next frame, and what follows is discarded.
  virtual bool goes_on() const = 0;
};

// What a client did that ends the connection.
struct Violation {
  CloseCode code;
  const char* reason;

  friend bool operator==(const Violation&, const Violation&) = default;
};

class MessageReader {
 public:
  // `inflater`: for messages that come packed; nullptr: none may. `max_message_bytes` is what one may have,
  // packed or not.
  explicit MessageReader(std::size_t max_message_bytes, Inflater* inflater = nullptr)
      : max_message_bytes_{max_message_bytes}, inflater_{inflater} {}

  // Takes all of `bytes`, however the stream was cut, and unmasks them in place. After a Violation the reader
  // must not be used again.
  std::optional<Violation> read(std::span<char> bytes, MessageHandler& handler);

 private:
  std::optional<Violation> take_header(std::span<char>& bytes);
  std::optional<Violation> check_header();
  std::optional<Violation> check_reserved_bits();
  std::optional<Violation> take_payload(std::span<char>& bytes, MessageHandler& handler);
  std::optional<Violation> finish_control(std::string_view payload, MessageHandler& handler);
  std::optional<Violation> finish_message(std::string_view payload, MessageHandler& handler);
  void unmask(std::span<char> bytes);
  bool is_control() const { return (static_cast<std::uint8_t>(opcode_) & 0x8U) != 0; }
  std::size_t header_bytes_needed() const;

  std::size_t max_message_bytes_;
  Inflater* inflater_;
  std::string message_;          // the fragments of a message so far, or part of its only frame
  std::string control_;          // part of a control frame, which may stand between fragments
  std::uint64_t remaining_ = 0;  // payload bytes of the current frame that are still to come
  std::array<std::uint8_t, 14> header_{};
  std::array<std::uint8_t, 4> mask_{};
  std::uint8_t header_size_ = 0;  // bytes of header_ that have come
  std::uint8_t mask_position_ = 0;
  Opcode opcode_ = Opcode::continuation;  // of the current frame
  std::optional<Opcode> message_opcode_;  // text or binary, while a message is under way
  bool final_ = false;                    // of the current frame
  bool packed_ = false;                   // of the message that is under way
  bool in_payload_ = false;
};

}  // namespace qos::api::ws
