// "Did you mean …": the known name that a mistyped one is closest to.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace qos::server {

// The closest by insertions, deletions, replacements and swaps of neighbours; also one whose last part is the
// same
// ("max_body_bytes" for "http.max_body_bytes"). nullopt if a third of the letters or more would have to
// change.
std::optional<std::string> nearest_name(std::string_view typed, std::span<const std::string> known);

}  // namespace qos::server
