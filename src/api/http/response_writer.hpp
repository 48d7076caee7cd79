// An answer as the bytes of HTTP/1.1.
//
// Thread: the loop's that owns the writer.
#pragma once

#include <string>

#include "api/http/gzip.hpp"
#include "api/http/routes.hpp"
#include "core/time.hpp"

namespace qos::api::http {

struct ResponseStyle {
  bool keep_alive = true;
  bool old_client = false;  // HTTP/1.0: must be told of keep-alive, which is not its default
  bool gzip = false;        // the client accepts it; used where it pays
  bool head_only = false;   // the answer to HEAD: the same headers, no body
};

class ResponseWriter {
 public:
  void append(std::string& out, const Response& response, const ResponseStyle& style, UnixNanos now);

 private:
  const std::string& date(UnixNanos now);

  Deflater deflater_;
  std::int64_t date_second_ = -1;
  std::string date_;  // of date_second_, as in "Sun, 06 Nov 1994 08:49:37 GMT"
};

std::string_view reason_of(int status);

}  // namespace qos::api::http
