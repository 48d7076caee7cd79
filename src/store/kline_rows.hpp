// K-lines of several instruments, series and trading dates in one value: what put() appends to the log, the
// days of a date, the days of an instrument. A chunk with four columns before it.
//
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/result.hpp"
#include "store/bit_column.hpp"
#include "store/kline_chunk.hpp"
#include "store/kline_store.hpp"

namespace qos::store {

// Any order; neighbours that are alike (sorted by instrument, of one date) take fewest bytes. Of a removed
// one only instrument, series, date and kline.start come back.
Bytes pack_rows(std::span<const StoredKline> rows, std::uint64_t place);

// The columns of some rows, between bytes and values. Reused, it allocates nothing.
class RowColumns {
 public:
  std::size_t size() const { return klines_.size(); }
  StoreKey instrument(std::size_t n) const { return StoreKey{static_cast<std::uint32_t>(instruments_[n])}; }
  StoredSeries series(std::size_t n) const { return static_cast<StoredSeries>(kinds_[n] & ~kRemoved); }
  bool removed(std::size_t n) const { return (kinds_[n] & kRemoved) != 0; }
  Date trading_date(std::size_t n) const {
    return std::chrono::sys_days{std::chrono::days{static_cast<std::int64_t>(dates_[n])}};
  }
  const KlineColumns& klines() const { return klines_; }

  static constexpr std::uint64_t kRemoved = 8;  // beside the series

 private:
  friend class RowReader;
  KlineColumns klines_;
  std::vector<std::uint64_t> instruments_, kinds_, dates_;
};

// Reads rows a group at a time.
class RowReader {
 public:
  // Both must outlive it. `place` as in pack_rows.
  RowReader(std::span<const std::byte> bytes, std::uint64_t place, RowColumns& columns)
      : bytes_{bytes}, place_{place}, columns_{columns}, in_{{}} {}
  // False: there are no more.
  Result<bool> next();

 private:
  bool read_columns();

  std::span<const std::byte> bytes_;
  std::uint64_t place_;
  RowColumns& columns_;
  ByteReader in_;
  bool begun_ = false;
};

// All of them, appended to `out`.
Result<void> unpack_rows(std::span<const std::byte> bytes, std::uint64_t place, RowColumns& columns,
                         std::vector<StoredKline>& out);

}  // namespace qos::store
