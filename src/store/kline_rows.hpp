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
struct RowColumns {
  KlineColumns klines;
  std::vector<std::uint64_t> instruments, kinds, dates;
};

// Appends them to `out`. `place` as in pack_rows.
Result<void> unpack_rows(std::span<const std::byte> bytes, std::uint64_t place, RowColumns& columns,
                         std::vector<StoredKline>& out);

}  // namespace qos::store
