// The past of the simulated market: days of ten years and minutes of thirty trading days before live trading
// begins, out of the same seed, so that charts are full on the first start; later, what is missing since the
// last one.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "core/result.hpp"
#include "feed/feed.hpp"
#include "feed/simulated/options.hpp"
#include "feed/simulated/past_dates.hpp"
#include "feed/simulated/past_klines.hpp"
#include "feed/simulated/past_walk.hpp"
#include "feed/simulated/simulated_instrument.hpp"
#include "market/instrument.hpp"

namespace qos::feed::simulated {

inline constexpr std::chrono::years kPastYears{10};
inline constexpr std::size_t kPastMinuteDays = 30;  // trading days, besides the one in progress

// When live trading begins: a whole minute `history` before `now` (or `from`), but not before what is known
// has ended, which may be in the middle of a minute: then it goes on with the next second.
UnixNanos live_start(const Options& options, UnixNanos now, std::optional<UnixNanos> known_until);
// The first instant of which nothing is known.
UnixNanos end_of(const KnownPast& known);

// Where live trading of an instrument goes on if nothing is told.
StartPoint go_on_from(const market::Instrument& instrument, const market::SessionCalendar& calendar,
                      UnixNanos end, const KnownPast& known);

// Used by one thread; the tables must outlive it.
class Past {
 public:
  // `end`: a whole minute; nothing at or after it is told.
  Past(const Options& options, UnixNanos end, const market::CalendarTable& calendars)
      : options_{options}, end_{end}, calendars_{calendars} {}

  // Tells the instrument's past, ending at the price `start`, or, where something is known, what has followed
  // since. Returns where its live trading begins. An error is the sink's.
  //
  // Of a date that goes on, or of which a part is known, the minutes are told and not the day: who stores all
  // of them folds it. A fresh past has corporate actions, one that goes on has none.
  Result<StartPoint> tell(const market::Instrument& instrument, Price start,
                          const std::optional<KnownPast>& known, PastSink& sink);

 private:
  struct Plan;

  Result<void> tell_dates(const Plan& plan, std::span<const PastDay> days, const PastKlines& klines,
                          PastSink& sink) const;
  std::span<const market::Date> dates_of(CalendarId calendar);

  const Options& options_;
  UnixNanos end_;
  const market::CalendarTable& calendars_;
  std::map<CalendarId, std::vector<market::Date>> dates_;
};

}  // namespace qos::feed::simulated
