// `qos export`: K-lines of any code, type, range and adjustment as CSV, read as /history reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/archive_place.hpp"
#include "server/key_command.hpp"

namespace qos::server {

// Adds the subcommand; exit codes as of add_import_command.
void add_export_command(CLI::App& app, int& exit_code);

// Texts are as on the command line; nullopt: not stated.
struct ExportFlags {
  ArchiveFlags place;
  std::vector<std::string> codes;         // "SZ:300059,000001", "SZ:*"
  std::optional<std::string> codes_file;  // a code, a list or a pattern a line
  std::int64_t kt = 1001;
  int adjust = 0;
  std::string session = "regular";  // another one: minutes only
  std::optional<std::string> from;  // dates in the market's zone, both included
  std::optional<std::string> to;
  std::optional<std::string> out;  // a file; else standard output
};

// The CSV goes to `out` unless a file is named, everything else to `err`. A file appears whole or not at all.
int export_klines(const ExportFlags& flags, Terminal terminal);

}  // namespace qos::server
