// The server's side of RFC 6455, as far as the limit program needs it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace qos::bench {

// The answer to an upgrade request, whose head is whole. nullopt: it has no Sec-WebSocket-Key.
std::optional<std::string> upgrade_answer(std::string_view request);

// One masked frame of a client, unmasked.
struct ClientFrame {
  unsigned opcode = 0;
  std::string payload;
  std::size_t bytes = 0;  // that it took
};
// nullopt: not all of it has come.
std::optional<ClientFrame> client_frame(std::string_view bytes);

}  // namespace qos::bench
