// `qos key create|list|disable`: keys by hand, also beside a running server, which notices within a second.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "access/gate.hpp"
#include "core/time.hpp"

namespace CLI {
class App;
}

namespace qos::server {

// Adds the subcommand. When it was chosen, parsing runs it and sets exit_code: 0 done, 1 failed with the
// reason on standard error. Usage errors are CLI11's, for main to report with exit code 2.
void add_key_command(CLI::App& app, int& exit_code);

struct KeyPlace {
  std::optional<std::string> config;  // --config FILE: plans and the data folder
  std::optional<std::string> data;    // --data DIR, goes before the file's
};

// What the subcommands do; they return the exit code. Nothing but the answer goes to `out`: for create the
// key alone, so that a script may take it.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
};
int create_key(const KeyPlace& place, const std::string& plan, const std::string& name, UnixNanos now,
               Terminal terminal, const access::KeyNature& nature = {});
int list_keys(const KeyPlace& place, UnixNanos now, Terminal terminal);
int disable_key(const KeyPlace& place, const std::string& which, Terminal terminal);

}  // namespace qos::server
