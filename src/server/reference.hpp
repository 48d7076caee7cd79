// Loads what the markets are, from files of the operator or from those the binary carries.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/result.hpp"
#include "market/instrument.hpp"
#include "market/session_calendar.hpp"

namespace qos::server {

// Calendars and instruments. Built before the first thread starts, then read by all.
struct Reference {
  market::CalendarTable calendars;
  market::InstrumentTable instruments;
  std::string simulated_prices;  // CSV, for the simulated feed
};

struct ReferencePaths {
  std::filesystem::path instruments;  // CSV; empty: the embedded table
  std::filesystem::path markets;      // folder of NAME.toml and NAME.days.csv; empty: the embedded ones
};

Result<market::CalendarTable> load_calendars(const std::filesystem::path& folder);
// The calendars are settled (which of them is kept open) before instruments refer to them.
Result<std::unique_ptr<Reference>> load_reference(const ReferencePaths& paths);

}  // namespace qos::server
