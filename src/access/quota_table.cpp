#include "access/quota_table.hpp"

namespace qos::access {
namespace {

bool is_over(SteadyTime start, SteadyTime now) {
  return now >= start + QuotaTable::kWindow;
}

}  // namespace

Quota QuotaTable::take(KeyId key, Permission permission, std::uint32_t limit, SteadyTime now) {
  const auto id = static_cast<std::uint64_t>(key.value());
  Shard& shard = shards_[id % kShards];
  const std::scoped_lock lock{shard.mutex};
  if (now >= shard.next_sweep) sweep(shard, now);

  const auto place = id * kPermissions + static_cast<std::uint64_t>(permission);
  auto& window = shard.windows.try_emplace(place, Window{.start = now}).first->second;
  if (is_over(window.start, now)) window = Window{.start = now};

  Quota quota{.allowed = window.used < limit, .limit = limit};
  if (quota.allowed) ++window.used;
  quota.remaining = limit > window.used ? limit - window.used : 0;
  quota.reset = std::chrono::ceil<std::chrono::seconds>(window.start + kWindow - now);
  return quota;
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
