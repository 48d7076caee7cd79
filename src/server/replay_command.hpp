// qos replay: serves the past of a data folder to every key, until SIGINT or SIGTERM.
#pragma once

#include <CLI/App.hpp>

namespace qos::server {

// Adds the command to the program. exit_code: 0 stopped as asked, 1 could not start, 2 what was asked for is
// wrong.
void add_replay_command(CLI::App& app, int& exit_code);

}  // namespace qos::server
