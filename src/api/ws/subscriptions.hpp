// What S, T, D, K and their opposites do.
//
// Thread: the loop's.
#pragma once

#include <string>
#include <vector>

#include "api/ws/commands.hpp"
#include "channel/channel_key.hpp"

namespace qos::api::ws {

// Both take `codes`, and `kt` for K-lines, and return the codes that no instrument has, as spelt. An error
// changes nothing: no part of a refused command counts.

// Adds to what the subscriber hears; what it hears already stays as it is. More distinct products on the
// connection than the plan allows are too_many_products.
Answer<std::vector<std::string>> subscribe(channel::Topic topic, const RequestObject& request,
                                           const CommandContext& context);

// What was not subscribed is no error.
Answer<std::vector<std::string>> unsubscribe(channel::Topic topic, const RequestObject& request,
                                             const CommandContext& context);

}  // namespace qos::api::ws
