#include <fmt/ostream.h>

#include <ostream>
#include <unordered_map>

#include "archive/kline_csv.hpp"
#include "archive/kline_import.hpp"
#include "market/kline_fold.hpp"
#include "server/import_csv.hpp"
#include "server/import_report.hpp"

namespace qos::server {
namespace {

// K-lines of one code that are handed to the store at once.
constexpr std::size_t kRun = 65'536;

Result<StoredSeries> read_series(const KlineFlags& flags) {
  if (!flags.kt)
    return fail("the file does not say what its K-lines are: state --kt 1 (minutes) or --kt 1001 (days)");
  if (*flags.kt == "1001") {
    if (flags.session) return fail("--session goes with --kt 1");
    return StoredSeries::day;
  }
  if (*flags.kt != "1")
    return fail("--kt {}: only minutes (1) and days (1001) are stored, all other types are made of them",
                *flags.kt);
  const auto session = flags.session.value_or("regular");
  if (session == "regular") return StoredSeries::regular;
  if (session == "night") return StoredSeries::night;
  if (session == "pre-market") return StoredSeries::pre_market;
  if (session == "after-hours") return StoredSeries::after_hours;
  return fail("--session is regular, night, pre-market or after-hours");
}

Result<archive::KlineCsvStatement> read_flags(KlineFlags flags) {
  if (flags.as_exported) {
    if (flags.csv.time || flags.csv.volume_unit || flags.label)
      return fail("--as-exported states --time, --volume-unit and --label itself");
    flags.csv.time = "unix";
    flags.csv.volume_unit = "wire";
    flags.label = "start";
  }
  archive::KlineCsvStatement statement;
  const auto series = read_series(flags);
  if (!series) return std::unexpected{series.error()};
  statement.series = *series;
  const bool minutes = *series != StoredSeries::day;
  if (minutes && !flags.label)
    return fail("the file does not say whether the time of a minute is its start or its end: state --label");
  if (flags.label && *flags.label != "start" && *flags.label != "end") return fail("--label is start or end");
  if (minutes && *flags.label == "end") statement.label = archive::Label::end;
  if (flags.opening_row != "refuse" && flags.opening_row != "first-minute")
    return fail("--opening-row is refuse or first-minute");
  if (flags.opening_row == "first-minute") statement.opening = archive::OpeningRow::first_minute;
  if (flags.with_days && *series != StoredSeries::regular)
    return fail("--with-days goes with --kt 1 of the regular session");
  const auto unit = read_volume_unit(flags.csv);
  if (!unit) return std::unexpected{unit.error()};
  statement.volume = *unit;
  auto time = read_time(flags.csv);
  if (!time) return std::unexpected{time.error()};
  statement.time = std::move(*time);
  return statement;
}

// Gathers rows into runs of one code, and folds days of minutes on the way.
class Runs {
 public:
  Runs(archive::KlineImport& import, StoredSeries series, bool with_days, archive::CalendarFinder& calendars)
      : import_{import}, series_{series}, with_days_{with_days}, calendars_{calendars} {}

  Result<void> add(archive::KlineCsvRow&& row) {
    if (!(row.code == code_) || run_.size() == kRun)
      if (auto ok = flush(); !ok) return ok;
    if (with_days_)
      if (auto ok = continue_day(row); !ok) return ok;
    code_ = std::move(row.code);
    run_.push_back(row.kline);
    return {};
  }

  Result<void> end() {
    if (auto ok = flush(); !ok) return ok;
    for (const auto& [code, days] : days_)
      if (auto ok = import_.add(code, StoredSeries::day, days); !ok) return ok;
    return {};
  }

 private:
  Result<void> flush() {
    const auto ok = import_.add(code_, series_, run_);
    run_.clear();
    return ok;
  }

  Result<void> continue_day(const archive::KlineCsvRow& row) {
    auto& days = days_[row.code];
    if (!days.empty() && days.back().trading_date == row.kline.trading_date) {
      market::continue_kline(days.back().kline, row.kline.kline);
      return {};
    }
    const auto booking = calendars_.booking_of(row.code);
    if (!booking) return std::unexpected{booking.error()};
    days.push_back(row.kline);
    days.back().kline.start = booking->calendar->local_midnight(row.kline.trading_date);
    return {};
  }

  archive::KlineImport& import_;
  StoredSeries series_;
  bool with_days_;
  archive::CalendarFinder& calendars_;
  market::Code code_;
  std::vector<store::DatedKline> run_;
  std::unordered_map<market::Code, std::vector<store::DatedKline>> days_;
};

Result<std::uint64_t> read_rows(const std::string& file, const archive::KlineCsvStatement& statement,
                                archive::CalendarFinder& calendars, const std::string& label,
                                const std::function<Result<void>(archive::KlineCsvRow&&)>& take,
                                Terminal terminal) {
  auto reader = read_rows_of<archive::KlineCsvReader>(file, statement, calendars, label, take, terminal);
  if (!reader) return std::unexpected{reader.error()};
  if (auto ok = reader->end(); !ok) return within(file, ok.error());
  return reader->opening_rows();
}

struct Imported {
  archive::ImportReport merged;
  std::uint64_t opening_rows = 0;
  std::size_t not_in_table = 0;
};

Result<Imported> import_file(const ImportOptions& options, const KlineFlags& flags, Terminal terminal) {
  const auto statement = read_flags(flags);
  if (!statement) return std::unexpected{statement.error()};
  auto place = open_archive_place(options.place, NoHistory::make, terminal);
  if (!place) return std::unexpected{place.error()};
  archive::CalendarFinder calendars{place->reference->instruments, place->reference->calendars};
  const auto& file = flags.csv.file;
  const auto nothing = [](archive::KlineCsvRow&&) -> Result<void> { return {}; };
  const auto checked = read_rows(file, *statement, calendars, "checking", nothing, terminal);
  if (!checked) return std::unexpected{checked.error()};

  auto import = begin_import(*place, options.on_different);
  if (!import) return std::unexpected{import.error()};
  Runs runs{*import, statement->series, flags.with_days, calendars};
  const auto take = [&](archive::KlineCsvRow&& row) { return runs.add(std::move(row)); };
  if (auto ok = read_rows(file, *statement, calendars, "storing", take, terminal); !ok)
    return std::unexpected{ok.error()};
  if (auto ok = runs.end(); !ok) return std::unexpected{ok.error()};
  if (options.dry_run == DryRun::no)
    if (auto ok = commit_import(*place, *import, terminal); !ok) return std::unexpected{ok.error()};
  return Imported{
      .merged = import->report(), .opening_rows = *checked, .not_in_table = calendars.not_in_table()};
}

}  // namespace

int import_klines(const ImportOptions& options, const KlineFlags& flags, Terminal terminal) {
  const auto imported = import_file(options, flags, terminal);
  if (!imported) return import_failed(terminal, imported.error());
  print_merge(terminal, imported->merged, options.on_different);
  if (imported->opening_rows > 0)
    fmt::print(terminal.out, "{} rows of opening auctions added to their first minutes\n",
               imported->opening_rows);
  print_unknown(terminal, imported->not_in_table);
  return import_done(terminal, options.dry_run);
}

}  // namespace qos::server
