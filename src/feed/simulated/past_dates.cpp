#include "feed/simulated/past_dates.hpp"

#include <algorithm>

#include "market/kline_clock.hpp"

namespace qos::feed::simulated {
namespace {

using market::Date;
using market::Phase;
using market::Session;
using market::SessionCalendar;
using std::chrono::minutes;
using std::chrono::sys_days;

// Busy at the open and the close, quiet in between.
int weight_at(std::size_t minute, std::size_t whole) {
  const auto place = static_cast<std::int64_t>(2'000 * minute / std::max<std::size_t>(whole, 1)) - 1'000;
  return static_cast<int>(600 + 1'600 * place * place / 1'000'000);
}

std::size_t minutes_in(const Session& session) {
  return static_cast<std::size_t>(std::chrono::floor<minutes>(session.close - session.open).count());
}

void add_extended(std::vector<PastMinute>& out, const Session& session, StoredSeries series, int weight,
                  const Stretch& stretch) {
  for (UnixNanos t = session.open; t + minutes{1} <= std::min(session.close, stretch.end); t += minutes{1})
    if (t >= stretch.begin) out.push_back({.start = t, .series = series, .weight = weight});
}

// Extended hours trade an eighth of the regular hours, the night a quarter of that.
constexpr int kExtendedWeight = 125;
constexpr int kNightWeight = 30;

// When the day's closing print is known: Hong Kong's auction goes on after the regular hours.
UnixNanos end_of_regular(const SessionCalendar& calendar, Date date, const Character& character) {
  UnixNanos end = calendar.regular_of(date).back().close;
  if (!character.auctions) return end;
  for (const Session& session : calendar.sessions_of(date))
    if (session.phase == Phase::closing_auction) end = std::max(end, session.close);
  return end;
}

void add_closing_print(MinutesOfDate& out, const market::Instrument& instrument,
                       const SessionCalendar& calendar, Date date, const Stretch& stretch) {
  const UnixNanos close = calendar.regular_of(date).back().close;
  const auto minute = market::minute_of(calendar, close, market::Print::closing, instrument.closing_print);
  if (!minute || minute->start < stretch.begin) return;
  if (!out.regular.empty() && out.regular.back().start == minute->start) {
    out.regular.back().closes = true;
    return;
  }
  out.regular.push_back({.start = minute->start, .closes = true, .continuous = false});
}

}  // namespace

std::size_t regular_minutes(const SessionCalendar& calendar, Date date) {
  std::size_t sum = 0;
  for (const Session& session : calendar.sessions_of(date))
    if (session.phase == Phase::regular) sum += minutes_in(session);
  return sum;
}

MinutesOfDate minutes_of(const market::Instrument& instrument, const Character& character,
                         const SessionCalendar& calendar, Date date, const Stretch& stretch) {
  MinutesOfDate out;
  out.whole_regular = regular_minutes(calendar, date);
  std::size_t number = 0;  // of the regular minute
  for (const Session& session : calendar.sessions_of(date)) {
    if (session.phase == Phase::regular) {
      const std::size_t first = number;
      number += minutes_in(session);
      for (std::size_t i = first; i < number; ++i) {
        const UnixNanos start = session.open + minutes{i - first};
        if (start < stretch.begin || start + minutes{1} > stretch.end) continue;
        out.begins |= i == 0;
        out.regular.push_back({.start = start,
                               .weight = weight_at(i, out.whole_regular),
                               .opens = i == 0 && (character.auctions || character.crosses)});
      }
    }
    if (!character.extended) continue;
    if (session.phase == Phase::night)
      add_extended(out.early, session, StoredSeries::night, kNightWeight, stretch);
    if (session.phase == Phase::pre_market)
      add_extended(out.early, session, StoredSeries::pre_market, kExtendedWeight, stretch);
    if (session.phase == Phase::after_hours)
      add_extended(out.late, session, StoredSeries::after_hours, kExtendedWeight, stretch);
  }
  out.finished = end_of_regular(calendar, date, character) <= stretch.end;
  if (out.finished && (character.auctions || character.crosses))
    add_closing_print(out, instrument, calendar, date, stretch);
  return out;
}

std::vector<Date> trading_dates(const SessionCalendar& calendar, UnixNanos end, std::chrono::years years) {
  std::vector<Date> dates;
  auto last = calendar.trading_date_of(end);
  if (!last && calendar.horizon().ok() && calendar.local_date(end) > calendar.horizon())
    last = calendar.previous_trading_date(Date{sys_days{calendar.horizon()} + std::chrono::days{1}});
  if (!last) return dates;
  const Date first = (last->year() - years) / last->month() / std::min(last->day(), std::chrono::day{28});
  for (auto date = last; date && *date >= first; date = calendar.previous_trading_date(*date))
    if (!calendar.regular_of(*date).empty()) dates.push_back(*date);
  std::ranges::reverse(dates);
  return dates;
}

Date quoted_date(const SessionCalendar& calendar, UnixNanos t) {
  if (const auto session = calendar.session_at(t)) return session->trading_date;
  const Date today = calendar.local_date(t);
  const auto sessions = calendar.sessions_of(today);
  if (!sessions.empty() && t < sessions.back().open) return today;
  return calendar.next_trading_date(today).value_or(today);
}

}  // namespace qos::feed::simulated
