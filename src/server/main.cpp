// qos: the one binary. Every command lives in a file of its own.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <exception>

#include <fmt/format.h>

#include "core/crash_point.hpp"
#include "server/calendar_command.hpp"
#include "server/export_command.hpp"
#include "server/import_command.hpp"
#include "server/journal_command.hpp"
#include "server/key_command.hpp"
#include "server/replay_command.hpp"
#include "server/serve_command.hpp"
#include "server/verify_command.hpp"

int main(int argc, char** argv) {
  if (const auto armed = qos::arm_crash_point_of_environment(); !armed) {
    fmt::print(stderr, "qos: {}\n", armed.error().message);
    return 2;
  }
  CLI::App app{"Quote Ocean: a market-data server", "qos"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "qos " QOS_VERSION);
  int exit_code = 0;
  qos::server::add_serve_command(app, exit_code);
  qos::server::add_key_command(app, exit_code);
  qos::server::add_calendar_command(app, exit_code);
  qos::server::add_import_command(app, exit_code);
  qos::server::add_export_command(app, exit_code);
  qos::server::add_journal_command(app, exit_code);
  qos::server::add_verify_command(app, exit_code);
  qos::server::add_replay_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    // 0 for --help and --version; what the user mistyped is a 2.
    return app.exit(problem) == 0 ? 0 : 2;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "qos: {}\n", problem.what());
    return 1;
  }
  return exit_code;
}
