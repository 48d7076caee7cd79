#include "api/ws/frame.hpp"

#include <simdjson.h>

#include <algorithm>

namespace qos::api::ws {
namespace {

constexpr std::uint8_t kFinalBit = 0x80;
constexpr std::uint8_t kPackedBit = 0x40;
constexpr std::uint8_t kOtherReservedBits = 0x30;
constexpr std::uint8_t kMaskBit = 0x80;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;

Violation broken(const char* reason) {
  return {CloseCode::protocol_error, reason};
}

bool is_known(std::uint8_t opcode) {
  return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xA);
}

bool is_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

// What may stand in a close frame: RFC 6455, section 7.4, and the codes registered since.
bool may_be_sent(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace

void append_frame_header(std::string& out, Opcode opcode, std::size_t payload_size, Payload payload) {
  const auto put = [&out](std::uint64_t byte) { out.push_back(static_cast<char>(byte & 0xFFU)); };
  const std::uint8_t packed = payload == Payload::packed ? kPackedBit : 0;
  put(static_cast<std::uint8_t>(kFinalBit | packed | static_cast<std::uint8_t>(opcode)));
  if (payload_size < kLength16) return put(payload_size);
  const int bytes = payload_size <= 0xFFFF ? 2 : 8;
  put(bytes == 2 ? kLength16 : kLength64);
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) put(std::uint64_t{payload_size} >> shift);
}

std::string_view payload_of(std::string_view frame) {
  const auto length = static_cast<std::uint8_t>(frame[1]);
  return frame.substr(length < kLength16 ? 2 : length == kLength16 ? 4 : 10);
}

Opcode opcode_of(std::string_view frame) {
  return static_cast<Opcode>(static_cast<std::uint8_t>(frame[0]) & 0x0FU);
}

bool is_packed(std::string_view frame) {
  return (static_cast<std::uint8_t>(frame[0]) & kPackedBit) != 0;
}

bool carries_message(std::string_view frame) {
  return opcode_of(frame) == Opcode::text || opcode_of(frame) == Opcode::binary;
}

std::string_view first_frame(std::string_view frames) {
  const std::size_t header = frames.size() - payload_of(frames).size();
  if (header == 2) return frames.substr(0, header + static_cast<std::uint8_t>(frames[1]));
  std::uint64_t payload = 0;
  for (std::size_t at = 2; at < header; ++at) payload = payload << 8U | static_cast<std::uint8_t>(frames[at]);
  return frames.substr(0, header + payload);
}

std::string make_control_frame(Opcode opcode, std::string_view payload) {
  std::string out;
  append_frame_header(out, opcode, payload.size());
  return out.append(payload);
}

std::string make_close_frame(CloseCode code, std::string_view reason) {
  const auto number = static_cast<std::uint16_t>(code);
  std::string payload{static_cast<char>(number >> 8U), static_cast<char>(number & 0xFFU)};
  payload += reason.substr(0, kMaxControlPayload - 2);
  return make_control_frame(Opcode::close, payload);
}

std::optional<Violation> MessageReader::read(std::span<char> bytes, MessageHandler& handler) {
  // A frame without payload is finished by its header: it needs a step more, not a byte more.
  while (handler.goes_on() && (!bytes.empty() || (in_payload_ && remaining_ == 0))) {
    const auto violation = in_payload_ ? take_payload(bytes, handler) : take_header(bytes);
    if (violation) return violation;
  }
  return std::nullopt;
}

std::size_t MessageReader::header_bytes_needed() const {
  if (header_size_ < 2) return 2;
  const std::uint8_t length = header_[1] & 0x7FU;
  return 2U + (length == kLength64 ? 8U : length == kLength16 ? 2U : 0U) + mask_.size();
}

std::optional<Violation> MessageReader::take_header(std::span<char>& bytes) {
  while (header_size_ < header_bytes_needed() && !bytes.empty()) {
    header_[header_size_++] = static_cast<std::uint8_t>(bytes.front());
    bytes = bytes.subspan(1);
    // What is wrong in the first two bytes is said before more is waited for.
    if (header_size_ == 2 && (header_[1] & kMaskBit) == 0) return broken("a client's frame must be masked");
  }
  if (header_size_ < 2 || header_size_ < header_bytes_needed()) return std::nullopt;
  const std::size_t size = header_size_;
  std::copy_n(header_.begin() + static_cast<std::ptrdiff_t>(size - mask_.size()), mask_.size(),
              mask_.begin());
  remaining_ = header_[1] & 0x7FU;
  if (remaining_ >= kLength16) {
    remaining_ = 0;
    for (std::size_t at = 2; at < size - mask_.size(); ++at) remaining_ = remaining_ << 8U | header_[at];
  }
  if (const auto violation = check_header()) return violation;
  header_size_ = 0;
  mask_position_ = 0;
  in_payload_ = true;
  return std::nullopt;
}

std::optional<Violation> MessageReader::check_header() {
  final_ = (header_[0] & kFinalBit) != 0;
  if (!is_known(header_[0] & 0x0FU)) return broken("unknown opcode");
  opcode_ = static_cast<Opcode>(header_[0] & 0x0FU);
  if (const auto violation = check_reserved_bits()) return violation;
  const std::uint8_t form = header_[1] & 0x7FU;
  if ((form == kLength16 && remaining_ < kLength16) || (form == kLength64 && remaining_ <= 0xFFFF))
    return broken("a length not in its shortest form");
  if (is_control()) {
    if (!final_) return broken("a fragmented control frame");
    if (remaining_ > kMaxControlPayload) return broken("a control frame of more than 125 bytes");
    return std::nullopt;
  }
  if (opcode_ == Opcode::continuation && !message_opcode_) return broken("a continuation of nothing");
  if (opcode_ != Opcode::continuation && message_opcode_)
    return broken("a new message inside a fragmented one");
  if (opcode_ != Opcode::continuation) {
    message_opcode_ = opcode_;
    packed_ = (header_[0] & kPackedBit) != 0;
  }
  // Compared by subtraction: a 64-bit length must not overflow the sum.
  if (remaining_ > max_message_bytes_ || message_.size() > max_message_bytes_ - remaining_)
    return Violation{CloseCode::message_too_big, "message too big"};
  return std::nullopt;
}

// The first frame of a message says whether it is packed (RFC 7692, section 6.1).
std::optional<Violation> MessageReader::check_reserved_bits() {
  const bool is_packed = (header_[0] & kPackedBit) != 0;
  if ((header_[0] & kOtherReservedBits) != 0 || (is_packed && inflater_ == nullptr))
    return broken("a reserved bit is set and no extension was agreed on");
  if (is_packed && is_control()) return broken("a compressed control frame");
  if (is_packed && opcode_ == Opcode::continuation) return broken("a compressed frame inside a message");
  return std::nullopt;
}

void MessageReader::unmask(std::span<char> bytes) {
  for (char& byte : bytes) {
    byte = static_cast<char>(static_cast<std::uint8_t>(byte) ^ mask_[mask_position_]);
    mask_position_ = (mask_position_ + 1U) & 3U;
  }
}

std::optional<Violation> MessageReader::take_payload(std::span<char>& bytes, MessageHandler& handler) {
  const auto part = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size())));
  bytes = bytes.subspan(part.size());
  remaining_ -= part.size();
  unmask(part);
  const std::string_view text{part.data(), part.size()};
  std::string& collected = is_control() ? control_ : message_;
  const bool complete = remaining_ == 0 && (is_control() || final_);
  // Most messages come whole: they are used where they lie.
  const bool whole = complete && collected.empty();
  if (!whole) collected += text;
  if (remaining_ > 0) return std::nullopt;
  in_payload_ = false;
  if (!complete) return std::nullopt;
  const std::string kept = std::exchange(collected, {});
  return is_control() ? finish_control(whole ? text : kept, handler)
                      : finish_message(whole ? text : kept, handler);
}

std::optional<Violation> MessageReader::finish_message(std::string_view payload, MessageHandler& handler) {
  const Opcode opcode = *std::exchange(message_opcode_, std::nullopt);
  if (packed_) {
    const auto message = inflater_->inflate(payload, max_message_bytes_);
    if (!message)
      return Violation{message.error(), message.error() == CloseCode::message_too_big
                                            ? "message too big"
                                            : "a compressed message that cannot be decompressed"};
    payload = *message;
  }
  if (opcode == Opcode::binary) {
    handler.on_binary(payload);
    return std::nullopt;
  }
  if (!is_utf8(payload)) return Violation{CloseCode::invalid_text, "a text message must be UTF-8"};
  handler.on_text(payload);
  return std::nullopt;
}

std::optional<Violation> MessageReader::finish_control(std::string_view payload, MessageHandler& handler) {
  if (opcode_ == Opcode::ping) {
    handler.on_ping(payload);
    return std::nullopt;
  }
  if (opcode_ == Opcode::pong) {
    handler.on_pong(payload);
    return std::nullopt;
  }
  if (payload.empty()) {
    handler.on_close(std::nullopt);
    return std::nullopt;
  }
  if (payload.size() == 1) return broken("a close code of one byte");
  const auto code = static_cast<std::uint16_t>(static_cast<std::uint8_t>(payload[0]) << 8U |
                                               static_cast<std::uint8_t>(payload[1]));
  if (!may_be_sent(code)) return broken("a close code that may not be sent");
  if (!is_utf8(payload.substr(2))) return Violation{CloseCode::invalid_text, "a close reason must be UTF-8"};
  handler.on_close(code);
  return std::nullopt;
}

}  // namespace qos::api::ws
