// Events that cannot be true, whatever feed they come from. State refuses them: a negative size, or a sum of
// them that leaves 128 bits, would make every later figure wrong.
//
// Thread: a pure function.
#pragma once

#include "event/event.hpp"

namespace qos::state {

bool is_plausible(const EventBody& body);

}  // namespace qos::state
