// Whether the files of one code agree: its minutes with its days and its five minutes. They come from one
// vendor, so a difference is a cut-off file or a wrong unit, worth a line in the report.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "market/session_calendar.hpp"
#include "store/kline_store.hpp"

namespace qos::archive {

struct Agreement {
  std::uint64_t equal = 0;
  std::uint64_t different = 0;
  std::string first_different;  // empty: none
};

// Days against the fold of their minutes, where both are there: prices and volume (amounts are floats, whose
// sums differ).
void check_days(std::string_view code, std::span<const store::DatedKline> minutes,
                std::span<const store::DatedKline> days, Agreement& agreement);

// Five minutes against the fold of the minutes, where both are there.
void check_five_minutes(std::string_view code, std::span<const store::DatedKline> minutes,
                        std::span<const store::DatedKline> five_minutes,
                        const market::SessionCalendar& calendar, Agreement& agreement);

}  // namespace qos::archive
