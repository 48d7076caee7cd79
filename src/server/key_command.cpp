#include "server/key_command.hpp"

#include <fmt/chrono.h>
#include <fmt/ostream.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>

#include "access/gate.hpp"
#include "io/clock.hpp"
#include "server/config.hpp"
#include "server/data_folder.hpp"
#include "server/instant.hpp"

namespace qos::server {
namespace {

enum class Absent : std::uint8_t { make, refuse };

struct OpenGate {
  std::unique_ptr<access::Gate> gate;
  std::filesystem::path database;
};

Result<OpenGate> open_gate(const KeyPlace& place, Absent absent) {
  auto config = effective_config({.config = place.config, .data = place.data});
  if (!config) return std::unexpected{config.error()};
  const auto database = key_database(*config);
  std::error_code ignored;
  if (absent == Absent::refuse && !std::filesystem::exists(database, ignored))
    return fail("there are no keys: {} does not exist (is --data right?)", database.string());
  if (auto made = make_data_folder(config->data); !made) return std::unexpected{made.error()};
  auto gate = access::Gate::open({.database = database, .plans = std::move(config->plans)});
  if (!gate) return std::unexpected{gate.error()};
  return OpenGate{.gate = std::move(*gate), .database = database};
}

int failed(Terminal terminal, const Error& error) {
  fmt::print(terminal.err, "qos key: {}\n", error.message);
  return 1;
}

// "2026-11-22 16:33:05Z".
std::string utc(UnixNanos time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}Z", fmt::gmtime(static_cast<std::time_t>(unix_seconds(time))));
}

std::string expiry(const access::KeyRecord& key) {
  return key.expires_at ? utc(*key.expires_at) : "never";
}

// "cursor", "travels from 2019-02-01 01:30:00Z x10", or nothing.
std::string nature_of(const access::KeyRecord& key) {
  std::string text = key.nature.cursor ? "cursor" : "";
  if (const auto& travel = key.nature.travel)
    text += fmt::format("{}travels from {} x{}", text.empty() ? "" : ", ", utc(travel->at), travel->speed);
  return text;
}

// In the order in which the gate decides.
std::string_view standing(const access::KeyRecord& key, const access::Gate& gate, UnixNanos now) {
  if (key.disabled) return "disabled";
  if (key.expires_at && now >= *key.expires_at) return "expired";
  return gate.plan(key.plan) ? "ok" : "no such plan";
}

}  // namespace

int create_key(const KeyPlace& place, const std::string& plan, const std::string& name, UnixNanos now,
               Terminal terminal, const access::KeyNature& nature) {
  const auto open = open_gate(place, Absent::make);
  if (!open) return failed(terminal, open.error());
  const auto made = open->gate->create(plan, name, now, nature);
  if (!made) return failed(terminal, made.error());
  terminal.out << made->key << std::endl;
  const auto& record = made->record;
  if (!terminal.out) {
    static_cast<void>(open->gate->disable(made->key));
    return failed(terminal, {fmt::format("the key could not be written out; key {} is disabled again",
                                         record.id.value())});
  }
  const auto apart = nature_of(record);
  fmt::print(terminal.err, "key {} of plan {}{}{}, expires {}; only its hash is kept in {}, so note it now\n",
             record.id.value(), record.plan, apart.empty() ? "" : ", ", apart, expiry(record),
             open->database.string());
  return 0;
}

int list_keys(const KeyPlace& place, UnixNanos now, Terminal terminal) {
  const auto open = open_gate(place, Absent::refuse);
  if (!open) return failed(terminal, open.error());
  const auto keys = open->gate->list();
  if (!keys) return failed(terminal, keys.error());

  const auto with_nature = [](const access::KeyRecord& key) {
    const auto apart = nature_of(key);
    if (apart.empty()) return key.name;
    return fmt::format("{}{}[{}]", key.name, key.name.empty() ? "" : " ", apart);
  };
  std::size_t plan_width = 4;
  for (const auto& key : *keys) plan_width = std::max(plan_width, key.plan.size());
  // The name stands last: it may be of any width.
  const auto row = [&](auto id, std::string_view prefix, std::string_view plan, std::string_view state,
                       std::string_view created, std::string_view expires, std::string_view name) {
    auto line = fmt::format("{:>6}  {:<6}  {:<{}}  {:<12}  {:<20}  {:<20}  {}", id, prefix, plan, plan_width,
                            state, created, expires, name);
    line.erase(line.find_last_not_of(' ') + 1);
    terminal.out << line << '\n';
  };
  row("ID", "PREFIX", "PLAN", "STATE", "CREATED", "EXPIRES", "NAME");
  for (const auto& key : *keys)
    row(key.id.value(), key.prefix, key.plan, standing(key, *open->gate, now), utc(key.created_at),
        expiry(key), with_nature(key));
  terminal.out.flush();
  return terminal.out ? 0 : 1;
}

int disable_key(const KeyPlace& place, const std::string& which, Terminal terminal) {
  const auto open = open_gate(place, Absent::refuse);
  if (!open) return failed(terminal, open.error());
  const auto key = open->gate->disable(which);
  if (!key) return failed(terminal, key.error());
  fmt::print(terminal.err, "key {} ({}…, plan {}{}{}) is disabled\n", key->id.value(), key->prefix, key->plan,
             key->name.empty() ? "" : ", ", key->name);
  return 0;
}

void add_key_command(CLI::App& app, int& exit_code) {
  // Lives as long as the callbacks that CLI11 keeps.
  struct Options {
    KeyPlace place;
    std::string plan;
    std::string name;
    std::string which;
    bool cursor = false;
    std::string travel;
    std::uint32_t speed = 1;
  };
  auto options = std::make_shared<Options>();
  const Terminal terminal{.out = std::cout, .err = std::cerr};
  auto* key = app.add_subcommand("key", "Make, list and disable keys, also beside a running server");
  key->require_subcommand(1);
  const auto subcommand = [&](const char* name, const char* help) {
    auto* command = key->add_subcommand(name, help);
    command->add_option("--data", options->place.data, "Data folder (default: the configuration's, var)");
    command->add_option("--config", options->place.config,
                        "Configuration file, for its plans and data folder");
    return command;
  };

  auto* create = subcommand("create", "Make a key; prints it, and nothing else, on standard output");
  create->add_option("--plan", options->plan, "Plan of the key, as configured (free, unlimited, …)")
      ->required();
  create->add_option("--name", options->name, "Label to tell it by in the list");
  create->add_flag("--cursor", options->cursor,
                   "Send what was missed, trades and final K-lines, when a client of the key comes back");
  auto* travel =
      create->add_option("--travel", options->travel,
                         "The key sees the market as of this instant and goes on from there, as in "
                         "2019-02-01T09:30+08:00");
  travel->check([](const std::string& text) {
    return parse_instant(text) ? "" : "expected an instant as in 2019-02-01T09:30+08:00";
  });
  create->add_option("--speed", options->speed, "Seconds of the past in one of ours (default: 1)")
      ->needs(travel)
      ->check(CLI::Range(1U, access::kMaxTravelSpeed));
  create->callback([options, terminal, &exit_code] {
    access::KeyNature nature{.cursor = options->cursor, .travel = std::nullopt};
    if (const auto at = parse_instant(options->travel))
      nature.travel = access::Travel{.at = *at, .speed = options->speed};
    exit_code =
        create_key(options->place, options->plan, options->name, io::system_clock().now(), terminal, nature);
  });

  subcommand("list", "List all keys")->callback([options, terminal, &exit_code] {
    exit_code = list_keys(options->place, io::system_clock().now(), terminal);
  });

  auto* disable = subcommand("disable", "Disable a key for good");
  disable->add_option("key", options->which, "The key, its id or the 6 characters it begins with")
      ->required();
  disable->callback(
      [options, terminal, &exit_code] { exit_code = disable_key(options->place, options->which, terminal); });
}

}  // namespace qos::server
