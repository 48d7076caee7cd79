#include "api/error.hpp"

#include <array>

namespace qos::api {
namespace {

// The table of docs/api/errors.md, in the order of ErrorKind.
constexpr std::array<ErrorRow, 12> kRows{{
    {400, 400, "invalid request"},
    {401, 401, "Key invalid."},
    {401, 4011, "Key expired."},
    {401, 4012, "Key disabled."},
    {404, 404, "not found"},
    {405, 405, "method not allowed"},
    {413, 413, "request too large"},
    {429, 429, "too many requests"},
    {429, 429, "too many products"},
    {429, 429, "too many connections"},
    {503, 503, "not ready"},
    {503, 5031, "history unavailable"},
}};

// What a message repeats of the client's own words is bounded: an error is no echo service.
constexpr std::size_t kMaxDetail = 400;

std::string_view shortened(std::string_view detail) {
  if (detail.size() <= kMaxDetail) return detail;
  std::size_t end = kMaxDetail;
  while (end > 0 && (static_cast<unsigned char>(detail[end]) & 0xC0U) == 0x80U)
    --end;  // not inside a character
  return detail.substr(0, end);
}

}  // namespace

const ErrorRow& row_of(ErrorKind kind) {
  return kRows[static_cast<std::size_t>(kind)];
}

ErrorKind kind_of(access::Denial denial) {
  switch (denial) {
    case access::Denial::expired:
      return ErrorKind::key_expired;
    case access::Denial::disabled:
      return ErrorKind::key_disabled;
    case access::Denial::invalid:
      break;
  }
  return ErrorKind::key_invalid;
}

ApiError make_error(ErrorKind kind, std::string_view detail) {
  ApiError error;
  error.kind = kind;
  error.message = row_of(kind).begins;
  if (!detail.empty()) {
    const auto kept = shortened(detail);
    // "Key expired." ends its own sentence.
    error.message += error.message.ends_with('.') ? " " : ": ";
    error.message += kept;
    if (kept.size() < detail.size()) error.message += "…";
  }
  return error;
}

ApiError not_ready_yet(std::string_view detail) {
  auto error = make_error(ErrorKind::not_ready, detail);
  error.retry_after = std::chrono::seconds{1};
  return error;
}

}  // namespace qos::api
