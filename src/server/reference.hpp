// Loads what the markets are, from files of the operator or from those the binary carries.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "market/instrument.hpp"
#include "market/session_calendar.hpp"
#include "server/config.hpp"
#include "store/reference_rows.hpp"

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

// Where the closing prints of each market go, as klines.own_bar says; before anything reads the table.
void settle_closing_prints(const Config& config, Reference& reference);

// <data>/reference.sqlite: an operator's rows.
std::filesystem::path reference_database(const std::filesystem::path& data);

// Puts an operator's rows over what the files say, before anything reads the table. A row that does not fit
// (its calendar is gone, its date is before the file's range) is left out and told of; the others hold.
std::vector<Error> apply_calendar_rows(market::CalendarTable& calendars,
                                       const std::vector<store::CalendarRow>& rows);

// What to tell state after the rows have changed from `before` to `after`, in order of calendar and date. A
// row that is gone takes its word back; one that does not fit is told of and not sent. Why and by whose word
// are no part of an event: rows that differ only in them are no news.
struct CalendarNews {
  std::vector<CalendarChange> changes;
  std::vector<Error> faults;
};
CalendarNews changes_between(const std::vector<store::CalendarRow>& before,
                             const std::vector<store::CalendarRow>& after,
                             const market::CalendarTable& calendars, UnixNanos now);

}  // namespace qos::server
