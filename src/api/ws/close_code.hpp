// Why a WebSocket is closed, as the client is told. Public and stable: docs/api/close_codes.md.
#pragma once

#include <cstdint>

namespace qos::api::ws {

enum class CloseCode : std::uint16_t {
  normal = 1000,
  going_away = 1001,  // the client was silent for too long
  protocol_error = 1002,
  invalid_text = 1007,  // a text message that is no UTF-8
  message_too_big = 1009,
  service_restart = 1012,  // the server stops
  key_ended = 4001,        // the key expired, was disabled or deleted
  slow_consumer = 4008,    // the client reads slower than its subscriptions speak
};

}  // namespace qos::api::ws
