// The way back: what a channel pushed since a point in the past, worked out again from the journal. For
// clients that come back and name the last push they had (`from`), and for keys with a cursor.
//
// Whoever implements it applies one instrument's events to a state of its own and turns the changes into
// bodies with api/change_bodies.hpp, the same that live pushes come from.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "channel/channel_key.hpp"
#include "core/id.hpp"

namespace qos::api {

class Rewind {
 public:
  enum class What : std::uint8_t {
    pushes,        // every push of the channel numbered above after_number
    trades,        // every trade of an event above `after`
    final_klines,  // every K-line that an event above `after` made final, or revised after it was
  };
  struct Request {
    channel::ChannelKey key;  // its form is that of the bodies: for_each_push() names the same keys
    What what = What::pushes;
    std::uint64_t after_number = 0;  // of `pushes`, as state::Numbers counts: without the epoch
    Sequence after;                  // of `trades` and `final_klines`
    Sequence at_least;      // everything up to this event is wanted; what comes behind it need not be told
    std::size_t limit = 0;  // more pushes than this are too_many
  };
  struct Missed {
    std::uint64_t number = 0;
    Sequence sequence;
    std::string body;  // as Update::body
  };
  // All of them up to and including the event `until`, which is no less than at_least; rising in sequence.
  struct Result {
    std::vector<Missed> pushes;
    Sequence until;
  };
  enum class Failure : std::uint8_t {
    too_old,   // before what the journal keeps
    too_many,  // more than the limit
    broken,    // the journal could not be read, or what it tells does not fit
  };
  using Done = std::function<void(std::expected<Result, Failure>)>;

  virtual ~Rewind() = default;
  // Any thread; never waits. True: `done` will be called once, on another thread or not at all if the service
  // ends first. False: its queue, which is bounded, is full; ask again later.
  virtual bool ask(const Request& request, Done done) = 0;
};

}  // namespace qos::api
