// A Config as a file that says what everything means, for `qos serve --print-config`, and the rows of
// docs/configuration.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/config.hpp"

namespace qos::server {

// Commented TOML; parse_config() makes the same Config of it. config/qos.example.toml is render(Config{}).
std::string render(const Config& config);

// One option as documentation shows it; all texts are plain.
struct OptionText {
  std::string name;           // "http.max_body_bytes", "plans.NAME.ws.max_connections"
  std::string flag;           // "--listen", or empty
  std::string default_value;  // in TOML
  std::string range;          // "1024 to 67108864 bytes", "\"open\" or \"closed\"", "a text"
  std::string help;
};
std::vector<OptionText> option_texts();

// A TOML string with everything escaped that needs it, and a TOML array of such.
std::string toml_text(std::string_view text);
std::string toml_list(const std::vector<std::string>& texts);

}  // namespace qos::server
