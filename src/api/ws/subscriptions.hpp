// What S, T, D, K and their opposites do.
//
// Thread: the loop's.
#pragma once

#include <string>
#include <vector>

#include "api/ws/commands.hpp"
#include "channel/channel_key.hpp"

namespace qos::api::ws {

// Both take `codes`, and `kt` for K-lines. An error changes nothing: no part of a refused command counts.

struct Subscribed {
  std::vector<std::string> missing;   // codes that no instrument has, as spelt
  std::vector<std::string> lost;      // codes whose `from` cannot be resumed; they go on from now
  std::vector<std::string> lost_ses;  // likewise of `from_ses`
};

// Adds to what the subscriber hears; what it hears already stays as it is. More distinct products on the
// connection than the plan allows are too_many_products. `from` names the last push that was heard of a code:
// what came since is sent first (ws/resumes.hpp).
Answer<Subscribed> subscribe(channel::Topic topic, const RequestObject& request,
                             const CommandContext& context);

// What was not subscribed is no error. Nothing of it can be lost.
Answer<Subscribed> unsubscribe(channel::Topic topic, const RequestObject& request,
                               const CommandContext& context);

}  // namespace qos::api::ws
