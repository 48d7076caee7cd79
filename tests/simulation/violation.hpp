// What must not be was seen. Whoever runs a seed adds the seed and the last steps to it.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace qos::simulation {

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <typename... Values>
void demand(bool holds, fmt::format_string<Values...> text, Values&&... values) {
  if (!holds) throw Violation{fmt::format(text, std::forward<Values>(values)...)};
}

}  // namespace qos::simulation
