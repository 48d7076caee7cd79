// The simulated market as a pure sequence: no clock, no thread, no I/O. The same options, instruments and
// start give the same events, whatever the machine.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "core/id.hpp"
#include "event/event.hpp"
#include "feed/simulated/options.hpp"
#include "feed/simulated/simulated_instrument.hpp"
#include "feed/simulated/start_prices.hpp"
#include "feed/simulated/timetable.hpp"
#include "market/instrument.hpp"
#include "market/session_calendar.hpp"

namespace qos::feed::simulated {

// Used by one thread. The tables must outlive it.
class Generator {
 public:
  // Of the options it uses seed, hours, rate_milli and until. `instruments` are those that trade, `starts`
  // where each of them begins.
  Generator(const Options& options, UnixNanos from, const market::InstrumentTable& table,
            const market::CalendarTable& calendars, std::span<const InstrumentId> instruments,
            std::span<const StartPoint> starts);

  // The next event; times never fall. At `from` every instrument's reference price and status come first. At
  // a whole second the clock ticks of all calendars in use come before what happens then. nullopt: `until` is
  // reached.
  std::optional<EventBody> next();
  // Its time.
  std::optional<UnixNanos> next_time() const;

 private:
  // Who acts when; a binary heap with the earliest first. Ties go to the lower number: 0 is the clock, the
  // rest follow the order of the instruments.
  struct Turn {
    UnixNanos time;
    std::size_t who;
    friend auto operator<=>(const Turn&, const Turn&) = default;
  };

  void act();
  void reschedule_first(UnixNanos time);

  UnixNanos until_;
  std::vector<CalendarId> calendars_;  // in use, rising
  std::map<CalendarId, Timetable> timetables_;
  std::deque<SimulatedInstrument> instruments_;
  std::vector<Turn> turns_;
  std::vector<EventBody> pending_;  // of one instant
  std::size_t taken_ = 0;
};

}  // namespace qos::feed::simulated
