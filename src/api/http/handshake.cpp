#include "api/http/handshake.hpp"

#include <openssl/evp.h>

#include <array>

#include "api/http/header_text.hpp"
#include "core/result.hpp"

namespace qos::api::http {
namespace {

constexpr std::string_view kVersion = "13";

// 16 bytes in base64: 22 digits and two signs of padding.
bool is_key(std::string_view key) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == 24 && key.ends_with("==") &&
         key.substr(0, 22).find_first_not_of(kDigits) == std::string_view::npos;
}

// A refused handshake has its real status whatever http.status says: no WebSocket client understands a 200.
Response refusal(ErrorKind kind, std::string_view detail) {
  return error_response(make_error(kind, detail), HttpStatus::by_class);
}

}  // namespace

std::optional<Response> refuse_handshake(const RequestReader& request) {
  if (request.method() != "GET") {
    auto error = make_error(ErrorKind::method_not_allowed, "/ws is opened with GET");
    error.allow = "GET";
    return error_response(error, HttpStatus::by_class);
  }
  if (request.is_http_1_0() || !has_token(request.header("Upgrade"), "websocket") ||
      !has_token(request.header("Connection"), "upgrade"))
    return refusal(ErrorKind::invalid_request,
                   "/ws is a WebSocket: expected the headers Upgrade: websocket and Connection: Upgrade");
  if (trimmed(request.header("Sec-WebSocket-Version")) != kVersion) {
    auto response = refusal(ErrorKind::invalid_request,
                            fmt::format("Sec-WebSocket-Version: expected 13, seen \"{}\"",
                                        trimmed(request.header("Sec-WebSocket-Version")).substr(0, 40)));
    response.status = 426;
    response.headers.emplace_back("Sec-WebSocket-Version", kVersion);
    response.headers.emplace_back("Upgrade", "websocket");
    return response;
  }
  if (!is_key(trimmed(request.header("Sec-WebSocket-Key"))))
    return refusal(ErrorKind::invalid_request, "Sec-WebSocket-Key: expected 16 bytes in base64");
  return std::nullopt;
}

Response accept_handshake(const RequestReader& request, std::string_view extensions) {
  Response response{
      .status = 101,
      .body = {},
      .headers = {{"Upgrade", "websocket"},
                  {"Connection", "Upgrade"},
                  {"Sec-WebSocket-Accept", accept_key(trimmed(request.header("Sec-WebSocket-Key")))}}};
  if (!extensions.empty()) response.headers.emplace_back("Sec-WebSocket-Extensions", extensions);
  return response;
}

std::string accept_key(std::string_view key) {
  std::string text{key};
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, section 1.3
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  QOS_ASSERT(::EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1);
  std::array<unsigned char, 32> base64{};
  const int length = ::EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
  return {reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(length)};
}

}  // namespace qos::api::http
