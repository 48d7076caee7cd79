// Which K-line a moment of trading belongs to. Pure functions of a session calendar. (market rules,
// sections 2 and 3.)
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "market/session_calendar.hpp"

namespace qos::market {

// The wire's kt.
enum class KlineType : std::uint16_t {
  m1 = 1,
  m5 = 5,
  m15 = 15,
  m30 = 30,
  m60 = 60,
  m120 = 120,
  m240 = 240,
  day = 1001,
  week = 1007,
  month = 1030,
  year = 2001,
};
inline constexpr std::array kKlineTypes{KlineType::m1,   KlineType::m5,    KlineType::m15,  KlineType::m30,
                                        KlineType::m60,  KlineType::m120,  KlineType::m240, KlineType::day,
                                        KlineType::week, KlineType::month, KlineType::year};

std::optional<KlineType> parse_kline_type(std::int64_t kt);
constexpr std::size_t index_of(KlineType type) {
  std::size_t index = 0;
  while (kKlineTypes[index] != type) ++index;
  return index;
}

// An auction print belongs to its session whatever its clock says.
enum class Print : std::uint8_t { continuous, opening, closing };

// Where the closing print goes: the last minute of the session, or a K-line of its own at the close (US).
// Where the next session opens at the close (always open), own_bar is as last_bar: the K-line there is the
// next day's.
enum class ClosingPrint : std::uint8_t { last_bar, own_bar };

// Where the 5 to 240 minute K-lines start counting: at the session's open, so that they may reach across a
// break, or again after each break.
enum class Anchor : std::uint8_t { session, segment };

struct Minute {
  Date trading_date;
  UnixNanos start;

  friend bool operator==(const Minute&, const Minute&) = default;
};

// The minute K-line of a regular-session trade at t; nullopt outside every regular session: in extended
// hours, in a break, and exactly at a session's end, which only an auction print may carry. An opening print
// belongs to the first minute of its day, a closing print to the last one or to the K-line at the close,
// however early or late it comes; of a closing print before the day has opened, and of either on a day
// without trading, there is no minute.
std::optional<Minute> minute_of(const SessionCalendar& calendar, UnixNanos t, Print print,
                                ClosingPrint closing);

// Half-open [start, end) of the K-line of `type` that holds the minute. For day and longer `start` is the
// wire's ts (local midnight of the trading date, Monday, 1st, January 1st) and `end` the start of the next
// such period; trades of a night before or of a Sunday evening lie outside it: compare starts, not instants.
//
// 5 to 240 minutes are cut on the day's trading minutes: a break adds none, so a K-line may reach across
// lunch and the day's last one may be short. With own_bar that last one also holds the closing print's minute
// at the close and ends one minute after it, so that the day's K-lines of any type hold all of its minutes
// once.
struct Span {
  UnixNanos start;
  UnixNanos end;

  friend bool operator==(const Span&, const Span&) = default;
};
Span kline_span(const SessionCalendar& calendar, KlineType type, const Minute& minute, ClosingPrint closing,
                Anchor anchor = Anchor::session);

// kline_span() of 1 to 240 minutes for many minutes of one trading date: the calendar is asked once. Valid as
// long as any copy of the calendar.
class DayClock {
 public:
  DayClock(const SessionCalendar& calendar, Date date, ClosingPrint closing, Anchor anchor = Anchor::session);

  std::span<const Session> hours() const { return hours_; }  // empty: no trading that date
  Span span(KlineType type, UnixNanos minute) const;

 private:
  std::span<const Session> hours_;
  bool closing_kline_;  // the closing print has a minute of its own
  Anchor anchor_;
};

}  // namespace qos::market
