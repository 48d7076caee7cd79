#include "store/recent_klines.hpp"

#include <algorithm>

namespace qos::store {

RecentKlines::Shard* RecentKlines::shard_of(std::uint32_t shard) const {
  const std::shared_lock lock{shards_mutex_};
  return shard < shards_.size() ? shards_[shard].get() : nullptr;
}

RecentKlines::Shard& RecentKlines::make_shard(std::uint32_t shard) {
  if (auto* const there = shard_of(shard)) return *there;
  const std::unique_lock lock{shards_mutex_};
  while (shards_.size() <= shard) shards_.push_back(std::make_unique<Shard>());
  return *shards_[shard];
}

std::uint32_t RecentKlines::shards() const {
  const std::shared_lock lock{shards_mutex_};
  return static_cast<std::uint32_t>(shards_.size());
}

// True: there is one K-line more than before.
bool RecentKlines::add(std::vector<Recent>& klines, Recent recent) {
  const auto start = recent.kline.kline.start;
  if (klines.empty() || klines.back().kline.kline.start < start) {
    klines.push_back(recent);
    return true;
  }
  const auto place =
      std::ranges::lower_bound(klines, start, {}, [](const Recent& r) { return r.kline.kline.start; });
  if (place->kline.kline.start != start) {
    klines.insert(place, recent);
    return true;
  }
  *place = recent;
  return false;
}

void RecentKlines::apply(std::int64_t row, std::span<const StoredKline> klines) {
  const std::lock_guard one_row{apply_mutex_};
  if (row <= last_row()) return;
  std::size_t added = 0;
  std::unique_lock<std::mutex> lock;
  Shard* shard = nullptr;
  std::uint32_t shard_number = UINT32_MAX;
  for (const auto& kline : klines) {
    const auto key = kline.instrument.value();
    if (key / kShardKeys != shard_number) {
      shard_number = key / kShardKeys;
      shard = &make_shard(shard_number);
      lock = {};  // never two at once
      lock = std::unique_lock{shard->mutex};
    }
    auto& series = shard->klines[key % kShardKeys][static_cast<std::size_t>(kline.series)];
    added += add(series, {row, kline}) ? 1U : 0U;
  }
  size_.fetch_add(added, std::memory_order_relaxed);
  last_row_.store(row, std::memory_order_release);
}

// first_row_ moves before anything goes: a reader that holds a shard's lock and sees the old first row knows
// that the shard is whole.
void RecentKlines::drop_before(std::int64_t first) {
  const std::lock_guard one_row{apply_mutex_};
  if (first <= first_row()) return;
  first_row_.store(first, std::memory_order_release);
  std::size_t dropped = 0;
  for (std::uint32_t number = 0; number < shards(); ++number) {
    Shard& shard = *shard_of(number);
    const std::lock_guard lock{shard.mutex};
    for (auto& of_key : shard.klines)
      for (auto& klines : of_key) {
        dropped += std::erase_if(klines, [&](const Recent& recent) { return recent.row < first; });
        if (klines.empty()) klines = {};
      }
  }
  size_.fetch_sub(dropped, std::memory_order_relaxed);
}

std::optional<std::vector<StoredKline>> RecentKlines::of_series(SeriesKey series,
                                                                std::int64_t first_row) const {
  std::vector<StoredKline> found;
  const auto key = series.instrument.value();
  const Shard* const shard = shard_of(key / kShardKeys);
  if (shard == nullptr) {
    if (this->first_row() > first_row) return std::nullopt;
    return found;
  }
  const std::lock_guard lock{shard->mutex};
  if (this->first_row() > first_row) return std::nullopt;
  for (const auto& recent : shard->klines[key % kShardKeys][static_cast<std::size_t>(series.series)])
    if (recent.row >= first_row) found.push_back(recent.kline);
  return found;
}

std::optional<std::vector<StoredKline>> RecentKlines::of_shard(std::uint32_t number,
                                                               std::int64_t first_row) const {
  std::vector<StoredKline> found;
  const Shard* const shard = shard_of(number);
  if (shard == nullptr) return found;
  const std::lock_guard lock{shard->mutex};
  if (this->first_row() > first_row) return std::nullopt;
  for (const auto& of_key : shard->klines)
    for (const auto& klines : of_key)
      for (const auto& recent : klines)
        if (recent.row >= first_row) found.push_back(recent.kline);
  return found;
}

std::optional<std::vector<StoredKline>> RecentKlines::days(std::int64_t first_row) const {
  std::vector<StoredKline> found;
  const std::uint32_t count = shards();
  for (std::uint32_t number = 0; number < count; ++number) {
    const Shard& shard = *shard_of(number);
    const std::lock_guard lock{shard.mutex};
    for (const auto& of_key : shard.klines)
      for (const auto& recent : of_key[static_cast<std::size_t>(StoredSeries::day)])
        if (recent.row >= first_row) found.push_back(recent.kline);
  }
  if (this->first_row() > first_row) return std::nullopt;
  return found;
}

}  // namespace qos::store
