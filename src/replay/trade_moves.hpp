// Trades that move no price may be counted elsewhere than they first were: they wait for the first price of
// their day, join it, and lead a day no longer when its first price is taken back. Told by what each event
// changed.
//
// Thread: its owner's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/id.hpp"
#include "core/time.hpp"

namespace qos::replay {

// Where a trade of the regular session is counted.
struct CountedAt {
  enum class Kind : std::uint8_t { nowhere, waiting, minute };
  Kind kind = Kind::nowhere;
  UnixNanos at;  // waiting: start of the day; minute: its start

  static CountedAt waiting(UnixNanos day) { return {Kind::waiting, day}; }
  static CountedAt in(UnixNanos minute) { return {Kind::minute, minute}; }
  friend bool operator==(const CountedAt&, const CountedAt&) = default;
};

class TradeMoves {
 public:
  struct Move {
    Sequence by;
    CountedAt from;
    CountedAt to;
  };

  void add(Sequence by, const CountedAt& from, const CountedAt& to) { moves_.push_back({by, from, to}); }
  // Where a trade that the event counted is in the end.
  CountedAt end_of(CountedAt place, Sequence event) const {
    for (auto move = first_after(event); move != moves_.end(); ++move)
      if (move->from == place) place = move->to;
    return place;
  }
  const std::vector<Move>& all() const { return moves_; }

 private:
  std::vector<Move>::const_iterator first_after(Sequence event) const {
    return std::ranges::upper_bound(moves_, event, {}, &Move::by);
  }

  std::vector<Move> moves_;  // rising
};

}  // namespace qos::replay
