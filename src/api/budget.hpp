// What an answer tells its client of its budget, and how late the loop that sends it is: the extensions lim
// and lag (docs/api/lim_lag.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "access/gate.hpp"
#include "api/extensions.hpp"

namespace qos::api {

// How late an I/O loop is. Filled in by the loop where it sends.
struct Lag {
  std::int64_t us = 0;      // of the newest update sent: from its event's receipt until the kernel had it
  std::uint64_t queue = 0;  // updates that waited in the loop's ring when it was last looked at
};

// Puts the members that `ext` asks for in front of the last brace of an answer: ,"lim":{…},"lag":{…}
// `quota`: of the permission that was charged; nullopt: nobody was charged, and there is no lim.
void tell_budget(std::string& answer, const Extensions& ext, const std::optional<access::Quota>& quota,
                 const Lag& lag);

}  // namespace qos::api
