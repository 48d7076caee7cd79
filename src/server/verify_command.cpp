#include "server/verify_command.hpp"

#include <fmt/ostream.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <set>

#include "feed/feed.hpp"
#include "journal/event_text.hpp"
#include "journal/segment_files.hpp"
#include "market/calendar_rules.hpp"
#include "market/plain_text.hpp"
#include "server/config.hpp"
#include "server/reference.hpp"
#include "server/verify.hpp"

namespace qos::server {
namespace {

// How the server's own events are called among the feeds of the journal.
constexpr std::string_view kOwnEvents = "server";
constexpr std::size_t kNamedInstruments = 10;

struct Place {
  Config config;
  std::unique_ptr<Reference> reference;
  journal::Names names;
  std::unique_ptr<store::KlineStore> store;
};

// Calendars of the feeds that traded around the clock were open: the journal's feeds, whatever the
// configuration says now.
void keep_calendars_open(const std::vector<std::string>& feeds, Reference& reference) {
  std::set<market::Market> taken;
  std::vector<feed::FeedPlan> plans;
  for (const auto& text : feeds) {
    const auto spec = feed::FeedSpec::parse(text);
    auto plan = spec ? feed::plan_feed(*spec) : std::unexpected{spec.error()};
    if (!plan) continue;  // the server itself, or a kind that is no more
    taken.insert(plan->markets.begin(), plan->markets.end());
    plans.push_back(std::move(*plan));
  }
  std::set<CalendarId> open;
  for (const auto& plan : plans) {
    if (!plan.keep_open) continue;
    auto markets = plan.markets;
    if (plan.markets_by_default)
      for (const auto& spec : market::kMarketSpecs)
        if (!taken.contains(spec.market)) markets.push_back(spec.market);
    for (const auto market : markets)
      for (const auto id : reference.instruments.of_market(market))
        open.insert(reference.instruments.at(id).calendar);
  }
  for (const CalendarId id : open) reference.calendars.keep_open(id);
}

// As the server has them: feeds of every run, the server itself last.
journal::Names names_of(const Reference& reference, std::vector<std::string> feeds) {
  std::erase(feeds, kOwnEvents);
  feeds.emplace_back(kOwnEvents);
  journal::Names names{.feeds = std::move(feeds)};
  for (std::uint32_t row = 0; row < reference.instruments.size(); ++row)
    names.instruments.push_back(reference.instruments.at(InstrumentId{row}).code.to_string());
  for (std::uint16_t id = 0; id < reference.calendars.size(); ++id)
    names.calendars.push_back(reference.calendars.at(CalendarId{id}).name());
  return names;
}

Result<Place> open_place(Config config) {
  Place place{.config = std::move(config)};
  auto reference = load_reference({.instruments = place.config.instruments, .markets = place.config.markets});
  if (!reference) return std::unexpected{reference.error()};
  place.reference = std::move(*reference);
  settle_closing_prints(place.config, *place.reference);
  const auto names = journal::all_names(io::system_disk(), journal_folder(place.config));
  if (!names) return std::unexpected{names.error()};
  keep_calendars_open(names->feeds, *place.reference);
  place.names = names_of(*place.reference, names->feeds);
  const auto folder = kline_folder(place.config);
  if (!std::filesystem::exists(folder)) return fail("{}: there are no stored K-lines", folder.string());
  auto store = store::KlineStore::open({.folder = folder});
  if (!store) return std::unexpected{store.error()};
  place.store = std::move(*store);
  return place;
}

std::string_view name_of(StoredSeries series) {
  switch (series) {
    case StoredSeries::day:
      return "day";
    case StoredSeries::night:
      return "night minute";
    case StoredSeries::pre_market:
      return "pre-market minute";
    case StoredSeries::after_hours:
      return "after-hours minute";
    case StoredSeries::regular:
      break;
  }
  return "minute";
}

// "189.01 189.5 188.9 189.2, volume 1200, turnover 226812, 12 trades, revision 0"
std::string text_of(const std::optional<Kline>& kline) {
  if (!kline) return "none";
  return fmt::format("{} {} {} {}, volume {}, turnover {}, {} trades, revision {}{}", kline->open.to_string(),
                     kline->high.to_string(), kline->low.to_string(), kline->close.to_string(),
                     kline->volume.to_string(), kline->turnover.to_string(), kline->trades, kline->revision,
                     kline->closed ? "" : ", open");
}

std::string codes_of(const std::vector<InstrumentId>& ids, const market::InstrumentTable& instruments) {
  std::string codes;
  for (std::size_t n = 0; n < std::min(ids.size(), kNamedInstruments); ++n)
    codes += fmt::format("{}{}", n == 0 ? "" : ", ", instruments.at(ids[n]).code.to_string());
  return ids.size() > kNamedInstruments ? codes + ", …" : codes;
}

void print(const VerifyReport& report, const market::InstrumentTable& instruments, std::ostream& out) {
  fmt::print(out, "events {} to {} applied again\n", report.from.value() + 1, report.to.value());
  fmt::print(out, "{} K-lines of {} instruments and {} trades compared with the store, {} differ\n",
             report.klines, report.instruments, report.trades, report.differing);
  fmt::print(out, "{} digests of what was published compared, {} differ\n", report.digests,
             report.digests_differing);
  for (const auto& difference : report.differences)
    fmt::print(out, "different: {} {} {}\n  derived {}\n  stored  {}\n",
               instruments.at(difference.instrument).code.to_string(), name_of(difference.series),
               journal::time_text(difference.start), text_of(difference.derived), text_of(difference.stored));
  if (!report.told.empty())
    fmt::print(out, "not provable: state was told some of the date of {} instruments: {}\n",
               report.told.size(), codes_of(report.told, instruments));
  if (report.imported > 0)
    fmt::print(out, "not provable: {} K-lines were imported, the journal does not have their trades\n",
               report.imported);
  fmt::print(out, "{}\n", report.equal() ? "equal" : "not equal, or not provable");
}

int failed(Terminal terminal, int exit_code, const Error& error) {
  terminal.out.flush();
  fmt::print(terminal.err, "qos verify: {}\n", error.message);
  return exit_code;
}

}  // namespace

int verify(const VerifyFlags& flags, Terminal terminal) {
  const auto date = market::parse_date(flags.date);
  if (!date || !date->ok())
    return failed(terminal, 2,
                  {fmt::format("--date: {} is no date like 2019-02-01", market::shown(flags.date))});
  auto config = effective_config({.config = flags.config, .data = flags.data});
  if (!config) return failed(terminal, 2, config.error());
  auto place = open_place(std::move(*config));
  if (!place) return failed(terminal, 1, place.error());
  const auto& reference = *place->reference;
  VerifyQuestion question{.date = *date};
  if (flags.code) {
    const auto code = market::parse_code(*flags.code);
    const auto* instrument = code ? reference.instruments.find(code->code) : nullptr;
    if (instrument == nullptr)
      return failed(terminal, 2, {fmt::format("--code: there is no {}", market::shown(*flags.code))});
    question.only = instrument->id;
  }
  const replay::Archive archive{.disk = io::system_disk(),
                                .journal = journal_folder(place->config),
                                .checkpoints = checkpoint_folder(place->config),
                                .names = place->names,
                                .instruments = reference.instruments,
                                .calendars = reference.calendars,
                                .options = {.trades_kept = place->config.state.trades_kept,
                                            .klines_kept = place->config.state.klines_kept,
                                            .ledger_kept = place->config.state.ledger_kept,
                                            .anchor = place->config.klines.anchor}};
  const auto report = verify_date(archive, *place->store, question);
  if (!report) return failed(terminal, 1, {"not provable: " + report.error().message});
  print(*report, reference.instruments, terminal.out);
  terminal.out.flush();
  return report->equal() ? 0 : 1;
}

void add_verify_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<VerifyFlags>();
  auto* command = app.add_subcommand(
      "verify",
      "Derive a trading date again from the journal and compare with what was stored and published");
  command->add_option("--date", flags->date, "Trading date, as in 2019-02-01")->required();
  command->add_option("--config", flags->config, "The server's configuration file");
  command->add_option("--data", flags->data, "The server's data folder");
  command->add_option("--code", flags->code, "Only this instrument, as in US:AAPL");
  command->callback(
      [flags, &exit_code] { exit_code = verify(*flags, {.out = std::cout, .err = std::cerr}); });
}

}  // namespace qos::server
