#include "market/session_calendar.hpp"

#include <algorithm>
#include <limits>

#include "market/calendar_rules.hpp"
#include "market/zone_offsets.hpp"

namespace qos::market {
namespace {

using namespace std::chrono;

// The always-open form of a calendar knows these dates.
constexpr Date kAlwaysOpenFrom{year{2000}, January, day{1}};
constexpr Date kAlwaysOpenTo{kLastZoneYear, December, day{30}};

// One calendar date: where its sessions stand in the two lists. A date without trading has none.
struct DayEntry {
  std::uint32_t first_session = 0;
  std::uint32_t first_regular = 0;
  std::uint8_t sessions = 0;
  std::uint8_t regular = 0;
  DayKind kind = DayKind::full;
};

}  // namespace

// Every session of every known date, worked out when loaded: questions are then an index or a binary search,
// and need no memory.
struct SessionCalendar::Rules {
  ZoneOffsets zone;
  sys_days first{};               // the date of days[0]
  std::vector<DayEntry> days;     // one a calendar date, from `from` to the horizon
  std::vector<Session> sessions;  // of all days, in time order, never overlapping
  std::vector<Session> regular;   // likewise: what K-lines are cut on
  UnixNanos known_until{};        // local midnight after the horizon

  UnixNanos at(sys_days date, DayMinutes time) const {
    return zone.to_utc(LocalSeconds{date.time_since_epoch() + time});
  }
  const DayEntry* find(Date date) const {
    if (!date.ok()) return nullptr;
    const auto index = (sys_days{date} - first).count();
    if (index < 0 || index >= static_cast<std::int64_t>(days.size())) return nullptr;
    return &days[static_cast<std::size_t>(index)];
  }
  bool overlaps(UnixNanos open) const { return !sessions.empty() && open < sessions.back().close; }

  void add_closed_day() {
    days.push_back({.first_session = static_cast<std::uint32_t>(sessions.size()),
                    .first_regular = static_cast<std::uint32_t>(regular.size())});
  }
  void add_session(sys_days date, const SessionRule& rule);
};

void SessionCalendar::Rules::add_session(sys_days date, const SessionRule& rule) {
  const Session session{.trading_date = Date{date},
                        .phase = rule.phase,
                        .open = at(date, rule.open),
                        .close = at(date, rule.close)};
  sessions.push_back(session);
  ++days.back().sessions;
  if (rule.phase == Phase::regular) {
    regular.push_back(session);
    ++days.back().regular;
  } else if (rule.hours == AuctionHours::joins_regular && days.back().regular > 0) {
    regular.back().close = session.close;
  }
}

namespace {

// The last session that opened at or before t; nullptr if none did.
const Session* opened_before(const std::vector<Session>& sessions, UnixNanos t) {
  const auto after = std::upper_bound(sessions.begin(), sessions.end(), t,
                                      [](UnixNanos at, const Session& s) { return at < s.open; });
  return after == sessions.begin() ? nullptr : &*(after - 1);
}

std::optional<Session> falls_in(const std::vector<Session>& sessions, UnixNanos t) {
  const Session* session = opened_before(sessions, t);
  if (session == nullptr || !session->contains(t)) return std::nullopt;
  return *session;
}

const HoursBlock& hours_on(const CalendarRules& rules, Date date) {
  auto after = std::upper_bound(rules.hours.begin(), rules.hours.end(), date,
                                [](Date at, const HoursBlock& block) { return at < block.from; });
  return *(after - 1);
}

// The part of a full day that a partial one kept.
std::vector<SessionRule> clipped(std::vector<SessionRule> sessions, const DayRow& row) {
  for (SessionRule& session : sessions) {
    if (row.open) session.open = std::max(session.open, *row.open);
    if (row.close) session.close = std::min(session.close, *row.close);
  }
  std::erase_if(sessions, [](const SessionRule& session) { return session.open >= session.close; });
  return sessions;
}

struct DayPlan {
  DayKind kind = DayKind::full;
  std::vector<SessionRule> sessions;  // empty: closed
};

Result<DayPlan> plan_of(const CalendarRules& rules, const DayRow* row, sys_days date) {
  const HoursBlock& hours = hours_on(rules, Date{date});
  if (row == nullptr) {
    if (!rules.trades_on[weekday{date}.c_encoding()]) return DayPlan{};
    return DayPlan{DayKind::full, hours.full};
  }
  switch (row->kind) {
    case DayRow::Kind::closed:
      return DayPlan{};
    case DayRow::Kind::full:
      return DayPlan{DayKind::full, hours.full};
    case DayRow::Kind::half:
      if (hours.half.empty()) return fail("the rules have no half days");
      return DayPlan{DayKind::half, hours.half};
    case DayRow::Kind::partial:
      break;
  }
  DayPlan plan{DayKind::half, clipped(hours.full, *row)};
  if (std::none_of(plan.sessions.begin(), plan.sessions.end(),
                   [](const SessionRule& session) { return session.phase == Phase::regular; }))
    return fail("nothing of a regular session is left; the day is closed");
  return plan;
}

}  // namespace

SessionCalendar::SessionCalendar() : zone_{"UTC"}, rules_{std::make_shared<const Rules>()} {}

Result<SessionCalendar> SessionCalendar::load(const Source& source) {
  const auto parsed = parse_calendar_rules(source.rules_name, source.rules);
  if (!parsed) return std::unexpected{parsed.error()};
  DayRows rows;
  if (!source.rows.empty()) {
    auto read = parse_day_rows(source.rows_name, source.rows, *parsed);
    if (!read) return std::unexpected{read.error()};
    rows = std::move(*read);
  }

  auto rules = std::make_shared<Rules>();
  auto zone = ZoneOffsets::load(parsed->zone);
  if (!zone) return within(source.rules_name, zone.error());
  rules->zone = std::move(*zone);
  rules->first = sys_days{parsed->from};
  for (auto date = rules->first; date <= sys_days{parsed->horizon}; date += days{1}) {
    const auto row = rows.find(date);
    const auto plan = plan_of(*parsed, row == rows.end() ? nullptr : &row->second, date);
    if (!plan) return within(fmt::format("{}:{}", source.rows_name, row->second.line), plan.error());
    rules->add_closed_day();
    rules->days.back().kind = plan->kind;
    if (!plan->sessions.empty() && rules->overlaps(rules->at(date, plan->sessions.front().open)))
      return fail("{}: the sessions of {} open before those of the trading day before have closed",
                  source.rules_name, to_string(Date{date}));
    for (const SessionRule& session : plan->sessions) rules->add_session(date, session);
  }
  rules->known_until = rules->at(sys_days{parsed->horizon}, days{1});

  SessionCalendar calendar;
  calendar.name_ = parsed->name;
  calendar.zone_ = parsed->zone;
  calendar.horizon_ = parsed->horizon;
  calendar.rules_ = std::move(rules);
  return calendar;
}

SessionCalendar SessionCalendar::always_open() const {
  auto rules = std::make_shared<Rules>();
  rules->zone = rules_->zone;
  rules->first = sys_days{kAlwaysOpenFrom};
  const SessionRule all_day{.phase = Phase::regular, .open = minutes{0}, .close = days{1}};
  for (auto date = rules->first; date <= sys_days{kAlwaysOpenTo}; date += days{1}) {
    rules->add_closed_day();
    rules->add_session(date, all_day);
  }
  rules->known_until = rules->sessions.back().close;

  SessionCalendar calendar{*this};
  calendar.horizon_ = kAlwaysOpenTo;
  calendar.rules_ = std::move(rules);
  return calendar;
}

std::span<const Session> SessionCalendar::sessions_of(Date date) const {
  const DayEntry* day = rules_->find(date);
  if (day == nullptr) return {};
  return std::span{rules_->sessions}.subspan(day->first_session, day->sessions);
}

std::span<const Session> SessionCalendar::regular_of(Date date) const {
  const DayEntry* day = rules_->find(date);
  if (day == nullptr) return {};
  return std::span{rules_->regular}.subspan(day->first_regular, day->regular);
}

std::optional<DayKind> SessionCalendar::kind(Date date) const {
  const DayEntry* day = rules_->find(date);
  if (day == nullptr || day->sessions == 0) return std::nullopt;
  return day->kind;
}

std::optional<TradingDay> SessionCalendar::day(Date date) const {
  const auto kind = this->kind(date);
  if (!kind) return std::nullopt;
  const auto sessions = sessions_of(date);
  const auto regular = regular_of(date);
  return TradingDay{date, *kind, {sessions.begin(), sessions.end()}, {regular.begin(), regular.end()}};
}

std::optional<Session> SessionCalendar::session_at(UnixNanos t) const {
  return falls_in(rules_->sessions, t);
}

std::optional<Session> SessionCalendar::regular_session_at(UnixNanos t) const {
  return falls_in(rules_->regular, t);
}

std::optional<Date> SessionCalendar::trading_date_of(UnixNanos t) const {
  const Session* session = opened_before(rules_->sessions, t);
  if (session == nullptr || t >= rules_->known_until) return std::nullopt;
  return session->trading_date;
}

std::optional<Date> SessionCalendar::next_trading_date(Date after) const {
  if (!after.ok()) return std::nullopt;
  for (auto date = sys_days{after} + days{1}; rules_->find(Date{date}) != nullptr; date += days{1}) {
    if (rules_->find(Date{date})->sessions > 0) return Date{date};
  }
  return std::nullopt;
}

std::optional<Date> SessionCalendar::previous_trading_date(Date before) const {
  if (!before.ok()) return std::nullopt;
  for (auto date = sys_days{before} - days{1}; rules_->find(Date{date}) != nullptr; date -= days{1}) {
    if (rules_->find(Date{date})->sessions > 0) return Date{date};
  }
  return std::nullopt;
}

UnixNanos SessionCalendar::local_midnight(Date date) const {
  return rules_->at(sys_days{date}, minutes{0});
}

Date SessionCalendar::local_date(UnixNanos t) const {
  return Date{sys_days{floor<days>(rules_->zone.to_local(t).time_since_epoch())}};
}

CalendarId CalendarTable::add(SessionCalendar calendar) {
  QOS_ASSERT(calendars_.size() < std::numeric_limits<CalendarId::rep>::max());
  calendars_.push_back(std::move(calendar));
  return CalendarId{static_cast<CalendarId::rep>(calendars_.size() - 1)};
}

std::optional<CalendarId> CalendarTable::find(std::string_view name) const {
  for (std::size_t i = 0; i < calendars_.size(); ++i) {
    if (calendars_[i].name() == name) return CalendarId{static_cast<CalendarId::rep>(i)};
  }
  return std::nullopt;
}

void CalendarTable::keep_open(CalendarId id) {
  calendars_[id.value()] = calendars_[id.value()].always_open();
}

}  // namespace qos::market
