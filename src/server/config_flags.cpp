// File first, then flags.
#include <algorithm>

#include "io/file.hpp"
#include "server/config.hpp"
#include "server/config_options.hpp"
#include "server/config_print.hpp"
#include "server/config_read.hpp"

namespace qos::server {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;

// `--set log.level=debug`: a value that is no TOML by itself is taken as a text.
Result<void> apply_set(Config& config, const std::string& assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) return fail("--set {}: expected NAME=VALUE", assignment);
  const Source source{.name = fmt::format("--set {}", assignment), .kind = Source::Kind::flag};
  const auto name = assignment.substr(0, equals);
  const auto value = assignment.substr(equals + 1);
  const auto quoted = fmt::format("{}={}", name, toml_text(value));
  Config changed = config;
  if (!is_toml(assignment)) {
    if (auto done = read_into(changed, quoted, source); !done) return done;
  } else if (auto done = read_into(changed, assignment, source); !done) {
    // A folder may be called 7; but the error to tell is that of what was typed.
    changed = config;
    if (!read_into(changed, quoted, source)) return done;
  }
  config = std::move(changed);
  return {};
}

// Through the same reader as the file, so that a flag is checked as the option of its name.
Result<void> apply_flag(Config& config, std::string_view name, const std::string& toml_value) {
  return read_into(config, fmt::format("{} = {}", name, toml_value),
                   {.name = fmt::format("--{}", name), .kind = Source::Kind::flag});
}

}  // namespace

Result<Config> parse_config(std::string_view toml, std::string_view source, Config defaults) {
  if (auto done = read_into(defaults, toml, {.name = std::string{source}}); !done)
    return std::unexpected{done.error()};
  if (auto done = check_together(defaults); !done) return within(source, done.error());
  return defaults;
}

Result<Config> effective_config(const ServeFlags& flags) {
  Config config;
  if (flags.config) {
    const auto text = io::read_file(*flags.config, kMaxFileBytes);
    if (!text) return within("--config", text.error());
    if (auto done = read_into(config, *text, {.name = *flags.config}); !done)
      return std::unexpected{done.error()};
  }
  for (const auto& assignment : flags.set)
    if (auto done = apply_set(config, assignment); !done) return std::unexpected{done.error()};
  Result<void> done;
  if (!flags.listen.empty()) done = apply_flag(config, "listen", toml_list(flags.listen));
  if (done && flags.data) done = apply_flag(config, "data", toml_text(*flags.data));
  if (done && !flags.feed.empty()) done = apply_flag(config, "feed", toml_list(flags.feed));
  if (done) done = check_together(config);
  if (!done) return std::unexpected{done.error()};
  return config;
}

}  // namespace qos::server
