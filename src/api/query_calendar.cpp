// /market-calendar: the trading days of the three months from today.
#include <array>
#include <iterator>
#include <map>
#include <set>

#include "api/query_families.hpp"
#include "api/requested_markets.hpp"

namespace qos::api {
namespace {

using market::Date;
using market::DayKind;
using market::Market;
using market::SessionCalendar;

// The calendar that a market's venues share. Indices have none of their own: each keeps its exchange's.
struct MarketCalendar {
  Market market;
  std::string_view calendar;
};
constexpr std::array<MarketCalendar, 7> kMarketCalendars{{
    {Market::US, "US"},
    {Market::HK, "HK"},
    {Market::SH, "CN"},
    {Market::SZ, "CN"},
    {Market::CF, "CF"},
    {Market::FX, "FX"},
    {Market::CM, "CM"},
}};

std::set<CalendarId> calendars_of(Market market, const Services& services) {
  for (const auto& [named, calendar] : kMarketCalendars)
    if (named == market)
      if (const auto id = services.calendars.find(calendar)) return {*id};
  std::set<CalendarId> of_instruments;
  for (const auto id : services.instruments.of_market(market))
    of_instruments.insert(services.instruments.at(id).calendar);
  return of_instruments;
}

// The same day of the month three months on, or that month's last.
Date three_months_after(Date today) {
  const Date later = today + std::chrono::months{3};
  return later.ok() ? later : Date{later.year() / later.month() / std::chrono::last};
}

// Days on which at least one of the calendars trades; a full day of one makes it full.
std::map<Date, DayKind> trading_days(const std::set<CalendarId>& calendars, const Services& services) {
  std::map<Date, DayKind> days;
  for (const auto id : calendars) {
    const SessionCalendar& calendar = services.calendars.at(id);
    const Date today = calendar.local_date(services.clock.now());
    const std::chrono::sys_days end{three_months_after(today)};
    for (std::chrono::sys_days day{today}; day < end; day += std::chrono::days{1}) {
      const auto kind = calendar.kind(Date{day});
      if (!kind) continue;
      auto& known = days.try_emplace(Date{day}, *kind).first->second;
      if (*kind == DayKind::full) known = DayKind::full;
    }
  }
  return days;
}

void append_day(std::string& out, Date date, DayKind kind) {
  fmt::format_to(std::back_inserter(out), R"("{:04}{:02}{:02},{}")", static_cast<int>(date.year()),
                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                 kind == DayKind::full ? 'F' : 'H');
}

}  // namespace

Answer<QueryAnswer> answer_market_calendar(const Asked& asked) {
  auto markets = requested_markets(asked.request);
  if (!markets) return passed_on(markets);
  QueryAnswer answer;
  auto& out = answer.data;
  out += '{';
  for (const auto& [market, spelling] : *markets) {
    if (out.back() != '{') out += ',';
    out += fmt::format(R"("{}":[)", spelling);
    for (const auto& [date, kind] : trading_days(calendars_of(market, asked.services), asked.services)) {
      if (out.back() != '[') out += ',';
      append_day(out, date, kind);
    }
    out += ']';
  }
  out += '}';
  return answer;
}

}  // namespace qos::api
