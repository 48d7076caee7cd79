// How fast a connection may send commands: the plan's least interval between two, and its commands a minute,
// which all connections of a key share.
//
// Thread: the loop's.
#pragma once

#include <optional>

#include "access/gate.hpp"
#include "api/error.hpp"

namespace qos::api::ws {

class Pace {
 public:
  // nullopt: the command may be carried out. A refused one takes nothing out of the minute and does not put
  // off the next.
  std::optional<ApiError> refuse(access::Gate& gate, const access::Grant& grant, SteadyTime now);

 private:
  std::optional<SteadyTime> last_command_;
};

// A request of the endpoint's own minute, as over HTTP.
std::optional<ApiError> refuse_request(access::Gate& gate, const access::Grant& grant,
                                       access::Permission permission, SteadyTime now);

}  // namespace qos::api::ws
