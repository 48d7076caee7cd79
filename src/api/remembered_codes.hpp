// What requests for snapshots have meant, by their text: most clients ask for the same again and again, and
// what a text means does not change while the server runs. So a request that was read before is not read
// again.
//
// Thread: the loop's. Bounded: see the constants. When they are reached, all is forgotten.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/codes.hpp"

namespace qos::api {

class RememberedCodes {
 public:
  // nullptr: not remembered. Valid until the next remember().
  const RequestedCodes* find(std::string_view request) const;
  // `codes`: all that the request says. A request that says more than codes must not be remembered.
  void remember(std::string_view request, const RequestedCodes& codes);

  // A longer request is rare, and reading it is little next to answering it.
  static constexpr std::size_t kMaxRequestBytes = 4'096;
  // Of all requests together: with the codes that they name, some megabytes.
  static constexpr std::size_t kMaxBytes = std::size_t{256} << 10U;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, RequestedCodes, Hash, std::equal_to<>> requests_;
  std::size_t bytes_ = 0;
};

}  // namespace qos::api
