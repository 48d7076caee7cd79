// TOML into a Config, by the table of options.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "server/config.hpp"

namespace qos::server {

// What errors call a text: a file with the line, a flag without.
struct Source {
  enum class Kind : std::uint8_t { file, flag };
  std::string name;
  Kind kind = Kind::file;

  std::string place(std::uint32_t line) const {
    return kind == Kind::file ? fmt::format("{}:{}", name, line) : name;
  }
};

// Changes what the text names and leaves the rest. The error lists up to kMaxFaults faults, one a line, each
// with `source` and its line in the text.
Result<void> read_into(Config& config, std::string_view toml, const Source& source);

bool is_toml(std::string_view text);

// What no single option shows: plans that are named exist, limits fit one another.
Result<void> check_together(const Config& config);

inline constexpr std::size_t kMaxFaults = 10;

}  // namespace qos::server
