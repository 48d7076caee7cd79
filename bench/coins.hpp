// Coins that a bench makes up: as many as it wants, open around the clock.
#pragma once

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <string>

#include "core/result.hpp"
#include "market/instrument.hpp"
#include "market/session_calendar.hpp"

namespace qos::bench {

inline market::CalendarTable coin_calendars() {
  std::ifstream file{std::string{QOS_SOURCE_DIR} + "/config/markets/CF.toml"};
  const std::string rules{std::istreambuf_iterator<char>{file}, {}};
  auto calendar = market::SessionCalendar::load({.rules_name = "CF.toml", .rules = rules});
  QOS_ASSERT(calendar.has_value());
  market::CalendarTable table;
  table.add(std::move(*calendar));
  return table;
}

inline market::InstrumentTable coins(std::size_t count, const market::CalendarTable& calendars) {
  std::string csv =
      "code,kind,exchange,currency,name_zh,name_en,lot_size,tick,volume_step,calendar,total_shares,"
      "outstanding_shares,eps,naps,dividend_yield,source\n";
  for (std::size_t n = 0; n < count; ++n)
    csv += fmt::format("CF:C{},perpetual,X,USDT,,,1,0.1,0.001,,,,,,,bench\n", n);
  auto table = market::InstrumentTable::load("bench.csv", csv, calendars);
  QOS_ASSERT(table.has_value());
  return std::move(*table);
}

}  // namespace qos::bench
