// Clients for end-to-end tests, on Boost.Beast: someone else's HTTP and WebSocket, so that ours is checked
// against what we did not write. Blocking, with a deadline on everything: a test fails instead of hanging.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace qos::e2e {

inline constexpr std::chrono::seconds kPatience{20};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

using Headers = std::map<std::string, std::string>;

// One keep-alive connection.
class HttpClient {
 public:
  explicit HttpClient(const std::string& address);  // "127.0.0.1:8080"
  ~HttpClient();

  HttpAnswer post(std::string_view target, std::string_view body, const Headers& headers = {});
  HttpAnswer request(std::string_view method, std::string_view target, std::string_view body,
                     const Headers& headers = {});
  // Bytes as they are, then whatever comes back until the server closes or `answers` answers were read.
  std::string raw(std::string_view bytes);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

class WsClient {
 public:
  // Throws if the handshake is refused; refusal() asks for the refusal itself.
  WsClient(const std::string& address, std::string_view target);
  ~WsClient();
  WsClient(WsClient&&) noexcept;
  WsClient& operator=(WsClient&&) noexcept;

  static HttpAnswer refusal(const std::string& address, std::string_view target, const Headers& headers = {});

  void send(std::string_view text);
  void send_binary(std::string_view bytes);
  void ping();
  // The next text message; nullopt: the connection was closed (close_code() says how) or patience ran out.
  std::optional<std::string> receive();
  // send(), then receive() until an answer (it has "type") comes; pushes before it are an error of the test.
  std::string ask(std::string_view text);
  int close_code() const;
  int native_handle();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace qos::e2e
