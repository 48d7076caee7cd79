// Merges K-lines into the chunks: the minutes of a date, the days of a year and the days of a date. Works
// inside a transaction of its caller.
//
// Threads: belongs to one thread at a time, like its tables.
#pragma once

#include <map>
#include <span>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "store/kline_chunk.hpp"
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
  // Writes the days of dates that merge() has gathered; call before the commit. Without it none of the days
  // may be committed.
  Result<void> finish();
  // After a rollback.
  void forget() { days_of_dates_.clear(); }

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

  KlineTables& tables_;
  KlineColumns columns_;
  Bytes bytes_;
  std::vector<Kline> klines_;
  // Days of dates still to be written, by row, in the order in which they were merged.
  std::map<std::pair<DayNumber, std::uint32_t>, std::vector<StoredKline>> days_of_dates_;
  std::size_t gathered_ = 0;
  std::uint64_t chunks_written_ = 0;
};

}  // namespace qos::store
