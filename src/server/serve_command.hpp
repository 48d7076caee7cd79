// qos serve: runs the server until SIGINT or SIGTERM.
#pragma once

#include <CLI/App.hpp>

namespace qos::server {

// Adds the command to the program. exit_code: 0 stopped as asked, 1 could not start.
void add_serve_command(CLI::App& app, int& exit_code);

}  // namespace qos::server
