// One HTTP/1.x request out of bytes that come in any pieces. Held only while a request is being read, so that
// an idle connection costs nothing; its memory serves one request after the other.
//
// Thread: the loop's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/error.hpp"

namespace qos::api::http {

class RequestReader {
 public:
  struct Limits {
    std::size_t header_bytes = 8'192;  // request line and headers
    std::size_t body_bytes = 1 << 20;  // as sent; what it grows to is the decompressor's to bound
  };
  enum class Progress : std::uint8_t { needs_more, complete, failed };
  struct Step {
    std::size_t consumed = 0;  // the rest must be offered again, followed by more
    Progress progress = Progress::needs_more;
  };

  explicit RequestReader(const Limits& limits);
  ~RequestReader();

  // Forgets the request and begins another.
  void begin_anew();
  Step read(std::string_view bytes);

  // After `failed`: a malformed request, or one that is too large. The connection cannot go on.
  const ApiError& error() const { return error_; }
  // The client waits for "100 Continue" before it sends the body. True once.
  bool wants_continue();

  // --- after `complete`; header names in any case, empty if absent ---
  std::string_view method() const;
  std::string_view target() const;
  std::string_view header(std::string_view name) const;
  // All of that name, in their order.
  std::vector<std::string_view> headers(std::string_view name) const;
  std::string_view body() const;
  bool keep_alive() const;
  bool is_http_1_0() const;

 private:
  class Parser;
  struct Parsed;
  std::unique_ptr<Parsed> parsed_;
  Limits limits_;
  ApiError error_;
  bool continue_asked_ = false;
};

}  // namespace qos::api::http
