// The days whose instants are published as session vectors, and what each is there to show.
#pragma once

#include <array>
#include <string_view>

namespace qos::market {

struct VectorDay {
  std::string_view market;  // the wire's; SH stands for SZ too
  std::string_view date;    // local; a closed day is asked at noon
  std::string_view why;     // without commas: it stands in a CSV
};

inline constexpr std::array kVectorDays = std::to_array<VectorDay>({
    {"US", "2012-10-29", "hurricane: closed"},
    {"US", "2021-12-31", "last day of a year whose new year falls on a Saturday: full"},
    {"US", "2022-01-03", "first day of a year"},
    {"US", "2025-01-09", "day of mourning: closed"},
    {"US", "2025-01-20", "holiday on a Monday: no night from Sunday either"},
    {"US", "2025-01-21", "night from the evening of a holiday"},
    {"US", "2025-03-07", "the Friday before clocks go forward"},
    {"US", "2025-03-09", "clocks go forward"},
    {"US", "2025-03-10", "the Monday after clocks went forward"},
    {"US", "2025-07-03", "half day"},
    {"US", "2025-07-04", "holiday"},
    {"US", "2025-10-31", "the Friday before clocks go back"},
    {"US", "2025-11-02", "clocks go back"},
    {"US", "2025-11-03", "the Monday after clocks went back"},
    {"US", "2025-12-31", "last day of the year"},
    {"US", "2026-01-01", "new year"},
    {"US", "2026-01-02", "first day of the year"},
    {"US", "2026-11-26", "holiday"},
    {"US", "2026-11-27", "half day"},
    {"US", "2026-11-28", "Saturday"},
    {"HK", "2011-03-04", "hours until March 2011"},
    {"HK", "2011-03-07", "hours until March 2012"},
    {"HK", "2012-03-05", "hours until July 2016: no closing auction"},
    {"HK", "2016-07-25", "first closing auction"},
    {"HK", "2022-11-02", "typhoon: ended at 13:55"},
    {"HK", "2023-09-01", "typhoon: closed"},
    {"HK", "2023-09-08", "black rainstorm: closed"},
    {"HK", "2023-10-09", "typhoon: trading from 14:00"},
    {"HK", "2024-12-24", "half day"},
    {"HK", "2025-01-28", "half day before the lunar new year"},
    {"HK", "2025-01-29", "lunar new year"},
    {"HK", "2025-12-31", "half day at the end of the year"},
    {"HK", "2026-01-01", "new year"},
    {"HK", "2026-01-05", "full day"},
    {"SH", "2018-03-14", "before the fixed price after the close"},
    {"SH", "2019-07-22", "first fixed price after the close"},
    {"SH", "2024-02-18", "working Sunday without trading"},
    {"SH", "2025-03-14", "full day"},
    {"SH", "2025-09-30", "last day before the golden week"},
    {"SH", "2025-10-01", "golden week"},
    {"SH", "2025-10-09", "first day after the golden week"},
    {"SH", "2025-10-11", "working Saturday without trading"},
    {"SH", "2025-12-31", "last day of the year"},
    {"SH", "2026-01-05", "first day of the year"},
    {"CF", "2024-02-29", "leap day"},
    {"CF", "2024-12-31", "last day of the year"},
    {"CF", "2025-01-01", "first day of the year"},
    {"CF", "2025-03-09", "a Sunday on which others change their clocks"},
    {"FX", "2025-03-07", "Friday: ends at 17:00"},
    {"FX", "2025-03-08", "Saturday"},
    {"FX", "2025-03-10", "Monday: opens on Sunday after clocks went forward"},
    {"FX", "2025-11-03", "Monday: opens on Sunday after clocks went back"},
    {"FX", "2025-12-24", "ends at 17:00 before Christmas"},
    {"FX", "2025-12-25", "Christmas"},
    {"FX", "2025-12-26", "opens in the evening of Christmas"},
    {"FX", "2025-12-31", "last day of the year"},
    {"FX", "2026-01-01", "new year"},
    {"FX", "2026-01-02", "opens in the evening of the new year"},
    {"CM", "2025-03-10", "Monday: opens on Sunday after clocks went forward"},
    {"CM", "2025-12-25", "Christmas"},
    {"CM", "2025-12-26", "opens in the evening of Christmas"},
});

}  // namespace qos::market
