#include "handshake.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace qos::bench {
namespace {

constexpr std::string_view kKeyHeader = "Sec-WebSocket-Key: ";
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 1.3

}  // namespace

std::optional<std::string> upgrade_answer(std::string_view request) {
  const auto header = request.find(kKeyHeader);
  if (header == std::string_view::npos) return std::nullopt;
  auto key = request.substr(header + kKeyHeader.size());
  key = key.substr(0, key.find("\r\n"));
  const std::string text = std::string{key} + std::string{kGuid};
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  unsigned char accept[32];
  const int size = EVP_EncodeBlock(accept, digest, sizeof digest);
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
         "Upgrade\r\nSec-WebSocket-Accept: " +
         std::string(reinterpret_cast<const char*>(accept), static_cast<std::size_t>(size)) + "\r\n\r\n";
}

std::optional<ClientFrame> client_frame(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (bytes.size() < 2) return std::nullopt;
  std::size_t payload = byte(1) & 127U;
  const std::size_t length_bytes = payload == 126 ? 2 : payload == 127 ? 8 : 0;
  const std::size_t head = 2 + length_bytes + 4;
  if (bytes.size() < head) return std::nullopt;
  if (length_bytes > 0) payload = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) payload = payload << 8U | byte(2 + i);
  if (bytes.size() - head < payload) return std::nullopt;
  ClientFrame frame{
      .opcode = byte(0) & 15U, .payload = std::string{bytes.substr(head, payload)}, .bytes = head + payload};
  for (std::size_t i = 0; i < payload; ++i)
    frame.payload[i] = static_cast<char>(frame.payload[i] ^ bytes[head - 4 + (i & 3U)]);
  return frame;
}

}  // namespace qos::bench
