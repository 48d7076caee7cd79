// K-lines that are in the log and not yet in chunks, in memory. A row of the log is a put(); each K-line
// knows its row, so that a reader takes exactly those that are still in the log it sees.
//
// Threads: any. A reader waits for a writer only while it copies K-lines of the same 64 instruments.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <vector>

#include "store/kline_store.hpp"
#include "store/kline_tables.hpp"

namespace qos::store {

class RecentKlines {
 public:
  // Takes over a row of the log. Rows come rising; one that was taken over already is left out.
  void apply(std::int64_t row, std::span<const StoredKline> klines);
  // The log begins with `first` now: what belongs to earlier rows is in chunks. Goes.
  void drop_before(std::int64_t first);

  // What a log of this range holds, rising by instrument, series and start; K-lines of rows after it may be
  // among them. nullopt: some of it has gone already; look at the log again.
  std::optional<std::vector<StoredKline>> of_series(SeriesKey series, std::int64_t first_row) const;
  std::optional<std::vector<StoredKline>> days(std::int64_t first_row) const;
  std::optional<std::vector<StoredKline>> of_shard(std::uint32_t shard, std::int64_t first_row) const;
  std::uint32_t shards() const;

  std::int64_t last_row() const { return last_row_.load(std::memory_order_acquire); }
  std::int64_t first_row() const { return first_row_.load(std::memory_order_acquire); }
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  struct Recent {
    std::int64_t row;
    StoredKline kline;
  };
  static constexpr std::size_t kSeries = 5;
  struct Shard {
    mutable std::mutex mutex;
    std::array<std::array<std::vector<Recent>, kSeries>, kShardKeys> klines;  // each rising by start
  };

  Shard* shard_of(std::uint32_t shard) const;
  Shard& make_shard(std::uint32_t shard);
  static void fetch_ahead(const Shard& shard, std::span<const StoredKline> klines, std::size_t n);
  static void make_room(std::vector<Recent>& klines, std::uint32_t key);
  static bool add(std::vector<Recent>& klines, const Recent& recent);

  std::mutex apply_mutex_;  // rows are taken over one after another
  mutable std::shared_mutex shards_mutex_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::atomic<std::int64_t> first_row_{0};
  std::atomic<std::int64_t> last_row_{0};
  std::atomic<std::size_t> size_{0};
};

}  // namespace qos::store
