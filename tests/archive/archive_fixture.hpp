// The project's calendars as a table, an empty instrument table, and CSV read from a text.
#pragma once

#include <string>
#include <vector>

#include "archive/kline_csv.hpp"
#include "archive/trade_csv.hpp"
#include "market/calendars.hpp"

namespace qos::archive {

inline const market::CalendarTable& calendar_table() {
  static const market::CalendarTable table = [] {
    market::CalendarTable calendars;
    for (const auto* name : {"CF", "CM", "CN", "FX", "HK", "US"}) calendars.add(market::calendar(name));
    return calendars;
  }();
  return table;
}

inline const market::InstrumentTable& no_instruments() {
  static const market::InstrumentTable table;
  return table;
}

inline CsvTime local_time(const char* zone) {
  return CsvTime::local(market::ZoneOffsets::load(zone).value());
}

// All K-lines of a text, or the first error with its line.
inline Result<std::vector<KlineCsvRow>> read_klines(std::string_view text,
                                                    const KlineCsvStatement& statement) {
  CalendarFinder calendars{no_instruments(), calendar_table()};
  std::vector<KlineCsvRow> rows;
  std::optional<KlineCsvReader> reader;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!reader) {
      auto begun = KlineCsvReader::begin(line, statement, calendars);
      if (!begun) return std::unexpected{begun.error()};
      reader = std::move(*begun);
      continue;
    }
    auto row = reader->row(line);
    if (!row) return fail("{}: {}", number, row.error().message);
    if (*row) rows.push_back(std::move(**row));
  }
  if (reader)
    if (auto ok = reader->end(); !ok) return std::unexpected{ok.error()};
  return rows;
}

}  // namespace qos::archive
