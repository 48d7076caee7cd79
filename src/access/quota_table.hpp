// How many requests each key has left in its minute, by permission.
//
// Threads: any; split into shards so that the I/O loops seldom wait for one another.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "access/gate.hpp"
#include "access/plan.hpp"
#include "core/id.hpp"
#include "core/time.hpp"

namespace qos::access {

class QuotaTable {
 public:
  // A fixed window: it starts with its first request and ends kWindow later. limit: requests a window, above
  // 0.
  Quota take(KeyId key, Permission permission, std::uint32_t limit, SteadyTime now);

  // The same numbers without taking anything. Without a window nothing is used, and reset is 0: the next
  // request begins one.
  Quota look(KeyId key, Permission permission, std::uint32_t limit, SteadyTime now) const;

  // Windows held at the moment. Bounded: over windows are thrown out once a minute, so no more than the keys
  // that asked within the last two minutes, times permissions.
  std::size_t size() const;

  static constexpr std::chrono::seconds kWindow{60};

 private:
  struct Window {
    SteadyTime start;
    std::uint32_t used = 0;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::uint64_t, Window> windows;  // by key and permission
    SteadyTime next_sweep{};
  };
  static constexpr std::size_t kShards = 16;
  static std::size_t shard_of(KeyId key);
  static void sweep(Shard& shard, SteadyTime now);

  std::array<Shard, kShards> shards_;
};

}  // namespace qos::access
