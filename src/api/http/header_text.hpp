// Small questions about header values.
#pragma once

#include <algorithm>
#include <string_view>

namespace qos::api::http {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

constexpr bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) { return lower(a) == lower(b); });
}

constexpr std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls `visit(part)` for each trimmed part of "a, b;q=1, c".
template <typename Visit>
constexpr void for_each_part(std::string_view list, char separator, Visit&& visit) {
  while (!list.empty()) {
    const auto end = std::min(list.find(separator), list.size());
    visit(trimmed(list.substr(0, end)));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

// Whether a comma-separated list has the token, in any case.
constexpr bool has_token(std::string_view list, std::string_view token) {
  bool found = false;
  for_each_part(list, ',', [&](std::string_view part) { found = found || equal_ignoring_case(part, token); });
  return found;
}

}  // namespace qos::api::http
