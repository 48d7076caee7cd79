// What `qos import klines` and `qos import trades` share: statements, and reading a file line by line.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "archive/csv_statement.hpp"
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

}  // namespace qos::server
