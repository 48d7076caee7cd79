#include "market/session_vectors.hpp"

#include <fmt/chrono.h>

#include <iterator>
#include <set>
#include <utility>

#include "market/calendar_rules.hpp"
#include "market/kline_clock.hpp"
#include "market/vector_days.hpp"

namespace qos::market {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::sys_days;

constexpr std::string_view kHeader =
    "market,zone,why,utc,local,print,phase,kind,trading_date,hours,"
    "m1_start,m5_start,m60_start,m240_start,day_start,week_start,month_start,year_start\n";
constexpr std::array kKlineColumns{KlineType::m1,  KlineType::m5,   KlineType::m60,   KlineType::m240,
                                   KlineType::day, KlineType::week, KlineType::month, KlineType::year};

// What differs between markets beside their hours.
struct MarketRules {
  std::string_view market;
  std::string_view calendar;
  bool auctions;
  ClosingPrint closing;
  KlineType cut;  // whose edges are shown; hours where they are few
};
constexpr std::array<MarketRules, 6> kMarkets{{
    {"US", "US", true, ClosingPrint::own_bar, KlineType::m60},
    {"HK", "HK", true, ClosingPrint::last_bar, KlineType::m60},
    {"SH", "CN", true, ClosingPrint::last_bar, KlineType::m60},
    {"CF", "CF", false, ClosingPrint::last_bar, KlineType::m240},
    {"FX", "FX", false, ClosingPrint::last_bar, KlineType::m240},
    {"CM", "CM", false, ClosingPrint::last_bar, KlineType::m240},
}};

std::string clock_text(std::chrono::seconds since_epoch) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(since_epoch.count())));
}

// "2025-03-10T13:30:00Z"
std::string utc_text(UnixNanos t) {
  return clock_text(std::chrono::floor<std::chrono::seconds>(t.time_since_epoch())) + "Z";
}

// "2025-03-10T09:30:00-04:00"
std::string local_text(const SessionCalendar& calendar, UnixNanos t) {
  const auto local = calendar.local_time(t).time_since_epoch();
  const auto offset = local - std::chrono::floor<std::chrono::seconds>(t.time_since_epoch());
  const auto length = std::chrono::abs(offset);
  return fmt::format("{}{}{:02}:{:02}", clock_text(local), offset < 0s ? '-' : '+', length / 1h,
                     length % 1h / 1min);
}

// "09:30-12:00/13:00-16:00", "-1d 17:00-17:00"
std::string hours_text(const SessionCalendar& calendar, Date date) {
  const local_days midnight{date};
  std::string text;
  for (const Session& session : calendar.regular_of(date)) {
    if (!text.empty()) text += '/';
    for (const UnixNanos edge : {session.open, session.close}) {
      if (edge == session.close) text += '-';
      text += to_string(std::chrono::floor<minutes>(calendar.local_time(edge) - midnight));
    }
  }
  return text;
}

std::string_view kind_text(std::optional<DayKind> kind) {
  if (!kind) return "closed";
  return *kind == DayKind::half ? "half" : "full";
}

std::string_view print_text(Print print) {
  if (print == Print::opening) return "opening";
  return print == Print::closing ? "closing" : "continuous";
}

using Instants = std::set<std::pair<UnixNanos, Print>>;

// The first and last second of every session, the edges of K-lines, a moment within the second 5 minutes, and
// auctions whose print comes later than its clock.
Instants instants_of(const SessionCalendar& calendar, const MarketRules& rules, Date date) {
  Instants instants;
  const auto hours = calendar.regular_of(date);
  if (hours.empty()) {
    instants.emplace(calendar.local_midnight(date) + 12h, Print::continuous);
    return instants;
  }
  for (const Session& session : calendar.sessions_of(date)) {
    for (const UnixNanos t : {session.open, session.close - 1s, session.close})
      instants.emplace(t, Print::continuous);
  }
  instants.emplace(hours.front().open + 7min + 31s, Print::continuous);
  auto minute = minute_of(calendar, hours.front().open, Print::continuous, rules.closing);
  while (minute) {
    const Span span = kline_span(calendar, rules.cut, *minute, rules.closing);
    instants.emplace(span.start, Print::continuous);
    instants.emplace(span.end - 1s, Print::continuous);
    if (span.end >= hours.back().close) break;
    // Behind the end lies the next K-line, or a break and then the next K-line.
    UnixNanos next = span.end;
    for (const Session& session : hours) {
      if (session.open > span.end && !calendar.regular_session_at(next)) next = session.open;
    }
    minute = minute_of(calendar, next, Print::continuous, rules.closing);
  }
  if (rules.auctions) {
    instants.emplace(hours.front().open + 2s, Print::opening);
    instants.emplace(hours.back().close + 3s, Print::closing);
  }
  return instants;
}

void append_row(std::string& out, const SessionCalendar& calendar, const MarketRules& rules,
                std::string_view why, UnixNanos t, Print print) {
  const auto session = calendar.session_at(t);
  const auto trading_date = calendar.trading_date_of(t);
  fmt::format_to(
      std::back_inserter(out), "{},{},{},{},{},{},{},{},{},{}", rules.market, calendar.zone(), why,
      utc_text(t), local_text(calendar, t), print_text(print), session ? to_string(session->phase) : "none",
      kind_text(calendar.kind(calendar.local_date(t))), trading_date ? to_string(*trading_date) : "",
      trading_date ? hours_text(calendar, *trading_date) : "");
  const auto minute = minute_of(calendar, t, print, rules.closing);
  for (const KlineType type : kKlineColumns) {
    out += ',';
    if (minute) out += utc_text(kline_span(calendar, type, *minute, rules.closing).start);
  }
  out += '\n';
}

}  // namespace

std::string session_vectors(const CalendarTable& calendars) {
  std::string out{kHeader};
  for (const MarketRules& rules : kMarkets) {
    const auto id = calendars.find(rules.calendar);
    if (!id) continue;
    const SessionCalendar& calendar = calendars.at(*id);
    for (const VectorDay& day : kVectorDays) {
      if (day.market != rules.market) continue;
      const auto date = parse_date(day.date);
      QOS_ASSERT(date.has_value());
      for (const auto& [t, print] : instants_of(calendar, rules, *date))
        append_row(out, calendar, rules, day.why, t, print);
    }
  }
  return out;
}

}  // namespace qos::market
