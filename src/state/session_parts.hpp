// The extended sessions of a US stock in its snapshot: pre-market, after hours, night; the latest of each.
//
// Thread: the market thread's.
#pragma once

#include <array>
#include <optional>

#include "event/event.hpp"
#include "market/session_calendar.hpp"
#include "state/snapshot.hpp"
#include "state/trade_eligibility.hpp"

namespace qos::state {

// The wire's tt of a phase of trading.
UsSession us_session_of(market::Phase phase);
constexpr bool is_extended(UsSession session) {
  return session == UsSession::night || session == UsSession::pre_market || session == UsSession::after_hours;
}

// The regular closes that extended sessions are quoted against.
struct Closes {
  UnixNanos day;                // start of the latest day with regular trades
  std::optional<Price> last;    // its close so far; nullopt: no such day yet
  UnixNanos coming_day;         // a day whose previous close the venue has given, …
  std::optional<Price> coming;  // … and this is it
};

class SessionParts {
 public:
  // A trade in an extended session of the trading day that starts at `day`. Whether the snapshot's part
  // changed.
  bool add(Snapshot& snapshot, const Trade& trade, Eligibility eligibility, const market::Session& session,
           UnixNanos day, const Closes& closes);
  // Puts the closes right that parts are quoted against, after one of them changed.
  void quote(Snapshot& snapshot, const Closes& closes) const;

 private:
  struct Part {
    UnixNanos opened = UnixNanos::min();  // of the session it shows
    UnixNanos day;                        // its trading day
    // What odd lots and late reports traded before the session's first price.
    UnixNanos waiting_session = UnixNanos::min();
    Volume waiting_volume;
    Turnover waiting_turnover;
  };
  static std::size_t index_of(UsSession session);
  // Night and pre-market look back to the close before their day, after hours to their day's own.
  static std::optional<Price> close_for(UsSession session, UnixNanos day, const Closes& closes,
                                        std::optional<Price> otherwise);

  std::array<Part, 3> parts_{};
};

}  // namespace qos::state
