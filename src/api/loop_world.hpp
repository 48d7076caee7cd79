// A world as one I/O loop sees it: with the loop's own subscriptions.
//
// Thread: the loop's.
#pragma once

#include <memory>

#include "api/worlds.hpp"
#include "channel/hub.hpp"

namespace qos::api {

// Held by the loop and by every connection that shows the world.
struct LoopWorld {
  LoopWorld(std::shared_ptr<const World> shown, std::size_t loop, channel::Fanout& fanout,
            channel::FrameBuilder builder)
      : world{std::move(shown)}, hub{loop, fanout, std::move(builder)} {}

  std::shared_ptr<const World> world;  // outlives the hub
  channel::Hub hub;

  const Services& services() const { return world->services; }
};

}  // namespace qos::api
