// `qos verify --date D`: derives a trading date again from the journal and compares. docs/verify.md
#pragma once

#include <optional>
#include <string>

#include "server/key_command.hpp"

namespace CLI {
class App;
}

namespace qos::server {

// Adds the subcommand. When it was chosen, parsing runs it and sets exit_code.
void add_verify_command(CLI::App& app, int& exit_code);

struct VerifyFlags {
  std::string date;                   // 2019-02-01
  std::optional<std::string> config;  // --config FILE
  std::optional<std::string> data;    // --data DIR, goes before the file's
  std::optional<std::string> code;    // --code US:AAPL
};

// 0: equal. 1: different, or not provable. 2: the flags make no sense.
int verify(const VerifyFlags& flags, Terminal terminal);

}  // namespace qos::server
