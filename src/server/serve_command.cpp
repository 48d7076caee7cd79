#include "server/serve_command.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <optional>
#include <thread>

#include "io/clock.hpp"
#include "server/config.hpp"
#include "server/config_print.hpp"
#include "server/demo_key.hpp"
#include "server/hand_over.hpp"
#include "server/log.hpp"
#include "server/pipeline.hpp"
#include "server/stop_signals.hpp"

namespace qos::server {
namespace {

void print_welcome(const Pipeline& pipeline, const Config& config, std::string_view key) {
  const auto base = pipeline.addresses().front();
  fmt::print("\nQuote Ocean is ready.\n\n");
  for (const auto& address : pipeline.addresses())
    fmt::print("  HTTP       http://{0}\n  WebSocket  ws://{0}/ws?key={1}\n", address, key);
  for (const auto& address : pipeline.tls_addresses())
    fmt::print("  HTTPS      https://{0}\n  WebSocket  wss://{0}/ws?key={1}\n", address, key);
  if (pipeline.metrics_port() != 0) {
    const std::string_view listen = config.admin.listen;
    fmt::print("  metrics    http://{}:{}/metrics\n", listen.substr(0, listen.rfind(':')),
               pipeline.metrics_port());
  }
  if (config.registration.demo_key == DemoKey::on) fmt::print("  demo key   {}\n", key);
  fmt::print("\nTry:\n");
  fmt::print(
      "  curl -s -H 'key: {}' -d '{{\"codes\":[\"US:AAPL,TSLA\",\"HK:700\",\"CF:BTCUSDT\"]}}' "
      "http://{}/snapshot\n\n",
      key, base);
  std::fflush(stdout);
}

// Between two looks whether everybody has gone.
constexpr std::chrono::milliseconds kLook{20};
// How long clients wait in the kernel for a successor's feeds to be live: then they are let in all the same,
// and told that the server is recovering.
constexpr std::chrono::seconds kFeedPatience{10};

// Returns when all clients have left or were cut off, or at a second signal.
void drain(Pipeline& pipeline, Pipeline::Leaving leaving, const StopSignals& signals) {
  spdlog::info("draining: clients are asked to leave");
  pipeline.drain(leaving);
  while (!pipeline.drained())
    if (signals.wait_for(kLook)) return;
}

Result<std::optional<Succession>> succession_of(const Config& config) {
  auto asked = Succession::ask(config.data);
  if (asked && !*asked) spdlog::info("nobody serves {}: there is nothing to take over", config.data);
  return asked;
}

Error with_a_way_out(const Error& error, const Config& config) {
  if (!Succession::somebody_serves(config.data)) return error;
  return Error{error.message + " (a server runs on this data folder: `qos serve --take-over` succeeds it)"};
}

// Serves until a signal or a successor ends it. An error: a successor took the data folder and was lost.
Result<void> serve_to_the_end(Pipeline& pipeline, std::optional<HandOverDoor>& door,
                              const StopSignals& signals) {
  const HandOverSteps steps{.listening = [&] { return pipeline.listening(); },
                            .give_up_data = [&] { pipeline.give_up_data(); }};
  while (!signals.wait_or(door ? door->descriptor() : -1)) {
    switch (door->serve(steps, signals.descriptor())) {
      case HandOverDoor::Outcome::kept:
        break;
      case HandOverDoor::Outcome::done:
        drain(pipeline, Pipeline::Leaving::handed_over, signals);
        return {};
      case HandOverDoor::Outcome::lost:
        drain(pipeline, Pipeline::Leaving::restarts, signals);
        return fail("a successor took the data folder and was lost before it was ready");
    }
  }
  drain(pipeline, Pipeline::Leaving::restarts, signals);
  return {};
}

Result<void> serve(const Config& config, bool take_over) {
  const StopSignals signals;
  auto& clock = io::system_clock();
  std::optional<Succession> succession;
  if (take_over) {
    auto asked = succession_of(config);
    if (!asked) return std::unexpected{asked.error()};
    succession = std::move(*asked);
  }
  auto pipeline = Pipeline::open(config, clock, registered_feeds(), succession ? &*succession : nullptr);
  if (!pipeline) return std::unexpected{with_a_way_out(pipeline.error(), config)};
  std::string key = "KEY";
  if (config.registration.demo_key == DemoKey::on) {
    auto demo = demo_key((*pipeline)->gate(), config.data, clock.now());
    if (!demo) return std::unexpected{demo.error()};
    key = std::move(*demo);
  } else if (auto retired = retire_demo_key((*pipeline)->gate(), config.data, clock.now()); !retired) {
    return retired;
  }
  (*pipeline)->start(succession ? Pipeline::Accept::later : Pipeline::Accept::at_once);
  if (succession) {
    (*pipeline)->wait_until_ready(kFeedPatience);
    (*pipeline)->accept();
  }
  std::optional<HandOverDoor> door;
  if (auto opened = HandOverDoor::open(config.data, (*pipeline)->hand_over_counters()))
    door.emplace(std::move(*opened));
  else
    spdlog::warn("nobody will be able to take over from this server: {}", opened.error().message);
  if (succession) succession->ready();
  const std::jthread welcome{[&] {
    if ((*pipeline)->wait_until_ready()) print_welcome(**pipeline, config, key);
  }};
  auto served = serve_to_the_end(**pipeline, door, signals);
  spdlog::info("stopping");
  (*pipeline)->stop();
  return served;
}

// What the command line said, kept alive while the program runs.
struct ServeArguments {
  ServeFlags flags;
  bool print_config = false;
  bool take_over = false;
};

int run(const ServeArguments& arguments) {
  const auto config = effective_config(arguments.flags);
  if (!config) {
    fmt::print(stderr, "qos serve: {}\n", config.error().message);
    return 2;
  }
  if (arguments.print_config) {
    fmt::print("{}", render(*config));
    return 0;
  }
  if (const auto logging = start_log(config->log); !logging) {
    fmt::print(stderr, "qos serve: {}\n", logging.error().message);
    return 1;
  }
  const auto served = serve(*config, arguments.take_over);
  if (!served) fmt::print(stderr, "qos serve: {}\n", served.error().message);
  return served ? 0 : 1;
}

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("serve", "Run the server");
  auto arguments = std::make_shared<ServeArguments>();
  auto& flags = arguments->flags;
  command->add_option("--config", flags.config, "TOML file; flags override it (docs/configuration.md)");
  command->add_option("--listen", flags.listen,
                      "address:port to serve on; may be repeated; port 0 takes a free one");
  command->add_option("--data", flags.data, "folder for keys and all that is kept");
  command->add_option("--feed", flags.feed,
                      "KIND:option=value,…; may be repeated: simulated, binance_usdm:file=PATH "
                      "(src/feed/simulated/README.md, src/feed/binance/README.md)");
  command->add_option("--set", flags.set, "any option of the file as NAME=VALUE; may be repeated");
  command->add_flag(
      "--take-over", arguments->take_over,
      "succeed the server that runs on the data folder: it hands over its sockets, so that nobody is "
      "refused, and ends (docs/upgrade.md); without one, start as always");
  command->add_flag("--print-config", arguments->print_config, "print the effective configuration and exit");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace qos::server
