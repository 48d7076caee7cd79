// The records of TDX .day, .lc1 and .lc5 files. docs/formats/tdx.md is the specification. Pure functions of
// bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/tdx_units.hpp"
#include "core/result.hpp"
#include "market/session_calendar.hpp"
#include "store/kline_store.hpp"

namespace qos::archive {

inline constexpr std::size_t kTdxRecordBytes = 32;
// Files above are refused unread: 32,768 days are 130 years, 2 million minutes 34 years.
inline constexpr std::size_t kMaxTdxDayFile = std::size_t{1} << 20;
inline constexpr std::size_t kMaxTdxMinuteFile = std::size_t{64} << 20;

// What to do with a record whose high or low does not enclose its open and close (vendors' indices of the
// 1990s have some): refuse the file, or widen high and low just so far, counted.
enum class Noise : std::uint8_t { refuse, widen };

struct TdxDecoding {
  const market::SessionCalendar& calendar;
  TdxUnits units;
  Noise noise = Noise::refuse;
};

struct TdxKlines {
  std::vector<store::DatedKline> klines;  // rising; closed, sequence and trades 0
  std::uint64_t records = 0;              // in the file
  std::uint64_t without_trades = 0;       // left out: no volume
  std::uint64_t widened = 0;
  std::string first_widened;  // file and record, empty: none
};

// `name` is for errors: "sh600000.day: record 17 (2017-01-03): <reason>". Records count from 1. A date that
// the calendar knows must be a trading day of it; one before or after what it knows is taken as it stands.
Result<TdxKlines> decode_tdx_days(std::string_view name, std::span<const std::byte> bytes,
                                  const TdxDecoding& decoding);

enum class TdxMinutes : std::uint8_t { one = 1, five = 5 };

// The label of a record is its minute's end (09:31 … 15:00); the K-line's start is so much earlier, and must
// lie in a regular session of its date, where the calendar knows the date.
Result<TdxKlines> decode_tdx_minutes(std::string_view name, std::span<const std::byte> bytes, TdxMinutes each,
                                     const TdxDecoding& decoding);

}  // namespace qos::archive
