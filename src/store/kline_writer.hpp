// The one connection that writes klines.sqlite: puts into the log, seals the log into chunks, imports.
//
// Threads: one at a time; KlineStore gives turns.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "store/chunk_writer.hpp"
#include "store/kline_names.hpp"
#include "store/kline_store.hpp"
#include "store/kline_tables.hpp"
#include "store/recent_klines.hpp"

namespace qos::store {

class KlineWriter {
 public:
  // `recent`, `names` and `counters` must outlive it.
  static Result<std::unique_ptr<KlineWriter>> open(const Database::Options& options, RecentKlines& recent,
                                                   KlineNames& names, KlineStoreCounters& counters);

  // Makes a key for a new code.
  Result<StoreKey> name(std::string_view code);

  // Through the log. In memory when it returns.
  Result<void> put(std::span<const StoredKline> klines);
  // Past the log, in one transaction with all that is in it: for more than memory should hold.
  Result<void> put_sealed(std::span<const StoredKline> klines);

  // Writes the K-lines in memory of one shard into chunks, leaving them in the log.
  Result<void> seal_shard(std::uint32_t shard);
  // All shards have been sealed since `row` was the log's last: it and those before it go.
  Result<void> cut_log(std::int64_t row);

  // A batch: begin, then any of name_in_batch and merge, then commit or roll_back.
  Result<void> begin();
  Result<StoreKey> name_in_batch(std::string_view code);
  Result<MergeReport> merge(std::span<const StoredKline> klines, OnDifferent on_different);
  Result<void> commit();
  void roll_back();

 private:
  KlineWriter(std::unique_ptr<KlineTables> tables, RecentKlines& recent, KlineNames& names,
              KlineStoreCounters& counters)
      : tables_{std::move(tables)}, chunks_{*tables_}, recent_{recent}, names_{names}, counters_{counters} {}

  struct Open {
    Transaction transaction;
    KlineTables::LogRange log;
  };
  template <typename Work>
  auto unsynced(Work work) -> decltype(work());
  Result<void> seal_shard_unsynced(std::uint32_t shard);
  Result<Open> open_transaction();
  Result<void> close_transaction(Transaction& transaction);
  Result<void> seal_all(const Open& open);
  Result<void> refuse_bad(std::span<const StoredKline> klines);
  Result<void> cut_rows(const Open& open, std::int64_t row);

  std::unique_ptr<KlineTables> tables_;
  ChunkWriter chunks_;
  RecentKlines& recent_;
  KlineNames& names_;
  KlineStoreCounters& counters_;
  std::optional<Open> batch_;
  std::map<std::string, StoreKey, std::less<>> batch_names_;
  std::uint64_t batch_chunks_ = 0;  // written before it began
};

}  // namespace qos::store
