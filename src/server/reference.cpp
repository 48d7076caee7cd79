#include "server/reference.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "io/file.hpp"
#include "server/embedded.hpp"

namespace qos::server {
namespace {

constexpr std::string_view kEmbeddedMarkets = "config/markets/";
constexpr std::string_view kRulesSuffix = ".toml";
constexpr std::string_view kRowsSuffix = ".days.csv";

struct MarketFiles {
  std::string name;  // "US"
  std::string rules_name;
  std::string rules;
  std::string rows_name;
  std::string rows;
};

std::vector<MarketFiles> embedded_markets() {
  std::vector<MarketFiles> found;
  for (const auto& file : embedded_files()) {
    if (!file.path.starts_with(kEmbeddedMarkets) || !file.path.ends_with(kRulesSuffix)) continue;
    const auto stem = file.path.substr(0, file.path.size() - kRulesSuffix.size());
    const auto rows_name = std::string{stem} + std::string{kRowsSuffix};
    found.push_back({.name = std::string{stem.substr(kEmbeddedMarkets.size())},
                     .rules_name = std::string{file.path},
                     .rules = std::string{file.text},
                     .rows_name = rows_name,
                     .rows = std::string{embedded_file(rows_name).value_or("")}});
  }
  return found;
}

Result<std::vector<MarketFiles>> markets_in(const std::filesystem::path& folder) {
  std::error_code problem;
  std::vector<MarketFiles> found;
  for (std::filesystem::directory_iterator at{folder, problem}, end; !problem && at != end;
       at.increment(problem)) {
    if (at->path().extension() != kRulesSuffix) continue;
    MarketFiles files{.name = at->path().stem().string(), .rules_name = at->path().string()};
    auto rules = io::read_file(at->path());
    if (!rules) return std::unexpected{rules.error()};
    files.rules = std::move(*rules);
    const auto rows_path = folder / (files.name + std::string{kRowsSuffix});
    files.rows_name = rows_path.string();
    if (std::filesystem::exists(rows_path)) {
      auto rows = io::read_file(rows_path);
      if (!rows) return std::unexpected{rows.error()};
      files.rows = std::move(*rows);
    }
    found.push_back(std::move(files));
  }
  if (problem) return fail("cannot read the markets folder {}: {}", folder.string(), problem.message());
  if (found.empty()) return fail("the markets folder {} has no .toml file", folder.string());
  return found;
}

// "HK 2026-09-08 (typhoon): …"
Error fault_of(const store::CalendarRow& row, const Error& error) {
  return {fmt::format("{} {} ({}): {}", row.calendar, market::to_string(market::Date{row.date}), row.name,
                      error.message)};
}

// The row as an event, if its calendar takes it.
Result<CalendarChange> change_of(const store::CalendarRow& row, const market::CalendarTable& calendars,
                                 UnixNanos now) {
  const auto calendar = calendars.find(row.calendar);
  if (!calendar) return fail("there is no calendar of this name");
  const auto change = market::change_to(*calendar, row.date, &row.row, now);
  if (const auto fits = calendars.at(*calendar).with(change); !fits) return std::unexpected{fits.error()};
  return change;
}

}  // namespace

Result<market::CalendarTable> load_calendars(const std::filesystem::path& folder) {
  auto files = folder.empty() ? Result<std::vector<MarketFiles>>{embedded_markets()} : markets_in(folder);
  if (!files) return std::unexpected{files.error()};
  // Ids follow the names, so that they are the same on every machine and at every start.
  std::ranges::sort(*files, {}, &MarketFiles::name);
  market::CalendarTable calendars;
  for (const auto& market : *files) {
    auto calendar = market::SessionCalendar::load({.rules_name = market.rules_name,
                                                   .rules = market.rules,
                                                   .rows_name = market.rows_name,
                                                   .rows = market.rows});
    if (!calendar) return std::unexpected{calendar.error()};
    calendars.add(std::move(*calendar));
  }
  return calendars;
}

Result<std::unique_ptr<Reference>> load_reference(const ReferencePaths& paths) {
  auto reference = std::make_unique<Reference>();
  auto calendars = load_calendars(paths.markets);
  if (!calendars) return std::unexpected{calendars.error()};
  reference->calendars = std::move(*calendars);

  std::string name = "data/instruments.csv (embedded)";
  std::string csv{embedded_file("data/instruments.csv").value_or("")};
  if (!paths.instruments.empty()) {
    name = paths.instruments.string();
    auto text = io::read_file(paths.instruments);
    if (!text) return std::unexpected{text.error()};
    csv = std::move(*text);
  }
  auto instruments = market::InstrumentTable::load(name, csv, reference->calendars);
  if (!instruments) return std::unexpected{instruments.error()};
  reference->instruments = std::move(*instruments);
  reference->simulated_prices = embedded_file("data/simulated_prices.csv").value_or("");
  return reference;
}

std::filesystem::path reference_database(const std::filesystem::path& data) {
  return data / "reference.sqlite";
}

std::vector<Error> apply_calendar_rows(market::CalendarTable& calendars,
                                       const std::vector<store::CalendarRow>& rows) {
  std::vector<Error> faults;
  for (const auto& row : rows) {
    auto change = change_of(row, calendars, {});
    auto done = change ? calendars.amend(change->calendar, *change) : std::unexpected{change.error()};
    if (!done) faults.push_back(fault_of(row, done.error()));
  }
  return faults;
}

CalendarNews changes_between(const std::vector<store::CalendarRow>& before,
                             const std::vector<store::CalendarRow>& after,
                             const market::CalendarTable& calendars, UnixNanos now) {
  struct Pair {
    const store::CalendarRow* before = nullptr;
    const store::CalendarRow* after = nullptr;
  };
  std::map<std::pair<std::string, std::chrono::sys_days>, Pair> dates;
  for (const auto& row : before) dates[{row.calendar, row.date}].before = &row;
  for (const auto& row : after) dates[{row.calendar, row.date}].after = &row;

  CalendarNews news;
  for (const auto& [key, pair] : dates) {
    if (pair.before != nullptr && pair.after != nullptr && pair.before->row == pair.after->row) continue;
    if (pair.after != nullptr) {
      auto change = change_of(*pair.after, calendars, now);
      if (change) {
        news.changes.push_back(*change);
        continue;
      }
      news.faults.push_back(fault_of(*pair.after, change.error()));
    }
    // Gone, or replaced by what does not fit: as after a restart, the files hold. A word that never held
    // needs no taking back.
    if (pair.before != nullptr && change_of(*pair.before, calendars, now))
      news.changes.push_back(market::change_to(*calendars.find(key.first), key.second, nullptr, now));
  }
  return news;
}

void settle_closing_prints(const Config& config, Reference& reference) {
  const auto own_bar = parse_markets(config.klines.own_bar).value_or(std::vector<market::Market>{});
  for (const auto& spec : market::kMarketSpecs)
    reference.instruments.set_closing_print(spec.market, std::ranges::count(own_bar, spec.market) > 0
                                                             ? market::ClosingPrint::own_bar
                                                             : market::ClosingPrint::last_bar);
}

}  // namespace qos::server
