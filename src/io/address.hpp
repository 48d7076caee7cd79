// Where a server listens and who came: numeric IP addresses with a port, as text and as the kernel has them.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace qos::io {

class SocketAddress {
 public:
  // "127.0.0.1:8080", "[::1]:8080"; port 0 lets the kernel choose. Names are not looked up.
  static Result<SocketAddress> parse(std::string_view text);
  static SocketAddress from_kernel(const sockaddr_storage& storage, socklen_t size);

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  int family() const { return storage_.ss_family; }

  std::string host() const;       // "127.0.0.1", "::1": without port and brackets
  std::string to_string() const;  // as parse() takes it

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace qos::io
