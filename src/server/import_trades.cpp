#include <fmt/ostream.h>

#include <ostream>
#include <unordered_set>

#include "archive/kline_import.hpp"
#include "archive/trade_csv.hpp"
#include "server/import_csv.hpp"
#include "server/import_report.hpp"
#include "server/trade_fold.hpp"

namespace qos::server {
namespace {

using market::Code;

Result<archive::TradeCsvStatement> read_flags(const TradeFlags& flags) {
  archive::TradeCsvStatement statement;
  if (flags.conditions) {
    if (*flags.conditions != "regular" && *flags.conditions != "by-phase")
      return fail("--conditions is regular or by-phase");
    statement.conditions =
        *flags.conditions == "regular" ? archive::Conditions::regular : archive::Conditions::by_phase;
  }
  const auto unit = read_volume_unit(flags.csv);
  if (!unit) return std::unexpected{unit.error()};
  statement.volume = *unit;
  auto time = read_time(flags.csv);
  if (!time) return std::unexpected{time.error()};
  statement.time = std::move(*time);
  return statement;
}

using TakeTrade = std::function<Result<void>(const archive::TradeCsvRow&)>;

Result<void> read_rows(const std::string& file, const archive::TradeCsvStatement& statement,
                       archive::CalendarFinder& calendars, const std::string& label, const TakeTrade& take,
                       Terminal terminal) {
  const auto reader =
      read_rows_of<archive::TradeCsvReader>(file, statement, calendars, label, take, terminal);
  if (!reader) return std::unexpected{reader.error()};
  return {};
}

// Codes in the order in which they first came.
class Codes {
 public:
  void see(const Code& code) {
    if (seen_.insert(code).second) codes_.push_back(code);
  }
  const std::vector<Code>& all() const { return codes_; }

 private:
  std::unordered_set<Code> seen_;
  std::vector<Code> codes_;
};

Result<void> store_series(archive::KlineImport& import, const Code& code,
                          const std::array<TradeFold::Series, 5>& made) {
  for (std::size_t series = 0; series < made.size(); ++series) {
    std::vector<store::DatedKline> klines;
    klines.reserve(made[series].size());
    for (const auto& [start, kline] : made[series]) klines.push_back(kline);
    if (auto ok = import.add(code, static_cast<StoredSeries>(series), klines); !ok) return ok;
  }
  return {};
}

struct Imported {
  archive::ImportReport merged;
  std::uint64_t trades = 0;
  std::uint64_t outside_sessions = 0;
  std::size_t not_in_table = 0;
};

// Codes of the instrument table and others are folded by two machines with a table each.
Result<Imported> import_file(const ImportOptions& options, const TradeFlags& flags, Terminal terminal) {
  const auto statement = read_flags(flags);
  if (!statement) return std::unexpected{statement.error()};
  auto place = open_archive_place(options.place, NoHistory::make, terminal);
  if (!place) return std::unexpected{place.error()};
  auto& [calendars, instruments, prices] = *place->reference;
  archive::CalendarFinder finder{instruments, calendars};
  Codes codes;
  Codes others;
  const auto see = [&](const archive::TradeCsvRow& row) -> Result<void> {
    (instruments.find(row.code) != nullptr ? codes : others).see(row.code);
    return {};
  };
  if (auto ok = read_rows(flags.csv.file, *statement, finder, "checking", see, terminal); !ok)
    return std::unexpected{ok.error()};
  const auto by_default = archive::default_instruments(others.all(), calendars);
  if (!by_default) return std::unexpected{by_default.error()};

  TradeFold fold{instruments, calendars};
  TradeFold fold_of_others{*by_default, calendars};
  Imported imported;
  const auto apply = [&](const archive::TradeCsvRow& row) {
    ++imported.trades;
    if (const auto* known = instruments.find(row.code)) return fold.apply(known->id, row.trade);
    return fold_of_others.apply(by_default->find(row.code)->id, row.trade);
  };
  if (auto ok = read_rows(flags.csv.file, *statement, finder, "folding", apply, terminal); !ok)
    return std::unexpected{ok.error()};

  auto import = begin_import(*place, options.on_different);
  if (!import) return std::unexpected{import.error()};
  for (const auto& code : codes.all())
    if (auto ok = store_series(*import, code, fold.of(instruments.find(code)->id)); !ok)
      return std::unexpected{ok.error()};
  for (const auto& code : others.all())
    if (auto ok = store_series(*import, code, fold_of_others.of(by_default->find(code)->id)); !ok)
      return std::unexpected{ok.error()};
  if (options.dry_run == DryRun::no)
    if (auto ok = commit_import(*place, *import, terminal); !ok) return std::unexpected{ok.error()};
  imported.merged = import->report();
  imported.outside_sessions = fold.outside_sessions() + fold_of_others.outside_sessions();
  imported.not_in_table = others.all().size();
  return imported;
}

}  // namespace

int import_trades(const ImportOptions& options, const TradeFlags& flags, Terminal terminal) {
  const auto imported = import_file(options, flags, terminal);
  if (!imported) return import_failed(terminal, imported.error());
  fmt::print(terminal.out, "{} trades\n", imported->trades);
  if (imported->outside_sessions > 0)
    fmt::print(terminal.out, "{} trades outside every session make no K-line\n", imported->outside_sessions);
  print_merge(terminal, imported->merged, options.on_different);
  print_unknown(terminal, imported->not_in_table);
  return import_done(terminal, options.dry_run);
}

}  // namespace qos::server
