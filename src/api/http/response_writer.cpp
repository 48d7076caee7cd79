#include "api/http/response_writer.hpp"

#include <fmt/chrono.h>

#include <array>

#include "core/decimal.hpp"

namespace qos::api::http {
namespace {

// Below this a TCP segment holds the answer anyway.
constexpr std::size_t kGzipFrom = 1'024;

struct Reason {
  int status;
  std::string_view text;
};
constexpr std::array kReasons{
    Reason{101, "Switching Protocols"}, Reason{200, "OK"},
    Reason{400, "Bad Request"},         Reason{401, "Unauthorized"},
    Reason{404, "Not Found"},           Reason{405, "Method Not Allowed"},
    Reason{413, "Content Too Large"},   Reason{426, "Upgrade Required"},
    Reason{429, "Too Many Requests"},   Reason{503, "Service Unavailable"},
};

}  // namespace

std::string_view reason_of(int status) {
  for (const Reason& reason : kReasons)
    if (reason.status == status) return reason.text;
  return "Other";
}

const std::string& ResponseWriter::date(UnixNanos now) {
  const std::int64_t second = unix_seconds(now);
  if (second != date_second_) {
    date_second_ = second;
    date_ = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<std::time_t>(second)));
  }
  return date_;
}

void ResponseWriter::append(std::string& out, const Response& response, const ResponseStyle& style,
                            UnixNanos now) {
  const bool zipped = style.gzip && response.body.size() >= kGzipFrom;
  const std::string packed = zipped ? deflater_.gzip(response.body) : std::string{};
  const std::string& body = zipped ? packed : response.body;
  out.reserve(out.size() + 256 + body.size());
  out += "HTTP/1.1 ";
  append_integer(out, response.status);
  ((out += ' ') += reason_of(response.status)) += "\r\nDate: ";
  (out += date(now)) += "\r\n";
  if (response.status != 101) {
    out += "Content-Type: application/json; charset=utf-8\r\nContent-Length: ";
    append_integer(out, static_cast<std::int64_t>(body.size()));
    out += "\r\n";
  }
  if (zipped) out += "Content-Encoding: gzip\r\n";
  for (const auto& [name, value] : response.headers) (((out += name) += ": ") += value) += "\r\n";
  if (!style.keep_alive)
    out += "Connection: close\r\n";
  else if (style.old_client)
    out += "Connection: keep-alive\r\n";
  out += "\r\n";
  if (!style.head_only) out += body;
}

}  // namespace qos::api::http
