#include "server/calendar_command.hpp"

#include <fmt/chrono.h>
#include <fmt/ostream.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <utility>

#include "io/file.hpp"
#include "market/plain_text.hpp"
#include "market/session_vectors.hpp"
#include "server/config.hpp"
#include "server/data_folder.hpp"
#include "server/reference.hpp"

namespace qos::server {
namespace {

using market::Date;
using store::CalendarRow;

// Longer reasons belong into a file of the operator's own.
constexpr std::size_t kMaxWords = 200;  // bytes

// The calendars as their files are, and the operator's rows.
struct OpenCalendars {
  market::CalendarTable calendars;
  std::filesystem::path file;
  std::optional<store::ReferenceRows> store;  // none: nobody has said anything yet
  std::vector<CalendarRow> rows;
};

Result<void> open_store(OpenCalendars& open) {
  auto store = store::ReferenceRows::open(open.file);
  if (!store) return std::unexpected{store.error()};
  auto rows = store->calendar_rows();
  if (!rows) return std::unexpected{rows.error()};
  open.store = std::move(*store);
  open.rows = std::move(*rows);
  return {};
}

// Makes nothing: whoever only looks leaves no file behind.
Result<OpenCalendars> open_calendars(const CalendarPlace& place) {
  const auto config = effective_config({.config = place.config, .data = place.data});
  if (!config) return std::unexpected{config.error()};
  auto calendars = load_calendars(config->markets);
  if (!calendars) return std::unexpected{calendars.error()};
  OpenCalendars open{.calendars = std::move(*calendars), .file = reference_database(config->data)};
  std::error_code ignored;
  if (std::filesystem::exists(open.file, ignored))
    if (auto opened = open_store(open); !opened) return std::unexpected{opened.error()};
  return open;
}

Result<bool> write_row(OpenCalendars& open, const CalendarRow& row) {
  if (!open.store) {
    if (auto made = make_data_folder(open.file.parent_path()); !made) return std::unexpected{made.error()};
    if (auto opened = open_store(open); !opened) return std::unexpected{opened.error()};
  }
  return open.store->put(row);
}

int failed(Terminal terminal, const Error& error) {
  fmt::print(terminal.err, "qos calendar: {}\n", error.message);
  return 1;
}

int done(Terminal terminal) {
  terminal.out.flush();
  if (terminal.out) return 0;
  return failed(terminal, {"the answer could not be written out"});
}

Result<CalendarId> find_calendar(const market::CalendarTable& calendars, const std::string& name) {
  if (const auto id = calendars.find(name)) return *id;
  std::string known;
  for (std::size_t i = 0; i < calendars.size(); ++i) {
    if (i > 0) known += ", ";
    known += calendars.at(CalendarId{static_cast<CalendarId::rep>(i)}).name();
  }
  return fail("there is no calendar {}; known: {} (SH and SZ are CN)", market::shown(name), known);
}

// Shanghai and Shenzhen are two markets with one calendar.
std::string calendar_of(const std::string& market, Terminal terminal) {
  if (market != "SH" && market != "SZ") return market;
  fmt::print(terminal.err, "{} has the calendar CN, which SH and SZ share\n", market);
  return "CN";
}

void warn(const std::vector<Error>& faults, Terminal terminal) {
  for (const Error& fault : faults) fmt::print(terminal.err, "not in force: {}\n", fault.message);
}

// "closed", "partial 14:30 -"
std::string words_of(const market::DayRow& row) {
  if (row.kind != market::DayRow::Kind::partial) return std::string{market::to_string(row.kind)};
  return fmt::format("partial {} - {}", row.open ? market::to_string(*row.open) : "",
                     row.close ? market::to_string(*row.close) : "");
}

std::string local_text(const market::SessionCalendar& calendar, UnixNanos t) {
  return fmt::format(
      "{:%Y-%m-%d %H:%M}",
      fmt::gmtime(static_cast<std::time_t>(calendar.local_time(t).time_since_epoch().count())));
}

std::string utc_text(UnixNanos t) {
  return fmt::format("{:%Y-%m-%d %H:%M}Z", fmt::gmtime(static_cast<std::time_t>(unix_seconds(t))));
}

void print_day(std::ostream& out, const market::SessionCalendar& calendar, Date date,
               const CalendarRow* row) {
  const auto kind = calendar.kind(date);
  const bool is_known = date <= calendar.horizon();
  const std::string_view day = !is_known                        ? "not known"
                               : !kind                          ? "closed"
                               : *kind == market::DayKind::half ? "half day"
                                                                : "full day";
  fmt::print(out, "{} {} {:%A}: {}\n", calendar.name(), market::to_string(date),
             fmt::gmtime(std::chrono::sys_days{date}), day);
  if (row != nullptr)
    fmt::print(out, "  operator: {}, {} ({})\n", words_of(row->row), row->name, row->source);
  fmt::print(out, "  files:    {}\n", calendar.reason(date));
  const auto sessions = calendar.sessions_of(date);
  if (sessions.empty()) return;
  fmt::print(out, "  {:<17}  {:<35}  {}\n", "SESSION", calendar.zone(), "UTC");
  for (const auto& session : sessions)
    fmt::print(out, "  {:<17}  {} - {}  {} - {}\n", market::to_string(session.phase),
               local_text(calendar, session.open), local_text(calendar, session.close),
               utc_text(session.open), utc_text(session.close));
}

const CalendarRow* row_of(const std::vector<CalendarRow>& rows, const std::string& calendar, Date date) {
  const auto found = std::ranges::find_if(
      rows, [&](const CalendarRow& row) { return row.calendar == calendar && Date{row.date} == date; });
  return found == rows.end() ? nullptr : &*found;
}

Result<void> check_words(const char* what, const std::string& text) {
  if (text.empty()) return fail("{} must not be empty", what);
  if (text.size() > kMaxWords) return fail("{} has {} bytes, at most {}", what, text.size(), kMaxWords);
  if (const auto fault = market::text_fault(text)) return fail("{}: {}", what, *fault);
  return {};
}

constexpr std::string_view kFollows = "a running server follows within seconds, else the next start";

}  // namespace

int add_day(const CalendarPlace& place, CalendarRow row, Terminal terminal) {
  row.calendar = calendar_of(row.calendar, terminal);
  if (const auto checked = check_words("NAME (why)", row.name); !checked)
    return failed(terminal, checked.error());
  if (const auto checked = check_words("--source (who says so)", row.source); !checked)
    return failed(terminal, checked.error());
  if (const auto checked = market::check_day_row(row.row); !checked) return failed(terminal, checked.error());

  auto open = open_calendars(place);
  if (!open) return failed(terminal, open.error());
  const auto id = find_calendar(open->calendars, row.calendar);
  if (!id) return failed(terminal, id.error());
  static_cast<void>(apply_calendar_rows(open->calendars, open->rows));
  const auto change = market::change_to(*id, row.date, &row.row, {});
  if (const auto fits = open->calendars.amend(*id, change); !fits) return failed(terminal, fits.error());

  const auto put = write_row(*open, row);
  if (!put) return failed(terminal, put.error());
  fmt::print(terminal.err, "{} in {}; {}\n", *put ? "noted" : "stands already", open->file.string(),
             kFollows);
  print_day(terminal.out, open->calendars.at(*id), Date{row.date}, &row);
  return done(terminal);
}

int remove_day(const CalendarPlace& place, const std::string& market, Date date, Terminal terminal) {
  const auto name = calendar_of(market, terminal);
  auto open = open_calendars(place);
  if (!open) return failed(terminal, open.error());
  // The calendar itself may be gone: its rows can be removed all the same.
  const auto removed = open->store ? open->store->remove(name, std::chrono::sys_days{date}) : false;
  if (!removed) return failed(terminal, removed.error());
  if (!*removed)
    return failed(terminal, {fmt::format("nothing is said of {} {} in {}", market::shown(name),
                                         market::to_string(date), open->file.string())});
  fmt::print(terminal.err, "removed from {}; {}\n", open->file.string(), kFollows);
  if (const auto id = open->calendars.find(name))
    print_day(terminal.out, open->calendars.at(*id), date, nullptr);
  return done(terminal);
}

int list_days(const CalendarPlace& place, const std::string& market, Terminal terminal) {
  const auto name = calendar_of(market, terminal);
  auto open = open_calendars(place);
  if (!open) return failed(terminal, open.error());
  if (!name.empty())
    if (const auto id = find_calendar(open->calendars, name); !id) return failed(terminal, id.error());
  fmt::print(terminal.out, "{:<8}  {:<10}  {:<21}  {}\n", "CALENDAR", "DATE", "KIND", "NAME (SOURCE)");
  for (const CalendarRow& row : open->rows) {
    if (!name.empty() && row.calendar != name) continue;
    fmt::print(terminal.out, "{:<8}  {:<10}  {:<21}  {} ({})\n", row.calendar,
               market::to_string(Date{row.date}), words_of(row.row), row.name, row.source);
  }
  warn(apply_calendar_rows(open->calendars, open->rows), terminal);
  return done(terminal);
}

int show_day(const CalendarPlace& place, const std::string& market, Date date, Terminal terminal) {
  const auto name = calendar_of(market, terminal);
  auto open = open_calendars(place);
  if (!open) return failed(terminal, open.error());
  const auto id = find_calendar(open->calendars, name);
  if (!id) return failed(terminal, id.error());
  warn(apply_calendar_rows(open->calendars, open->rows), terminal);
  print_day(terminal.out, open->calendars.at(*id), date, row_of(open->rows, name, date));
  return done(terminal);
}

int write_vectors(const CalendarPlace& place, const std::filesystem::path& file, Terminal terminal) {
  const auto open = open_calendars(place);
  if (!open) return failed(terminal, open.error());
  const auto vectors = market::session_vectors(open->calendars);
  if (file.empty()) {
    terminal.out << vectors;
    return done(terminal);
  }
  if (const auto written = io::write_file_atomically(file, vectors); !written)
    return failed(terminal, written.error());
  fmt::print(terminal.err, "{} rows in {}\n", std::ranges::count(vectors, '\n') - 1, file.string());
  return 0;
}

namespace {

// What CLI11 hands over as text; its validators have looked at all of it.
struct Options {
  CalendarPlace place;
  std::string market;
  std::string date;
  std::string kind;
  std::string name;
  std::string source;
  std::string open;
  std::string close;
  std::string out;

  Date day() const { return market::parse_date(date).value_or(Date{}); }
  CalendarRow row() const {
    return {.calendar = market,
            .date = day(),
            .row = {.kind = market::parse_day_kind(kind).value_or(market::DayRow::Kind::closed),
                    .open = market::parse_day_minutes(open),
                    .close = market::parse_day_minutes(close)},
            .name = name,
            .source = source};
  }
};

template <typename Parse>
CLI::Validator readable(Parse parse, const char* help) {
  return {[parse, help](const std::string& text) {
            return parse(text) ? std::string{} : fmt::format("{} must be {}", market::shown(text), help);
          },
          ""};
}

const Terminal& terminal() {
  static const Terminal kTerminal{.out = std::cout, .err = std::cerr};
  return kTerminal;
}

}  // namespace

void add_calendar_command(CLI::App& app, int& exit_code) {
  // Lives as long as the callbacks that CLI11 keeps.
  auto options = std::make_shared<Options>();
  auto* calendar = app.add_subcommand(
      "calendar", "Say that a date is different, look at dates; also beside a running server");
  calendar->require_subcommand(1);
  const auto subcommand = [&](const char* name, const char* help, auto run) {
    auto* command = calendar->add_subcommand(name, help);
    command->add_option("--data", options->place.data, "Data folder (default: the configuration's, var)");
    command->add_option("--config", options->place.config,
                        "Configuration file, for its markets and data folder");
    command->callback([options, run, &exit_code] { exit_code = run(*options); });
    return command;
  };
  const auto market_option = [&](CLI::App* command) {
    return command->add_option("MARKET", options->market, "Calendar: US, HK, CN (or SH, SZ), CF, FX, CM, …");
  };
  const auto date_option = [&](CLI::App* command) {
    command->add_option("DATE", options->date, "Trading date, as in 2026-09-08")
        ->required()
        ->check(readable(market::parse_date, "a date as in 2026-09-08"));
  };

  auto* add = subcommand("add", "Say what a date is; a second word replaces the first",
                         [](const Options& o) { return add_day(o.place, o.row(), terminal()); });
  market_option(add)->required();
  date_option(add);
  add->add_option("KIND", options->kind,
                  "closed, half (the hours of half days), partial (--open, --close) or full")
      ->required()
      ->check(readable(market::parse_day_kind, "closed, half, partial or full"));
  add->add_option("NAME", options->name, "Why, as in \"typhoon\"")->required();
  add->add_option("--source", options->source, "Who says so, as in \"HKEX circular, 05:40\"")->required();
  const auto time = readable(market::parse_day_minutes, "a time as in 14:30");
  add->add_option("--open", options->open, "Of a partial day: nothing before it is traded")->check(time);
  add->add_option("--close", options->close, "Of a partial day: nothing from it on is traded")->check(time);

  auto* remove =
      subcommand("remove", "Take a word back; the calendar's files hold again",
                 [](const Options& o) { return remove_day(o.place, o.market, o.day(), terminal()); });
  market_option(remove)->required();
  date_option(remove);

  market_option(subcommand("list", "List what has been said, of one calendar or all",
                           [](const Options& o) { return list_days(o.place, o.market, terminal()); }));

  auto* show = subcommand("show", "The sessions of a date, and who says so",
                          [](const Options& o) { return show_day(o.place, o.market, o.day(), terminal()); });
  market_option(show)->required();
  date_option(show);

  subcommand("vectors", "The session vectors as CSV (docs/vectors/README.md)", [](const Options& o) {
    return write_vectors(o.place, o.out, terminal());
  })->add_option("--out", options->out, "File to write instead of standard output");
}

}  // namespace qos::server
