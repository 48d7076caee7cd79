#include "server/serve_command.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <thread>

#include "io/clock.hpp"
#include "server/config.hpp"
#include "server/config_print.hpp"
#include "server/demo_key.hpp"
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

Result<void> serve(const Config& config) {
  const StopSignals signals;
  auto& clock = io::system_clock();
  auto pipeline = Pipeline::open(config, clock);
  if (!pipeline) return std::unexpected{pipeline.error()};
  std::string key = "KEY";
  if (config.registration.demo_key == DemoKey::on) {
    auto demo = demo_key((*pipeline)->gate(), config.data, clock.now());
    if (!demo) return std::unexpected{demo.error()};
    key = std::move(*demo);
  } else if (auto retired = retire_demo_key((*pipeline)->gate(), config.data, clock.now()); !retired) {
    return retired;
  }
  (*pipeline)->start();
  const std::jthread welcome{[&] {
    if ((*pipeline)->wait_until_ready()) print_welcome(**pipeline, config, key);
  }};
  signals.wait();
  spdlog::info("stopping");
  (*pipeline)->stop();
  return {};
}

// What the command line said, kept alive while the program runs.
struct ServeArguments {
  ServeFlags flags;
  bool print_config = false;
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
  const auto served = serve(*config);
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
  command->add_flag("--print-config", arguments->print_config, "print the effective configuration and exit");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace qos::server
