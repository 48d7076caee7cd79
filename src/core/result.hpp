// Errors as values. The world misbehaves (bytes, peers, disks, users): return Result. We are wrong:
// QOS_ASSERT.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <expected>
#include <string>
#include <utility>

namespace qos {

// What was expected and what was seen, in one sentence for a person: "itch AddOrder at offset 1882: 35 bytes,
// need 36". Never "bad input".
struct Error {
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

template <typename T>
using Result = std::expected<T, Error>;

// return fail("{}:{}: …", file, line);
template <typename... Args>
[[nodiscard]] std::unexpected<Error> fail(fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected{Error{fmt::format(format, std::forward<Args>(args)...)}};
}

// Puts where it happened before an error from below: "config.toml: line 3: …".
[[nodiscard]] inline std::unexpected<Error> within(std::string_view place, Error error) {
  return std::unexpected{Error{fmt::format("{}: {}", place, error.message)}};
}

[[noreturn]] inline void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: this cannot happen, stopping: !(%s)\n", file, line, condition);
  std::abort();
}

}  // namespace qos

// On in every build: a server that is wrong about itself must not go on publishing prices.
#define QOS_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::qos::assertion_failed(#condition, __FILE__, __LINE__))
