// The opening handshake of a WebSocket (RFC 6455, section 4.2), without its authentication.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/http/request_reader.hpp"
#include "api/http/routes.hpp"

namespace qos::api::http {

// nullopt: the request is one for a WebSocket. Else the refusal: 405 for another method, 426 for another
// version, 400 for what is no handshake, saying what is missing.
std::optional<Response> refuse_handshake(const RequestReader& request);

// 101 with the headers that answer the request's. `extensions`: of the WebSocket protocol, as agreed on;
// empty: none.
Response accept_handshake(const RequestReader& request, std::string_view extensions);

// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
std::string accept_key(std::string_view key);

}  // namespace qos::api::http
