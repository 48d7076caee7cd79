// `qos import tdx|klines|trades|actions`: history from files, also beside a running server. docs/import.md is
// for operators. One import is stored whole or not at all.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/archive_place.hpp"
#include "server/key_command.hpp"
#include "store/kline_store.hpp"

namespace qos::server {

// Adds the subcommand. When it was chosen, parsing runs it and sets exit_code: 0 done, 1 failed with the
// reason on standard error, and then nothing is stored.
void add_import_command(CLI::App& app, int& exit_code);

enum class DryRun : std::uint8_t { no, yes };

struct ImportOptions {
  ArchiveFlags place;
  store::OnDifferent on_different = store::OnDifferent::keep;
  DryRun dry_run = DryRun::no;  // read and compared, nothing stored
};

// Texts are as on the command line; nullopt: not stated.
struct TdxFlags {
  std::string folder;
  std::optional<std::string> actions;  // CSV
  std::vector<std::string> price_scales;
  std::vector<std::string> volume_units;
  std::vector<std::string> skip;
  std::string noise = "refuse";
};
struct CsvFlags {
  std::string file;
  std::optional<std::string> time;  // unix, local
  std::optional<std::string> zone;
  std::optional<std::string> volume_unit;  // shares, lots, wire
};
struct KlineFlags {
  CsvFlags csv;
  std::optional<std::string> kt;       // 1, 1001
  std::optional<std::string> session;  // regular, night, pre-market, after-hours; for kt 1
  std::optional<std::string> label;    // start, end; for kt 1
  std::string opening_row = "refuse";
  bool as_exported = false;  // --time unix --label start --volume-unit wire
  bool with_days = false;    // days folded from the minutes too
};
struct TradeFlags {
  CsvFlags csv;
  std::optional<std::string> conditions;  // regular, by-phase
};

// What the subcommands do; they return the exit code. The report goes to `out`, progress and reasons to
// `err`.
int import_tdx(const ImportOptions& options, const TdxFlags& flags, Terminal terminal);
int import_klines(const ImportOptions& options, const KlineFlags& flags, Terminal terminal);
int import_trades(const ImportOptions& options, const TradeFlags& flags, Terminal terminal);
int import_actions(const ImportOptions& options, const std::string& file, Terminal terminal);

}  // namespace qos::server
