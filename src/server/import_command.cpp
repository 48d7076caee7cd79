#include "server/import_command.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

namespace qos::server {
namespace {

// Lives as long as the callbacks that CLI11 keeps.
struct Chosen {
  ImportOptions options;
  std::string on_different = "keep";
  bool dry_run = false;
  TdxFlags tdx;
  KlineFlags klines;
  TradeFlags trades;
  std::string actions;

  ImportOptions finished() const {
    auto done = options;
    done.on_different = on_different == "replace" ? store::OnDifferent::replace : store::OnDifferent::keep;
    done.dry_run = dry_run ? DryRun::yes : DryRun::no;
    return done;
  }
};
using Shared = std::shared_ptr<Chosen>;

CLI::App* subcommand(CLI::App& import, const Shared& chosen, const char* name, const char* help) {
  auto* command = import.add_subcommand(name, help);
  command->add_option("--data", chosen->options.place.data,
                      "Data folder (default: the configuration's, var)");
  command->add_option("--config", chosen->options.place.config,
                      "Configuration file, for its data folder, instruments and markets");
  command->add_flag("--dry-run", chosen->dry_run, "Read and compare everything, store nothing");
  return command;
}

void add_on_different(CLI::App& command, const Shared& chosen) {
  command
      .add_option("--on-different", chosen->on_different,
                  "What wins where the store has another K-line: keep (the stored one, the default), replace")
      ->check(CLI::IsMember({"keep", "replace"}));
}

void add_csv_options(CLI::App& command, CsvFlags& flags) {
  command.add_option("FILE", flags.file, "CSV, may be packed with gzip or zstd")->required();
  command.add_option("--time", flags.time, "How times are written: unix (seconds), local (with --zone)");
  command.add_option("--zone", flags.zone, "Zone of local times: Asia/Shanghai, America/New_York, …");
  command.add_option("--volume-unit", flags.volume_unit,
                     "What volumes count: shares, lots (of 100, SH and SZ), wire (as the API writes v)");
}

void add_tdx(CLI::App& import, const Shared& chosen, Terminal terminal, int& exit_code) {
  auto* command = subcommand(import, chosen, "tdx", "K-lines of a TDX vipdoc folder");
  auto& flags = chosen->tdx;
  command->add_option("DIR", flags.folder, "The vipdoc folder, with sh/lday/*.day, sh/minline/*.lc1, …")
      ->required();
  command->add_option("--actions", flags.actions,
                      "Corporate actions too: TDX's gbbq as CSV, or our own form");
  command->add_option("--price-scale", flags.price_scales,
                      "State the scale of prices of codes: SH:204*=1000; may be repeated");
  command->add_option("--volume-unit", flags.volume_units,
                      "State how many shares a volume of 1 is: SZ:12*=10; may be repeated");
  command->add_option("--skip", flags.skip, "Leave codes out: SH:204*; may be repeated");
  command->add_option("--noise", flags.noise,
                      "Records whose high or low does not enclose open and close: refuse (default), widen");
  add_on_different(*command, chosen);
  command->callback(
      [chosen, terminal, &exit_code] { exit_code = import_tdx(chosen->finished(), chosen->tdx, terminal); });
}

void add_klines(CLI::App& import, const Shared& chosen, Terminal terminal, int& exit_code) {
  auto* command = subcommand(import, chosen, "klines", "K-lines of a CSV file: c,ts,o,h,l,cl,v,t");
  auto& flags = chosen->klines;
  add_csv_options(*command, flags.csv);
  command->add_option("--kt", flags.kt, "What the rows are: 1 (minutes), 1001 (days)");
  command->add_option("--session", flags.session,
                      "Session of minutes: regular (default), night, pre-market, after-hours");
  command->add_option("--label", flags.label, "Which end of a minute its time is: start, end");
  command->add_option("--opening-row", flags.opening_row,
                      "A row of the opening auction, labelled with the open: refuse (default), first-minute");
  command->add_flag("--as-exported", flags.as_exported,
                    "As `qos export` writes: --time unix --label start --volume-unit wire");
  command->add_flag("--with-days", flags.with_days, "Store the days that the minutes make, too");
  add_on_different(*command, chosen);
  command->callback([chosen, terminal, &exit_code] {
    exit_code = import_klines(chosen->finished(), chosen->klines, terminal);
  });
}

void add_trades(CLI::App& import, const Shared& chosen, Terminal terminal, int& exit_code) {
  auto* command =
      subcommand(import, chosen, "trades", "Minutes and days made of the trades of a CSV file: c,ts,p,v");
  add_csv_options(*command, chosen->trades.csv);
  command->add_option(
      "--conditions", chosen->trades.conditions,
      "What trades are, where there is no column x: regular, by-phase (auctions by their time)");
  add_on_different(*command, chosen);
  command->callback([chosen, terminal, &exit_code] {
    exit_code = import_trades(chosen->finished(), chosen->trades, terminal);
  });
}

void add_actions(CLI::App& import, const Shared& chosen, Terminal terminal, int& exit_code) {
  auto* command =
      subcommand(import, chosen, "actions",
                 "Dividends, splits, bonus and rights issues of a CSV file (ours, or TDX's gbbq)");
  command->add_option("FILE", chosen->actions, "CSV")->required();
  command->callback([chosen, terminal, &exit_code] {
    exit_code = import_actions(chosen->finished(), chosen->actions, terminal);
  });
}

}  // namespace

void add_import_command(CLI::App& app, int& exit_code) {
  const auto chosen = std::make_shared<Chosen>();
  const Terminal terminal{.out = std::cout, .err = std::cerr};
  auto* import = app.add_subcommand("import", "K-lines, trades and corporate actions from files");
  import->require_subcommand(1);
  add_tdx(*import, chosen, terminal, exit_code);
  add_klines(*import, chosen, terminal, exit_code);
  add_trades(*import, chosen, terminal, exit_code);
  add_actions(*import, chosen, terminal, exit_code);
}

}  // namespace qos::server
