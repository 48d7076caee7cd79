#include "market/kline_clock.hpp"

#include <algorithm>
#include <span>

namespace qos::market {
namespace {

using namespace std::chrono;

using TradingHours = std::span<const Session>;  // the regular sessions of one day, in time order, never empty

// Minutes of trading in `hours` before t. A break adds none.
minutes traded_before(TradingHours hours, UnixNanos t) {
  nanoseconds sum{};
  for (const Session& session : hours) sum += std::clamp(t, session.open, session.close) - session.open;
  return floor<minutes>(sum);
}

minutes whole(TradingHours hours) {
  return traded_before(hours, hours.back().close);
}

// When trading minute `index` of the day starts; index < whole(hours).
UnixNanos start_of(TradingHours hours, minutes index) {
  for (const Session& session : hours) {
    const auto length = floor<minutes>(session.close - session.open);
    if (index < length) return session.open + index;
    index -= length;
  }
  return hours.back().close;
}

// Where trading goes on at the close, around the clock, the minute there is the next day's first: the closing
// print cannot have it for its own.
bool has_closing_kline(const SessionCalendar& calendar, TradingHours hours, ClosingPrint closing) {
  return closing == ClosingPrint::own_bar && !calendar.regular_session_at(hours.back().close);
}

Span intraday_span(TradingHours hours, minutes length, UnixNanos minute, bool closing_kline) {
  const minutes day = whole(hours);
  // The K-line of the closing print lies at the close, one past the last trading minute: it goes with that
  // one.
  const minutes index = std::min(traded_before(hours, minute), day - minutes{1});
  const minutes first = index / length * length;
  const minutes last = std::min(first + length, day) - minutes{1};
  const bool with_closing_kline = closing_kline && last + minutes{1} == day;
  return {start_of(hours, first), start_of(hours, last) + minutes{with_closing_kline ? 2 : 1}};
}

// The stretch between two breaks that holds the minute, or that ended last before it.
TradingHours segment_of(TradingHours hours, UnixNanos minute) {
  std::size_t index = hours.size() - 1;
  while (index > 0 && hours[index].open > minute) --index;
  return hours.subspan(index, 1);
}

Span calendar_span(const SessionCalendar& calendar, Date first, Date next) {
  return {calendar.local_midnight(first), calendar.local_midnight(next)};
}

// The trading date whose auction printed at t: a print may come before the regular session, after it, or in
// the pause between auction and session. nullopt on a day without trading, or for a closing print before the
// day has opened.
std::optional<Date> auction_date(const SessionCalendar& calendar, UnixNanos t, Print print) {
  const auto session = calendar.session_at(t);
  // The US night belongs to the date it ends in. What opens during it is that date; what closed is the one
  // before.
  const bool closed_before = session && session->phase == Phase::night && print == Print::closing;
  const Date date = session && !closed_before ? session->trading_date : calendar.local_date(t);
  const TradingHours hours = calendar.regular_of(date);
  if (hours.empty() || (print == Print::closing && t < hours.front().open)) return std::nullopt;
  return date;
}

}  // namespace

std::optional<KlineType> parse_kline_type(std::int64_t kt) {
  for (const KlineType type : kKlineTypes) {
    if (static_cast<std::int64_t>(type) == kt) return type;
  }
  return std::nullopt;
}

std::optional<Minute> minute_of(const SessionCalendar& calendar, UnixNanos t, Print print,
                                ClosingPrint closing) {
  if (print == Print::continuous) {
    const auto session = calendar.regular_session_at(t);
    if (!session) return std::nullopt;
    return Minute{session->trading_date, session->open + floor<minutes>(t - session->open)};
  }
  const auto date = auction_date(calendar, t, print);
  if (!date) return std::nullopt;
  const TradingHours hours = calendar.regular_of(*date);
  if (print == Print::opening) return Minute{*date, hours.front().open};
  const UnixNanos close = hours.back().close;
  return Minute{*date, has_closing_kline(calendar, hours, closing) ? close : close - minutes{1}};
}

Span kline_span(const SessionCalendar& calendar, KlineType type, const Minute& minute, ClosingPrint closing,
                Anchor anchor) {
  const Date date = minute.trading_date;
  const sys_days day{date};
  switch (type) {
    case KlineType::m1:
      return {minute.start, minute.start + minutes{1}};
    case KlineType::day:
      return calendar_span(calendar, date, Date{day + days{1}});
    case KlineType::week: {
      const sys_days monday = day - (weekday{day} - Monday);
      return calendar_span(calendar, Date{monday}, Date{monday + weeks{1}});
    }
    case KlineType::month: {
      const Date first = date.year() / date.month() / 1;
      return calendar_span(calendar, first, first + months{1});
    }
    case KlineType::year: {
      const Date first = date.year() / January / 1;
      return calendar_span(calendar, first, first + years{1});
    }
    default:
      break;
  }
  return DayClock{calendar, date, closing, anchor}.span(type, minute.start);
}

DayClock::DayClock(const SessionCalendar& calendar, Date date, ClosingPrint closing, Anchor anchor)
    : hours_{calendar.regular_of(date)},
      closing_kline_{!hours_.empty() && has_closing_kline(calendar, hours_, closing)},
      anchor_{anchor} {}

Span DayClock::span(KlineType type, UnixNanos minute) const {
  if (hours_.empty() || type == KlineType::m1) return {minute, minute + minutes{1}};
  const minutes length{static_cast<int>(type)};
  if (anchor_ == Anchor::session) return intraday_span(hours_, length, minute, closing_kline_);
  const TradingHours segment = segment_of(hours_, minute);
  return intraday_span(segment, length, minute, closing_kline_ && &segment.back() == &hours_.back());
}

}  // namespace qos::market
