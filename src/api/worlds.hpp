// The markets one server can show at the same time: the live one, and for keys that travel one that began at
// an instant of the past and goes on from there. All that a request or a connection sees is of the world of
// its key: views, calendars, K-lines, clock, pushes.
#pragma once

#include <memory>
#include <string_view>

#include "access/gate.hpp"
#include "api/query.hpp"
#include "channel/fanout.hpp"

namespace qos::api {

struct World {
  World(const Services& shown, channel::Fanout& heard) : services{shown}, fanout{heard} {}

  const Services& services;
  // With as many loops as the server's. Its market thread may begin before any loop has looked at it.
  channel::Fanout& fanout;
};

class Worlds {
 public:
  virtual ~Worlds() = default;
  // The world of a key that travels (Grant::travel is there); the same one for as long as it lasts. Any I/O
  // thread; never waits. nullptr: not ready yet, or not any more; the client is told to ask again in a
  // second. Whoever holds it keeps all that it refers to alive.
  virtual std::shared_ptr<const World> of(const access::Grant& grant) = 0;
};

// Of a key whose world is not there.
inline constexpr std::string_view kWorldNotReady = "the past that this key travels in is being made ready";

}  // namespace qos::api
