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

// Each minute all instruments get one K-line more: with equal steps of growth all would move in the same
// minute, and that put() would take ten times as long.
void RecentKlines::make_room(std::vector<Recent>& klines, std::uint32_t key) {
  if (klines.size() < klines.capacity()) return;
  constexpr std::size_t kStep = 16;
  klines.reserve(klines.empty() ? 1 + key % kStep : klines.size() + std::max(kStep, klines.size() / 4));
}

// True: there is one K-line more than before.
bool RecentKlines::add(std::vector<Recent>& klines, const Recent& recent) {
  make_room(klines, recent.kline.instrument.value());
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

// Every K-line goes to another place in memory: asked for some K-lines ahead, it is there in time.
void RecentKlines::fetch_ahead(const Shard& shard, std::span<const StoredKline> klines, std::size_t n) {
  constexpr std::size_t kAhead = 8;
  if (n + kAhead >= klines.size()) return;
  const auto& kline = klines[n + kAhead];
  const auto key = kline.instrument.value();
  if (key / kShardKeys != klines[n].instrument.value() / kShardKeys) return;
  const auto& series = shard.klines[key % kShardKeys][static_cast<std::size_t>(kline.series)];
  const auto* const room = reinterpret_cast<const char*>(series.data() + series.size());
  __builtin_prefetch(room, 1);
  __builtin_prefetch(room + 64, 1);
}

void RecentKlines::apply(std::int64_t row, std::span<const StoredKline> klines) {
  const std::lock_guard one_row{apply_mutex_};
  if (row <= last_row()) return;
  std::size_t added = 0;
  std::unique_lock<std::mutex> lock;
  Shard* shard = nullptr;
  std::uint32_t shard_number = UINT32_MAX;
  for (std::size_t n = 0; n < klines.size(); ++n) {
    const auto& kline = klines[n];
    const auto key = kline.instrument.value();
    if (key / kShardKeys != shard_number) {
      shard_number = key / kShardKeys;
      shard = &make_shard(shard_number);
      lock = {};  // never two at once
      lock = std::unique_lock{shard->mutex};
    }
    fetch_ahead(*shard, klines, n);
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
