// What a client offers of permessage-deflate in its handshake, and what is agreed on (RFC 7692, section 7.1).
//
// A client's messages never have a context, as one stream of the loop unpacks those of all clients: that is
// demanded of everyone. The server's have none either, so that one packed frame serves all who agreed, unless
// the plan pays for a client's own context.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "access/plan.hpp"

namespace qos::api::ws {

struct Compression {
  bool own_context = false;  // of the server's messages to this client
  std::uint8_t window_bits;  // of that context

  friend bool operator==(const Compression&, const Compression&) = default;
};

struct AgreedCompression {
  Compression compression;
  std::string answer;  // the value of Sec-WebSocket-Extensions

  friend bool operator==(const AgreedCompression&, const AgreedCompression&) = default;
};

// The first offer that can be met, of the values of all headers Sec-WebSocket-Extensions in their order.
// nullopt: none, or the plan wants none. A malformed offer, an unknown or repeated parameter declines that
// offer; other extensions are passed over.
std::optional<AgreedCompression> agree_on_compression(std::span<const std::string_view> headers,
                                                      access::Compression allowed);

}  // namespace qos::api::ws
