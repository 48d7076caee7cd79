// What a key may do: plans are configuration. Units stand in the names; 0 means unlimited everywhere.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace qos::access {

// What a plan limits, by name in the configuration and in /register's `permission`.
enum class Permission : std::uint8_t { depth, history, instrument_info, kline, snapshot, trade, ws };
inline constexpr std::size_t kPermissions = 7;
inline constexpr std::array<std::string_view, kPermissions> kPermissionNames{
    "depth", "history", "instrument_info", "kline", "snapshot", "trade", "ws"};

// Of what a WebSocket is sent (permessage-deflate), where the client can read it. Shared: made once for all
// clients. Own: in terms of what this client was sent before, which makes it smaller still, and costs 38 KB
// a connection and the work for each client anew.
enum class Compression : std::uint8_t { none, shared, own };
inline constexpr std::array<std::string_view, 3> kCompressionNames{"none", "shared", "own"};

struct Limit {
  std::uint32_t product_count =
      0;  // products in one request; ws: distinct products subscribed on a connection
  std::uint32_t request_frequency = 0;  // requests a minute; ws: commands a minute, heartbeats excepted
  std::uint32_t max_connections = 0;    // ws only: open at a time, over all loops
  std::uint32_t min_interval_ms = 0;    // ws only: least time between two commands, heartbeats excepted

  friend bool operator==(const Limit&, const Limit&) = default;
};

struct Plan {
  std::string name;
  std::array<Limit, kPermissions> limits{};
  std::uint32_t max_klines = 1'000;  // K-lines of one code in one answer
  std::uint32_t valid_days = 0;      // a new key's life; 0: for good
  Compression compression = Compression::shared;

  const Limit& limit(Permission permission) const { return limits[static_cast<std::size_t>(permission)]; }
  friend bool operator==(const Plan&, const Plan&) = default;
};

}  // namespace qos::access
