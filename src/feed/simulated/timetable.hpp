// One calendar's sessions in time order, looked up by a running number, so that all instruments of the
// calendar share the work of asking it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "core/time.hpp"
#include "market/session_calendar.hpp"

namespace qos::feed::simulated {

// What an instrument needs to know of a session, the neighbours it has in its day included.
struct Segment {
  market::Session session;
  bool opens_regular = false;   // the day's first regular session, and no opening auction comes before it
  bool closes_regular = false;  // the day's last regular session, and no closing auction comes after it
};

// Used by one thread.
class Timetable {
 public:
  // Knows the sessions that end after `from`. The calendar must outlive it.
  Timetable(const market::SessionCalendar& calendar, UnixNanos from);

  // The trading date `from` lies in.
  market::Date first_date() const { return first_date_; }
  // Segment `number`, counted from 0 at the first; nullptr when the calendar knows no more. Valid until the
  // next call. Instruments move through the segments side by side; one more than kKept behind the foremost is
  // a fault of the caller.
  const Segment* at(std::uint64_t number);

 private:
  static constexpr std::size_t kKept = 256;

  bool read_day();

  const market::SessionCalendar& calendar_;
  UnixNanos from_;
  market::Date first_date_;
  std::optional<market::Date> next_date_;
  std::deque<Segment> segments_;
  std::uint64_t dropped_ = 0;
};

}  // namespace qos::feed::simulated
