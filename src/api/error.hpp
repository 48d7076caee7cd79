// What clients see when something is wrong: one table, stable, never reused (docs/api/errors.md; QOS
// protocol, section 6).
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "access/gate.hpp"

namespace qos::api {

enum class ErrorKind : std::uint8_t {
  invalid_request,       // 400
  key_invalid,           // 401
  key_expired,           // 401, code 4011
  key_disabled,          // 401, code 4012
  not_found,             // 404
  method_not_allowed,    // 405
  request_too_large,     // 413
  too_many_requests,     // 429
  too_many_products,     // 429
  too_many_connections,  // 429
  not_ready,             // 503
  history_unavailable,   // 503, code 5031
};

struct ApiError {
  ErrorKind kind = ErrorKind::invalid_request;
  std::string message;                              // the whole msg, beginning as the table says
  std::optional<access::Quota> quota;               // 429: for Retry-After and RateLimit-*
  std::string allow;                                // 405: the Allow header
  std::optional<std::chrono::seconds> retry_after;  // 503: when it is known to be soon
};

struct ErrorRow {
  int status;          // HTTP
  int code;            // the body's `code`
  const char* begins;  // what msg begins with
};
const ErrorRow& row_of(ErrorKind kind);

// What a denial is called on the wire.
ErrorKind kind_of(access::Denial denial);

// ErrorKind and the rest of the sentence: invalid_request, "codes[2]: …" -> "invalid request: codes[2]: …".
ApiError make_error(ErrorKind kind, std::string_view detail = {});

// not_ready, and soon will be.
ApiError not_ready_yet(std::string_view detail);

template <typename T>
using Answer = std::expected<T, ApiError>;

}  // namespace qos::api
