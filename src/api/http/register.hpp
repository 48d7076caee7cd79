// /register: a key for an e-mail address, so many a day and network address.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "access/gate.hpp"
#include "api/error.hpp"
#include "core/time.hpp"

namespace qos::api::http {

struct Request;
struct Context;

// How many keys one network address was given in its current day. The day starts with its first key. An IPv6
// address counts with its whole /64, which is what one household is given.
//
// Any thread may call; the I/O loops share it.
class RegistrationLimiter {
 public:
  struct Options {
    std::uint32_t per_address = 10;  // keys an address and day; 0: any number
    std::chrono::hours day{24};
    std::size_t max_addresses =
        100'000;  // remembered at a time (about 15 MB); beyond it new addresses are refused
  };

  explicit RegistrationLimiter(Options options) : options_{options} {}

  // Takes one registration out of the address's day.
  access::Quota take(std::string_view remote_address, SteadyTime now);

 private:
  struct Day {
    SteadyTime end;
    std::uint32_t taken = 0;
  };

  void forget_ended(SteadyTime now);

  Options options_;
  std::mutex mutex_;
  std::unordered_map<std::string, Day> days_;
  std::deque<std::string> by_end_;  // every address of days_, the day that ends first in front
};

// Whether a text looks like an e-mail address: one @ between a local part and a host name with a point,
// ASCII, at most 254 bytes (RFC 5321). Whether somebody reads it is not known.
bool is_email(std::string_view text);

// The JSON of `data`. Applies the limiter after the request was understood, so that a typing mistake costs
// nothing.
Answer<std::string> register_key(const Request& request, const Context& context);

}  // namespace qos::api::http
