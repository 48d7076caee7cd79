// The extended sessions of a US stock in its snapshot: pre-market, after hours, night; the latest of each.
//
// Thread: the market thread's.
#pragma once

#include <array>
#include <optional>

#include "event/event.hpp"
#include "market/session_calendar.hpp"
#include "state/checkpoint.hpp"
#include "state/snapshot.hpp"
#include "state/trade_eligibility.hpp"

namespace qos::state {

// The wire's tt of a phase of trading.
UsSession us_session_of(market::Phase phase);
constexpr bool is_extended(UsSession session) {
  return session == UsSession::night || session == UsSession::pre_market || session == UsSession::after_hours;
}
// Where its minutes are stored.
constexpr StoredSeries series_of(UsSession session) {
  return is_extended(session) ? static_cast<StoredSeries>(session) : StoredSeries::regular;
}
constexpr bool is_extended(StoredSeries series) {
  return series != StoredSeries::day && series != StoredSeries::regular;
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
  // An extended session: of the trading day that starts at `day`.
  struct Session {
    StoredSeries series = StoredSeries::night;
    UnixNanos day;
  };
  // A trade in it, which `minute`, its K-line, holds already. Whether the snapshot's part changed. What comes
  // before the session's first price is not shown until then.
  bool add(Snapshot& snapshot, const Session& session, const Trade& trade, Eligibility eligibility,
           const Kline& minute, const Closes& closes);
  // A closed minute of the past in it, later than those before.
  void tell(Snapshot& snapshot, const Session& session, const Kline& minute, const Closes& closes);
  // Corrected: the latest session of its kind that has minutes comes to `fold`, whose latest price is
  // of `ts`. nullopt: there is none.
  struct Whole {
    UnixNanos day;
    Kline fold;
    UnixNanos ts;
  };
  void show(Snapshot& snapshot, StoredSeries series, const std::optional<Whole>& whole, const Closes& closes);
  // Puts the closes right that parts are quoted against, after one of them changed.
  void quote(Snapshot& snapshot, const Closes& closes) const;

  // Saves or restores which days are shown; fits(): the snapshot shows parts of just these.
  template <typename Archive, typename Self>
  static void archive(Archive& archive, Self& self);
  bool fits(const Snapshot& snapshot) const;

 private:
  // Night and pre-market look back to the close before their day, after hours to their day's own.
  static std::optional<Price> close_for(const Session& session, const Closes& closes,
                                        std::optional<Price> otherwise);
  UnixNanos& day_of(StoredSeries series) { return days_[static_cast<std::size_t>(series)]; }

  // Starts of the trading days whose sessions are shown, by series.
  std::array<UnixNanos, 5> days_{UnixNanos::min(), UnixNanos::min(), UnixNanos::min(), UnixNanos::min(),
                                 UnixNanos::min()};
};

}  // namespace qos::state
