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

  const Limit& limit(Permission permission) const { return limits[static_cast<std::size_t>(permission)]; }
  friend bool operator==(const Plan&, const Plan&) = default;
};

}  // namespace qos::access
