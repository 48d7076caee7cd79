// The calendar and facts of a code, whether or not the instrument table has it.
#pragma once

#include <span>
#include <string>
#include <unordered_map>

#include "core/result.hpp"
#include "market/instrument.hpp"

namespace qos::archive {

// A table of instruments for codes that the operator's table lacks, from what follows from the market (and in
// SH and SZ from china_class.hpp): kind, tick, calendar, no names. Codes of IX are refused, as no hours
// follow from them.
Result<market::InstrumentTable> default_instruments(std::span<const market::Code> codes,
                                                    const market::CalendarTable& calendars);

// Finds the calendar by which a code's K-lines are booked, and remembers which codes the table lacks. One
// thread. What is handed in must outlive it.
class CalendarFinder {
 public:
  CalendarFinder(const market::InstrumentTable& instruments, const market::CalendarTable& calendars)
      : instruments_{instruments}, calendars_{calendars} {}

  struct Booking {
    const market::SessionCalendar* calendar = nullptr;
    market::ClosingPrint closing = market::ClosingPrint::last_bar;
  };
  Result<Booking> booking_of(const market::Code& code);
  std::size_t not_in_table() const { return not_in_table_; }

 private:
  const market::InstrumentTable& instruments_;
  const market::CalendarTable& calendars_;
  std::unordered_map<market::Code, Booking> known_;
  std::size_t not_in_table_ = 0;
};

}  // namespace qos::archive
