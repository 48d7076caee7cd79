// What an operator adds to the reference data while the server runs: rows of calendars and corporate actions,
// in <data>/reference.sqlite. The commands write, the server reads and looks now and then whether there is
// news.
//
// Threads: one thread at a time. Several processes may have it open.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "market/calendar_rules.hpp"
#include "market/corporate_action.hpp"
#include "store/sqlite.hpp"

namespace qos::store {

struct CalendarRow {
  std::string calendar;  // its name: "HK"
  std::chrono::sys_days date;
  market::DayRow row;  // `line` is 0
  std::string name;    // why
  std::string source;  // who says so

  friend bool operator==(const CalendarRow&, const CalendarRow&) = default;
};

struct ActionReport {
  std::uint64_t added = 0;
  std::uint64_t equal = 0;
  std::uint64_t different = 0;  // same code, date and kind, other values: replaced
};

struct SimulatedPast {
  std::string code;
  bool always_open = false;  // its K-lines were made around the clock

  friend bool operator==(const SimulatedPast&, const SimulatedPast&) = default;
};

class ReferenceRows {
 public:
  static Result<ReferenceRows> open(const std::filesystem::path& file);

  // One row a calendar and date; a second one replaces the first. False: it was there like this.
  Result<bool> put(const CalendarRow& row);
  // False: there was none.
  Result<bool> remove(const std::string& calendar, std::chrono::sys_days date);
  Result<std::vector<CalendarRow>> calendar_rows();  // by calendar and date

  // All of them or none.
  Result<ActionReport> put(const std::vector<market::CodedAction>& actions);
  Result<std::vector<market::CodedAction>> actions();  // by code and date

  // Instruments whose stored past the simulated market made up: before anything real is stored of one, all of
  // that has to go.
  Result<void> mark_simulated(std::span<const std::string> codes, bool always_open);
  Result<std::vector<SimulatedPast>> simulated();  // by code
  // Takes the marks away, and with them the corporate actions that were made up (source kSimulated).
  Result<void> forget_simulated(std::span<const std::string> codes);
  static constexpr std::string_view kSimulated = "simulated";

  // Whether another connection has changed anything since the last call (or since open).
  Result<bool> changed();

 private:
  explicit ReferenceRows(Database database) : database_{std::move(database)} {}
  Database database_;
  std::int64_t seen_ = 0;
};

}  // namespace qos::store
