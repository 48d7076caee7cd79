// The text of a feed: KIND, or KIND:KEY=VALUE,KEY=VALUE. In a value a backslash takes the next character as
// it is, for the comma of a path: "file=a\,b.gz".
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "feed/feed.hpp"
#include "feed/options.hpp"

namespace qos::feed {
namespace {

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// Takes one value off the front of `rest`, up to the comma that no backslash protects. False if a backslash
// ends it.
bool take_value(std::string_view& rest, std::string& value) {
  while (!rest.empty() && rest.front() != ',') {
    if (rest.front() == '\\') rest.remove_prefix(1);
    if (rest.empty()) return false;
    value += rest.front();
    rest.remove_prefix(1);
  }
  return true;
}

}  // namespace

Result<FeedSpec> FeedSpec::parse(std::string_view text) {
  const auto colon = text.find(':');
  FeedSpec spec{.kind = std::string{text.substr(0, colon)}, .options = {}};
  if (!is_name(spec.kind))
    return fail("feed '{}': '{}' is no kind of feed; expected KIND or KIND:OPTION=VALUE,…", text, spec.kind);
  if (colon == std::string_view::npos) return spec;

  auto rest = text.substr(colon + 1);
  for (;;) {
    const auto equals = rest.find_first_of("=,");
    const auto name = rest.substr(0, equals);
    if (equals == std::string_view::npos || rest[equals] == ',' || !is_name(name))
      return fail(
          "feed '{}': '{}' is no option; expected OPTION=VALUE (a comma inside a value is written \\,)", text,
          name);
    rest.remove_prefix(equals + 1);
    std::string value;
    if (!take_value(rest, value)) return fail("feed '{}': option '{}' ends in a lone backslash", text, name);
    if (value.empty()) return fail("feed '{}': option '{}' has no value", text, name);
    if (!spec.options.emplace(name, std::move(value)).second)
      return fail("feed '{}': option '{}' is given twice", text, name);
    if (rest.empty()) return spec;
    rest.remove_prefix(1);
  }
}

Result<void> only_options(const FeedSpec& spec, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : spec.options)
    if (std::ranges::find(known, name) == known.end())
      return fail("feed {}: unknown option '{}'; known: {}", spec.kind, name, fmt::join(known, ", "));
  return {};
}

}  // namespace qos::feed
