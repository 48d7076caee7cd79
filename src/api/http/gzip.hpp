// Compression of request and answer bodies (RFC 1952), bounded.
//
// Thread: the loop's that owns the object. Memory: about 300 KiB for a Deflater, one a loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace qos::api::http {

enum class InflateError : std::uint8_t { corrupt, too_large };

// The whole of a gzip body, or why not. Stops as soon as more than `limit` bytes come out.
std::variant<std::string, InflateError> inflate_gzip(std::string_view body, std::size_t limit);

class Deflater {
 public:
  Deflater();
  ~Deflater();
  std::string gzip(std::string_view body);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

// Whether an Accept-Encoding header lets the answer be gzip: "gzip", "*", not "gzip;q=0".
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace qos::api::http
