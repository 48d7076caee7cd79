// What the instrument tests and the fuzz target stand on: calendars that only have names, and rows made cell
// by cell.
#pragma once

#include <fmt/ranges.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "market/instrument.hpp"

namespace qos::market {

inline CalendarTable named_calendars() {
  CalendarTable table;
  for (const std::string_view name : {"US", "HK", "CN", "CF", "FX", "CM"}) {
    const auto rules = fmt::format(
        "name = \"{}\"\nzone = \"UTC\"\nfrom = 2024-01-01\nhorizon = 2024-12-31\n"
        "weekdays = [\"Mon\", \"Tue\", \"Wed\", \"Thu\", \"Fri\"]\n[[hours]]\nfrom = 2024-01-01\nsource = "
        "\"test\"\n"
        "full = [{{ phase = \"regular\", open = \"09:30\", close = \"16:00\" }}]\n",
        name);
    auto calendar = SessionCalendar::load({.rules_name = name, .rules = rules, .rows_name = {}, .rows = {}});
    QOS_ASSERT(calendar.has_value());
    table.add(std::move(*calendar));
  }
  return table;
}

inline const std::vector<std::string> kColumnNames{
    "code",     "kind", "exchange",       "currency", "name_zh",      "name_en",
    "lot_size", "tick", "volume_step",    "calendar", "total_shares", "outstanding_shares",
    "eps",      "naps", "dividend_yield", "source"};

using Cells = std::map<std::string, std::string>;

inline std::string csv_field(std::string_view cell) {
  std::string out = "\"";
  for (const char c : cell) out.append(c == '"' ? 2 : 1, c);
  return out + '"';
}

inline std::string csv_header() {
  return fmt::format("{}\n", fmt::join(kColumnNames, ","));
}

// A good row of US:AAPL, but for the cells given.
inline std::string csv_row(const Cells& cells) {
  Cells all{
      {"code", "US:AAPL"}, {"kind", "stock"}, {"exchange", "NASD"}, {"currency", "USD"}, {"tick", "0.01"}};
  for (const auto& [column, cell] : cells) all[column] = cell;
  std::vector<std::string> line;
  for (const auto& column : kColumnNames) line.push_back(csv_field(all[column]));
  return fmt::format("{}\n", fmt::join(line, ","));
}

}  // namespace qos::market
