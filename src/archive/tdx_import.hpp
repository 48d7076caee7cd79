// A whole vipdoc folder: reads every file of a listing in turn and hands the K-lines on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "archive/tdx_check.hpp"
#include "archive/tdx_folder.hpp"
#include "archive/tdx_records.hpp"

namespace qos::archive {

struct TdxReading {
  const market::SessionCalendar& calendar;  // of SH and SZ
  const TdxUnitRules& units;
  Noise noise = Noise::refuse;
};

struct TdxReport {
  std::uint64_t files = 0;
  std::uint64_t records = 0;
  std::uint64_t without_trades = 0;
  std::uint64_t widened = 0;
  std::string first_widened;
  std::uint64_t five_minute_files = 0;  // read to compare, never stored: minutes hold all that they say
  Agreement days;
  Agreement five_minutes;
};

// States what is missing for every code of the listing at once: an error names the files of unknown class.
Result<void> check_units(const TdxListing& listing, const TdxUnitRules& units);

// Takes the K-lines of one file, days or minutes.
using TakeKlines = std::function<Result<void>(const TdxFile&, const TdxKlines&)>;
// Called before each file: how many are done.
using OnFile = std::function<void(std::uint64_t done)>;

// Stops at the first error. Files must not change between a first and a second reading; if they do, the
// second one's checks hold.
Result<TdxReport> read_tdx(const TdxListing& listing, const TdxReading& reading, const OnFile& on_file,
                           const TakeKlines& take);

}  // namespace qos::archive
