#include "io/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace qos::io {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

}  // namespace

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto unusable = [&] {
    return fail(
        "\"{}\" is no address to listen on: need a numeric one with a port, such as 127.0.0.1:8080 or "
        "[::1]:8080",
        text);
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return unusable();
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return unusable();
  std::string host{text.substr(0, colon)};
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);

  SocketAddress address;
  if (bracketed) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(*port);
    if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) return unusable();
    std::memcpy(&address.storage_, &v6, sizeof v6);
    address.size_ = sizeof v6;
  } else {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(*port);
    if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) return unusable();
    std::memcpy(&address.storage_, &v4, sizeof v4);
    address.size_ = sizeof v4;
  }
  return address;
}

SocketAddress SocketAddress::from_kernel(const sockaddr_storage& storage, socklen_t size) {
  SocketAddress address;
  address.storage_ = storage;
  address.size_ = size;
  return address;
}

std::string SocketAddress::host() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family() == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage_, sizeof v6);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  } else {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage_, sizeof v4);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  }
  return text.data();
}

std::string SocketAddress::to_string() const {
  // The port lies at the same place in both families.
  sockaddr_in v4{};
  std::memcpy(&v4, &storage_, sizeof v4);
  const int port = ntohs(v4.sin_port);
  return family() == AF_INET6 ? fmt::format("[{}]:{}", host(), port) : fmt::format("{}:{}", host(), port);
}

}  // namespace qos::io
