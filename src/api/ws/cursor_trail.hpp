// What a connection of a key with a cursor has surely been sent: everything that was queued before a ping
// whose pong came back.
//
// Thread: the loop's.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/cursors.hpp"
#include "core/time.hpp"

namespace qos::api::ws {

class CursorTrail {
 public:
  CursorTrail(Cursors& cursors, KeyId key, SteadyTime now) : cursors_{cursors}, key_{key}, pinged_{now} {}

  // The plain form of a channel that has positions: trades, and K-lines of the regular session.
  static std::optional<channel::ChannelKey> plain(channel::ChannelKey channel);

  // Queued for the client: a push of this event, or a state that has all up to it.
  void note(const channel::ChannelKey& channel, Sequence sequence);
  // The payload of the ping that is due, once a second; nullopt: none is, or too many are not answered yet.
  std::optional<std::string> next_ping(SteadyTime now);
  // A pong came back.
  void confirm(std::string_view payload);

  std::optional<Sequence> position(const channel::ChannelKey& channel) const;
  void forget(const std::vector<channel::ChannelKey>& channels);
  void lost(const channel::ChannelKey& channel);

 private:
  struct Mark {
    std::uint64_t number;
    std::vector<Cursors::Position> positions;
  };

  Cursors& cursors_;
  KeyId key_;
  SteadyTime pinged_;
  std::uint64_t last_number_ = 0;
  std::unordered_map<channel::ChannelKey, Sequence> since_ping_;
  std::deque<Mark> marks_;  // pings that are not answered yet, oldest first
};

}  // namespace qos::api::ws
