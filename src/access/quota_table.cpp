#include "access/quota_table.hpp"

namespace qos::access {
namespace {

bool is_over(SteadyTime start, SteadyTime now) {
  return now >= start + QuotaTable::kWindow;
}

std::uint64_t place_of(KeyId key, Permission permission) {
  return static_cast<std::uint64_t>(key.value()) * kPermissions + static_cast<std::uint64_t>(permission);
}

}  // namespace

std::size_t QuotaTable::shard_of(KeyId key) {
  return static_cast<std::uint64_t>(key.value()) % kShards;
}

Quota QuotaTable::take(KeyId key, Permission permission, std::uint32_t limit, SteadyTime now) {
  Shard& shard = shards_[shard_of(key)];
  const std::scoped_lock lock{shard.mutex};
  if (now >= shard.next_sweep) sweep(shard, now);

  auto& window = shard.windows.try_emplace(place_of(key, permission), Window{.start = now}).first->second;
  if (is_over(window.start, now)) window = Window{.start = now};

  Quota quota{.allowed = window.used < limit, .limit = limit};
  if (quota.allowed) ++window.used;
  quota.remaining = limit > window.used ? limit - window.used : 0;
  quota.reset = std::chrono::ceil<std::chrono::seconds>(window.start + kWindow - now);
  return quota;
}

Quota QuotaTable::look(KeyId key, Permission permission, std::uint32_t limit, SteadyTime now) const {
  const Shard& shard = shards_[shard_of(key)];
  const std::scoped_lock lock{shard.mutex};
  const auto found = shard.windows.find(place_of(key, permission));
  if (found == shard.windows.end() || is_over(found->second.start, now))
    return {.allowed = true, .limit = limit, .remaining = limit};
  const Window& window = found->second;
  return {
      .allowed = window.used<limit, .limit = limit, .remaining = limit> window.used ? limit - window.used : 0,
      .reset = std::chrono::ceil<std::chrono::seconds>(window.start + kWindow - now)};
}

void QuotaTable::sweep(Shard& shard, SteadyTime now) {
  std::erase_if(shard.windows, [now](const auto& entry) { return is_over(entry.second.start, now); });
  shard.next_sweep = now + kWindow;
}

std::size_t QuotaTable::size() const {
  std::size_t windows = 0;
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock{shard.mutex};
    windows += shard.windows.size();
  }
  return windows;
}

}  // namespace qos::access
