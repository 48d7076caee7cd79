// K-lines to bytes and back, exactly, in a few bytes each. docs/formats/kline_store.md is the layout; change
// it and kChunkVersion together with this file.
//
// Threads: values and pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/result.hpp"
#include "event/kline.hpp"
#include "store/bit_column.hpp"

namespace qos::store {

inline constexpr std::uint8_t kChunkVersion = 1;
// More K-lines than any trading date or year has; a decoder allocates no more than this asks for.
inline constexpr std::size_t kChunkKlinesMax = std::size_t{1} << 20;

// The checksum of stored bytes; `place` says where they belong, so that bytes in a wrong place do not pass.
std::uint32_t checksum_of(std::span<const std::byte> bytes, std::uint64_t place);

// Appends the chunk of `klines` to `out`: at most kChunkKlinesMax, in any order (rising starts take fewest
// bytes).
void append_chunk(Bytes& out, std::span<const Kline> klines, std::uint64_t place);

// What a chunk says about itself, its checksum verified.
struct ChunkHead {
  std::size_t count = 0;
  UnixNanos first;  // starts of the first and the last K-line
  UnixNanos last;
};
Result<ChunkHead> read_chunk_head(std::span<const std::byte> chunk, std::uint64_t place);

// The K-lines of a chunk, a column each. Reused from chunk to chunk, it allocates nothing.
class KlineColumns {
 public:
  // Replaces what was there. An error says what is damaged; then the columns hold nothing.
  Result<void> decode(std::span<const std::byte> chunk, std::uint64_t place);

  std::size_t size() const { return count_; }
  UnixNanos start(std::size_t n) const { return from_unix_nanos(static_cast<std::int64_t>(start_[n])); }
  Kline at(std::size_t n) const {
    return {.sequence = {},
            .start = start(n),
            .open = price(open_[n]),
            .high = price(high_[n]),
            .low = price(low_[n]),
            .close = price(close_[n]),
            .volume = Volume::from_raw(static_cast<Int128>(wide(volume_, volume_high_, n) * volume_unit_)),
            .turnover =
                Turnover::from_raw(static_cast<Int128>(wide(turnover_, turnover_high_, n) * turnover_unit_)),
            .trades = static_cast<std::uint32_t>(trades_[n]),
            .revision = static_cast<std::uint32_t>(revision_[n]),
            .closed = true};
  }
  // at(n) as an argument of emplace_back: the K-line is made where it will stay, which takes half the time of
  // making and moving it.
  struct InPlace {
    const KlineColumns& columns;
    std::size_t n;
    operator Kline() const { return columns.at(n); }  // NOLINT: conversion is what it is for
  };
  InPlace in_place(std::size_t n) const { return {*this, n}; }

 private:
  friend class ChunkDecoder;
  __extension__ using Unsigned128 = unsigned __int128;
  using Column = std::vector<std::uint64_t>;

  Price price(std::uint64_t ticks) const {
    return Price::from_raw(static_cast<std::int64_t>(ticks * price_unit_));
  }
  // The high column is there only where a value of the chunk needs more than 63 bits.
  static Unsigned128 wide(const Column& low, const Column& high, std::size_t n) {
    if (high.empty()) return low[n];
    return Unsigned128{high[n]} << 64 | low[n];
  }

  std::size_t count_ = 0;
  std::uint64_t price_unit_ = 1;
  Unsigned128 volume_unit_ = 1;
  Unsigned128 turnover_unit_ = 1;
  // start in nanoseconds, prices in price units, sums in their units; all arithmetic is modulo 2^64 or 2^128.
  Column start_, open_, high_, low_, close_, volume_, volume_high_, turnover_, turnover_high_, trades_,
      revision_;
};

}  // namespace qos::store
