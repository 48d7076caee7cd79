// `qos calendar add|remove|list|show|vectors`: what an operator says of single dates, also beside a running
// server, which notices within a second or two. docs/calendars.md is the manual.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "server/key_command.hpp"
#include "store/reference_rows.hpp"

namespace CLI {
class App;
}

namespace qos::server {

// Adds the subcommand. When it was chosen, parsing runs it and sets exit_code: 0 done, 1 failed with the
// reason on standard error. Usage errors are CLI11's, for main to report with exit code 2.
void add_calendar_command(CLI::App& app, int& exit_code);

struct CalendarPlace {
  std::optional<std::string> config;  // --config FILE: the markets and the data folder
  std::optional<std::string> data;    // --data DIR, goes before the file's
};

// What the subcommands do; they return the exit code. The answer goes to `out`, remarks to `err`. A calendar
// is named as its file is; SH and SZ are taken for CN.

// Nothing is written unless the calendar takes the row. Prints what the date is then.
int add_day(const CalendarPlace& place, store::CalendarRow row, Terminal terminal);
// 1 if there is no such row.
int remove_day(const CalendarPlace& place, const std::string& calendar, market::Date date, Terminal terminal);
// The operator's rows, not the files'. Empty: of all calendars.
int list_days(const CalendarPlace& place, const std::string& calendar, Terminal terminal);
// The sessions of a date, and who says so.
int show_day(const CalendarPlace& place, const std::string& calendar, market::Date date, Terminal terminal);
// The session vectors of the calendars as their files are, without the operator's rows. Empty: to `out`.
int write_vectors(const CalendarPlace& place, const std::filesystem::path& file, Terminal terminal);

}  // namespace qos::server
