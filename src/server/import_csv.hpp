// What `qos import klines` and `qos import trades` share: statements, and reading a file line by line.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "archive/csv_statement.hpp"
#include "archive/default_instrument.hpp"
#include "server/import_command.hpp"

namespace qos::server {

// An error says which statement is missing and what it can be.
Result<archive::CsvTime> read_time(const CsvFlags& flags);
Result<archive::VolumeUnit> read_volume_unit(const CsvFlags& flags);

// Calls header(line) for the first line and row(line) for each other one, showing progress; errors of theirs
// get file and line. The file may be packed with gzip or zstd.
struct CsvPass {
  std::string label;
  std::function<Result<void>(std::string_view)> header;
  std::function<Result<void>(std::string_view)> row;
};
Result<void> read_csv(const std::string& file, const CsvPass& pass, Terminal terminal);

// read_csv with one of the archive's readers: take(row) gets each row that stands for something. Returns the
// reader as it is after the last line.
template <typename Reader, typename Statement, typename Take>
Result<Reader> read_rows_of(const std::string& file, const Statement& statement,
                            archive::CalendarFinder& calendars, const std::string& label, const Take& take,
                            Terminal terminal) {
  std::optional<Reader> reader;
  const CsvPass pass{.label = label,
                     .header = [&](std::string_view line) -> Result<void> {
                       auto begun = Reader::begin(line, statement, calendars);
                       if (!begun) return std::unexpected{begun.error()};
                       reader = std::move(*begun);
                       return {};
                     },
                     .row = [&](std::string_view line) -> Result<void> {
                       auto row = reader->row(line);
                       if (!row) return std::unexpected{row.error()};
                       return *row ? take(std::move(**row)) : Result<void>{};
                     }};
  if (auto ok = read_csv(file, pass, terminal); !ok) return std::unexpected{ok.error()};
  return std::move(*reader);
}

}  // namespace qos::server
