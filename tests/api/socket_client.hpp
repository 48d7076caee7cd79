// Small blocking clients for tests: they say exactly the bytes a test wants, right or wrong. A read that
// nothing answers for 20 seconds throws.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cctype>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "io/descriptor.hpp"
#include "support/tls_peer.hpp"

namespace qos::api::serving {

class SocketClient {
 public:
  // trusted: the certificate of a server that is spoken to with TLS; empty: without.
  explicit SocketClient(std::uint16_t port, int receive_buffer = 0, const std::filesystem::path& trusted = {})
      : socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
    if (receive_buffer > 0)
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error{"cannot connect"};
    if (trusted.empty()) return;
    tls_ = std::make_unique<test::TlsPeer>(socket_.get(), test::TlsPeer::Options{.trusted = trusted});
    if (tls_->connect() != test::TlsPeer::Outcome::done) throw std::runtime_error{"cannot agree on TLS"};
  }

  // False: the server closed meanwhile.
  bool send(std::string_view bytes) {
    if (tls_) return tls_->send(bytes) == test::TlsPeer::Outcome::done;
    while (!bytes.empty()) {
      const auto put = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }
  void send_end() {
    if (tls_) return tls_->end();
    ::shutdown(socket_.get(), SHUT_WR);
  }
  void disconnect() { socket_.reset(); }
  int native() const { return socket_.get(); }

  // Exactly `size` bytes; throws at the end of the stream.
  std::string read(std::size_t size) {
    while (buffer_.size() < size)
      if (!fill()) throw std::runtime_error{"the server closed after \"" + buffer_ + "\""};
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
  }
  std::string read_through(std::string_view end) {
    std::size_t found = buffer_.find(end);
    for (; found == std::string::npos; found = buffer_.find(end))
      if (!fill()) throw std::runtime_error{"the server closed after \"" + buffer_ + "\""};
    return read(found + end.size());
  }
  // Everything up to the end of the stream.
  std::string read_to_end() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }
  bool at_end() { return buffer_.empty() && !fill(); }

 private:
  bool fill() {
    if (tls_) return fill_from_tls();
    char chunk[16 * 1024];
    const auto got = ::recv(socket_.get(), chunk, sizeof chunk, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      throw std::runtime_error{"the server is silent"};
    if (got <= 0) return false;
    buffer_.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  bool fill_from_tls() {
    switch (tls_->receive(buffer_)) {
      case test::TlsPeer::Outcome::done:
        return true;
      case test::TlsPeer::Outcome::waits:
        throw std::runtime_error{"the server is silent"};
      case test::TlsPeer::Outcome::ended:
        return false;
      default:
        throw std::runtime_error{"the server broke off without a farewell"};
    }
  }

  io::Descriptor socket_;
  std::unique_ptr<test::TlsPeer> tls_;
  std::string buffer_;
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

inline HttpAnswer read_http_answer(SocketClient& client, bool has_body = true) {
  HttpAnswer answer;
  const std::string head = client.read_through("\r\n\r\n");
  answer.status = std::stoi(head.substr(9, 3));
  for (std::size_t at = head.find("\r\n") + 2; at + 2 < head.size();) {
    const std::size_t end = head.find("\r\n", at);
    const std::size_t colon = head.find(": ", at);
    std::string name = head.substr(at, colon - at);
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    answer.headers[name] = head.substr(colon + 2, end - colon - 2);
    at = end + 2;
  }
  if (has_body && !answer.header("content-length").empty())
    answer.body = client.read(std::stoul(answer.header("content-length")));
  return answer;
}

struct WsFrame {
  int opcode = 0;
  std::string payload;
  bool is_packed = false;  // compressed, as its first reserved bit says

  std::uint16_t close_code() const {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(payload.at(0)) << 8 |
                                      static_cast<unsigned char>(payload.at(1)));
  }
};

// A client's frame, masked as it must be.
inline std::string masked_frame(int first_byte, std::string_view payload) {
  std::string out{static_cast<char>(first_byte)};
  const auto size = payload.size();
  if (size < 126) {
    out += static_cast<char>(0x80 | size);
  } else if (size <= 0xFFFF) {
    out += static_cast<char>(0x80 | 126);
    for (int shift = 8; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xFF);
  } else {
    out += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xFF);
  }
  constexpr std::string_view kMask = "\x12\x34\x56\x78";
  out += kMask;
  for (std::size_t at = 0; at < size; ++at) out += static_cast<char>(payload[at] ^ kMask[at % 4]);
  return out;
}

class WsClient : public SocketClient {
 public:
  explicit WsClient(std::uint16_t port, std::string_view key = "good", int receive_buffer = 0,
                    const std::filesystem::path& trusted = {}, std::string_view offer = {})
      : SocketClient{port, receive_buffer, trusted} {
    send(handshake(key, offer));
    answer = read_http_answer(*this);
  }
  // `offer`: of extensions of the WebSocket protocol; empty: none.
  static std::string handshake(std::string_view key, std::string_view offer = {}) {
    return "GET /ws?key=" + std::string{key} +
           " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
           (offer.empty() ? "" : "Sec-WebSocket-Extensions: " + std::string{offer} + "\r\n") +
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  }
  virtual ~WsClient() = default;

  void say(std::string_view text) { send(masked_frame(0x81, text)); }
  // As it came.
  WsFrame read_raw_frame() {
    const std::string head = read(2);
    if ((head[1] & 0x80) != 0) throw std::runtime_error{"a server's frame must not be masked"};
    std::size_t size = static_cast<unsigned char>(head[1]);
    if (size >= 126) {
      const std::string length = read(size == 126 ? 2 : 8);
      size = 0;
      for (const char byte : length) size = size << 8 | static_cast<unsigned char>(byte);
    }
    return {.opcode = head[0] & 0x0F, .payload = read(size), .is_packed = (head[0] & 0x40) != 0};
  }
  virtual WsFrame read_frame() { return read_raw_frame(); }
  // The next message's text.
  std::string hear() {
    const WsFrame frame = read_frame();
    if (frame.opcode != 1)
      throw std::runtime_error{"expected a text, seen opcode " + std::to_string(frame.opcode)};
    return frame.payload;
  }
  std::string ask(std::string_view text) {
    say(text);
    return hear();
  }

  HttpAnswer answer;  // to the handshake
};

}  // namespace qos::api::serving
