#include "server/nearest_name.hpp"

#include <algorithm>
#include <vector>

namespace qos::server {
namespace {

constexpr std::size_t kLongest = 100;  // names from outside; longer ones resemble nothing

std::size_t distance(std::string_view a, std::string_view b) {
  // Three rows of the usual table; the one before the last is for swapped neighbours.
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string_view last_part(std::string_view name) {
  return name.substr(name.rfind('.') + 1);
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view typed, std::span<const std::string> known) {
  if (typed.size() > kLongest) return std::nullopt;
  std::optional<std::string> nearest;
  std::size_t least = std::max<std::size_t>(typed.size() / 3, 1) + 1;
  for (const auto& name : known) {
    const bool only_misplaced = last_part(name) == last_part(typed);
    const auto changes = only_misplaced ? 1 : distance(typed, name);
    if (changes >= least) continue;
    least = changes;
    nearest = name;
  }
  return nearest;
}

}  // namespace qos::server
