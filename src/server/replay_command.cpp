#include "server/replay_command.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "io/clock.hpp"
#include "server/config.hpp"
#include "server/demo_key.hpp"
#include "server/instant.hpp"
#include "server/log.hpp"
#include "server/replay_server.hpp"
#include "server/stop_signals.hpp"

namespace qos::server {
namespace {

// What the command line said, kept alive while the program runs.
struct ReplayArguments {
  ServeFlags flags;
  std::string at;
  std::string speed = "1";
};

void print_welcome(const ReplayServer& server, const ReplayArguments& arguments, std::string_view key) {
  fmt::print("\nQuote Ocean shows {}, and goes on from there with the first request (speed {}).\n\n",
             arguments.at, arguments.speed);
  for (const auto& address : server.addresses())
    fmt::print("  HTTP       http://{0}\n  WebSocket  ws://{0}/ws?key={1}\n", address, key);
  fmt::print("  key        {}\n\nTry:\n", key);
  fmt::print(
      "  curl -s -H 'key: {}' -d '{{\"codes\":[\"US:AAPL,TSLA\",\"HK:700\",\"CF:BTCUSDT\"]}}' "
      "http://{}/snapshot\n\n",
      key, server.addresses().front());
  std::fflush(stdout);
}

Result<void> serve(const Config& config, const Journey& journey, const ReplayArguments& arguments) {
  const StopSignals signals;
  auto& clock = io::system_clock();
  auto server = ReplayServer::open(config, journey, clock);
  if (!server) return std::unexpected{server.error()};
  // Where the demo key is switched off, keys are the operator's to hand out.
  std::string key = "KEY";
  if (config.registration.demo_key == DemoKey::on) {
    auto demo = demo_key((*server)->gate(), config.data, clock.now());
    if (!demo) return std::unexpected{demo.error()};
    key = std::move(*demo);
  }
  (*server)->start();
  print_welcome(**server, arguments, key);
  signals.wait();
  spdlog::info("stopping");
  (*server)->stop();
  return {};
}

int failed(const Error& error, int code) {
  fmt::print(stderr, "qos replay: {}\n", error.message);
  return code;
}

int run(const ReplayArguments& arguments) {
  const auto at = parse_instant(arguments.at);
  if (!at)
    return failed({fmt::format("--at '{}': expected a date, a time and the offset from UTC, as "
                               "2019-02-01T09:30+08:00",
                               arguments.at)},
                  2);
  const auto speed = TravelSpeed::parse(arguments.speed);
  if (!speed) return failed({"--" + speed.error().message}, 2);
  const auto config = effective_config(arguments.flags);
  if (!config) return failed(config.error(), 2);
  if (const auto logging = start_log(config->log); !logging) return failed(logging.error(), 1);
  const auto served = serve(*config, {.at = *at, .speed = *speed}, arguments);
  return served ? 0 : failed(served.error(), 1);
}

}  // namespace

void add_replay_command(CLI::App& app, int& exit_code) {
  auto* command =
      app.add_subcommand("replay", "Serve an instant of the past, and what followed (docs/time_travel.md)");
  auto arguments = std::make_shared<ReplayArguments>();
  auto& flags = arguments->flags;
  command->add_option("--at", arguments->at, "instant to begin at, as 2019-02-01T09:30+08:00")->required();
  command->add_option("--speed", arguments->speed,
                      "seconds of the past in one of ours: a decimal above 0, or max (default 1)");
  command->add_option("--data", flags.data, "folder of the server whose journal it is");
  command->add_option("--config", flags.config, "TOML file of that server");
  command->add_option("--listen", flags.listen,
                      "address:port to serve on; may be repeated; port 0 takes a free one");
  command->add_option("--feed", flags.feed, "feeds as that server had them, if it was started with --feed");
  command->add_option("--set", flags.set, "any option of the file as NAME=VALUE; may be repeated");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace qos::server
