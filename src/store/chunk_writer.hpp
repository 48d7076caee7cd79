// Merges K-lines into the chunks: the minutes of a date, the days of a year and the days of a date. Works
// inside a transaction of its caller.
//
// Threads: belongs to one thread at a time, like its tables.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "store/kline_chunk.hpp"
#include "store/kline_rows.hpp"
#include "store/kline_store.hpp"
#include "store/kline_tables.hpp"

namespace qos::store {

enum class Merge : std::uint8_t {
  put,      // what is given counts, its revision too
  keep,     // OnDifferent::keep
  replace,  // OnDifferent::replace
};

class ChunkWriter {
 public:
  // `tables` must outlive it.
  explicit ChunkWriter(KlineTables& tables) : tables_{tables} {}

  // Any order; of two for the same start the later one comes later.
  Result<MergeReport> merge(std::span<const StoredKline> klines, Merge how);
  // Writes what merge() has gathered; call before the commit.
  Result<void> finish();
  // After a rollback.
  void forget();

  std::uint64_t chunks_written() const { return chunks_written_; }

 private:
  // A K-line in work, and whether it was stored, with which date.
  struct Line {
    DayNumber day;
    Kline kline;
  };
  struct Merged {
    std::vector<Line> lines;  // rising by start
    std::vector<DayNumber> changed;
    MergeReport report;
  };
  static Merged merge_lines(const std::vector<Line>& stored, std::span<const StoredKline> given, Merge how);

  Result<MergeReport> merge_minutes(SeriesKey series, std::span<const StoredKline> given, Merge how);
  Result<std::vector<DayNumber>> dates_touched(SeriesKey series, std::span<const StoredKline> given);
  Result<bool> holds_any(SeriesKey series, DayNumber day, std::span<const StoredKline> given);
  Result<MergeReport> merge_days(StoreKey instrument, std::span<const StoredKline> given, Merge how);
  Result<void> write_minutes(SeriesKey series, DayNumber day, std::span<const Kline> klines);
  // The chunk as it will be; valid until the next call. nullopt: there is none.
  Result<std::optional<std::span<const std::byte>>> minutes_chunk(std::int64_t id);
  Result<void> write_gathered_minutes();
  Result<void> write_gathered_days();

  KlineTables& tables_;
  KlineColumns columns_;
  RowColumns row_columns_;
  std::vector<Kline> klines_;
  // Chunks of minutes still to be written, by row; empty: to be erased. Written in the order of rows they
  // fill the file's pages; as an import brings them, one instrument after another, half of each stays empty.
  std::map<std::int64_t, Bytes> minutes_;
  std::size_t minutes_bytes_ = 0;
  // Days of dates still to be written, by row, in the order in which they were merged.
  std::map<std::pair<DayNumber, std::uint32_t>, std::vector<StoredKline>> days_of_dates_;
  std::size_t gathered_ = 0;
  std::uint64_t chunks_written_ = 0;
};

}  // namespace qos::store
