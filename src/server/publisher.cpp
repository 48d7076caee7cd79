#include "server/publisher.hpp"

#include "api/change_bodies.hpp"

namespace qos::server {

void Publisher::publish(const state::Change& change) {
  if (change.empty()) return;
  api::for_each_push(change, instruments_.at(change.instrument),
                     [&](channel::ChannelKey key, channel::Place place, auto&& encode) {
                       fanout_.publish(key, place, encode, change.received);
                     });
}

}  // namespace qos::server
