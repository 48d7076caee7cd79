#include "market/session_calendar.hpp"

#include <algorithm>

#include "market/day_plan.hpp"
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
  // What all this was worked out from, to work out a day again; nullptr where there is nothing to change
  // (always open).
  std::shared_ptr<const CalendarFiles> files;

  UnixNanos at(sys_days date, DayMinutes time) const {
    return zone.to_utc(LocalSeconds{date.time_since_epoch() + time});
  }
  const DayEntry* find(Date date) const {
    if (!date.ok()) return nullptr;
    const auto index = (sys_days{date} - first).count();
    if (index < 0 || index >= static_cast<std::int64_t>(days.size())) return nullptr;
    return &days[static_cast<std::size_t>(index)];
  }
  // Adds the day after the last one known; false if it would open before that one has closed.
  bool append(sys_days date, const DayPlan& plan);
  // Puts a day in the place of one that is known; false if it would run into a neighbour.
  bool replace(sys_days date, const DayPlan& plan);

 private:
  struct Day {
    std::vector<Session> sessions;
    std::vector<Session> regular;
    DayKind kind = DayKind::full;
  };
  Day work_out(sys_days date, const DayPlan& plan) const;
};

SessionCalendar::Rules::Day SessionCalendar::Rules::work_out(sys_days date, const DayPlan& plan) const {
  Day day{.kind = plan.kind};
  for (const SessionRule& rule : plan.sessions) {
    const Session session{.trading_date = Date{date},
                          .phase = rule.phase,
                          .open = at(date, rule.open),
                          .close = at(date, rule.close)};
    day.sessions.push_back(session);
    if (rule.phase == Phase::regular)
      day.regular.push_back(session);
    else if (rule.hours == AuctionHours::joins_regular && !day.regular.empty())
      day.regular.back().close = session.close;
  }
  return day;
}

bool SessionCalendar::Rules::append(sys_days date, const DayPlan& plan) {
  const Day day = work_out(date, plan);
  if (!day.sessions.empty() && !sessions.empty() && day.sessions.front().open < sessions.back().close)
    return false;
  days.push_back({.first_session = static_cast<std::uint32_t>(sessions.size()),
                  .first_regular = static_cast<std::uint32_t>(regular.size()),
                  .sessions = static_cast<std::uint8_t>(day.sessions.size()),
                  .regular = static_cast<std::uint8_t>(day.regular.size()),
                  .kind = day.kind});
  sessions.insert(sessions.end(), day.sessions.begin(), day.sessions.end());
  regular.insert(regular.end(), day.regular.begin(), day.regular.end());
  return true;
}

namespace {

// Puts `fresh` in the place of `count` sessions from `first` on.
void splice(std::vector<Session>& list, std::uint32_t first, std::uint8_t count,
            const std::vector<Session>& fresh) {
  const auto at = list.erase(list.begin() + first, list.begin() + first + count);
  list.insert(at, fresh.begin(), fresh.end());
}

}  // namespace

bool SessionCalendar::Rules::replace(sys_days date, const DayPlan& plan) {
  const Day day = work_out(date, plan);
  const auto index = static_cast<std::size_t>((date - first).count());
  DayEntry& entry = days[index];
  const std::size_t next = entry.first_session + entry.sessions;
  if (!day.sessions.empty()) {
    if (entry.first_session > 0 && day.sessions.front().open < sessions[entry.first_session - 1].close)
      return false;
    if (next < sessions.size() && sessions[next].open < day.sessions.back().close) return false;
  }
  splice(sessions, entry.first_session, entry.sessions, day.sessions);
  splice(regular, entry.first_regular, entry.regular, day.regular);
  entry.sessions = static_cast<std::uint8_t>(day.sessions.size());
  entry.regular = static_cast<std::uint8_t>(day.regular.size());
  entry.kind = day.kind;
  for (std::size_t later = index + 1; later < days.size(); ++later) {
    const DayEntry& before = days[later - 1];
    days[later].first_session = before.first_session + before.sessions;
    days[later].first_regular = before.first_regular + before.regular;
  }
  return true;
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

}  // namespace

SessionCalendar::SessionCalendar() : zone_{"UTC"}, rules_{std::make_shared<const Rules>()} {}

Result<SessionCalendar> SessionCalendar::load(const Source& source) {
  auto parsed = parse_calendar_rules(source.rules_name, source.rules);
  if (!parsed) return std::unexpected{parsed.error()};
  auto files = std::make_shared<CalendarFiles>();
  files->rules_name = source.rules_name;
  files->rows_name = source.rows_name;
  files->rules = std::move(*parsed);
  if (!source.rows.empty()) {
    auto read = parse_day_rows(source.rows_name, source.rows, files->rules);
    if (!read) return std::unexpected{read.error()};
    files->rows = std::move(*read);
  }

  auto rules = std::make_shared<Rules>();
  auto zone = ZoneOffsets::load(files->rules.zone);
  if (!zone) return within(source.rules_name, zone.error());
  rules->zone = std::move(*zone);
  rules->first = sys_days{files->rules.from};
  for (auto date = rules->first; date <= sys_days{files->rules.horizon}; date += days{1}) {
    const DayRow* row = files->row_of(date);
    const auto plan = plan_day(files->rules, row, date);
    if (!plan) return within(fmt::format("{}:{}", source.rows_name, row->line), plan.error());
    if (!rules->append(date, *plan))
      return fail("{}: the sessions of {} open before those of the trading day before have closed",
                  source.rules_name, to_string(Date{date}));
  }
  rules->known_until = rules->at(sys_days{files->rules.horizon}, days{1});
  rules->files = files;

  SessionCalendar calendar;
  calendar.name_ = files->rules.name;
  calendar.zone_ = files->rules.zone;
  calendar.horizon_ = files->rules.horizon;
  calendar.rules_ = std::move(rules);
  return calendar;
}

Result<SessionCalendar> SessionCalendar::with(const CalendarChange& change) const {
  const CalendarFiles* files = rules_->files.get();
  if (files == nullptr)
    return fail("the calendar {} is open around the clock, every day: there are no hours to change", name_);
  const sys_days date{days{change.date}};
  if (const auto known = check_day_date(date, files->rules); !known) return std::unexpected{known.error()};
  const auto told = day_row_of(change);
  if (!told) return std::unexpected{told.error()};
  const DayRow* row = *told ? &**told : files->row_of(date);
  const auto plan = plan_day(files->rules, row, date);
  if (!plan) return fail("{} of {}: {}", to_string(Date{date}), name_, plan.error().message);

  auto rules = std::make_shared<Rules>(*rules_);
  if (!rules->replace(date, *plan))
    return fail("the sessions of {} of {} would run into those of the trading day before or after",
                to_string(Date{date}), name_);
  SessionCalendar calendar{*this};
  calendar.rules_ = std::move(rules);
  return calendar;
}

SessionCalendar SessionCalendar::always_open() const {
  auto rules = std::make_shared<Rules>();
  rules->zone = rules_->zone;
  rules->first = sys_days{kAlwaysOpenFrom};
  const DayPlan all_day{
      .sessions = {{.phase = Phase::regular, .open = minutes{0}, .close = days{1}}},
  };
  for (auto date = rules->first; date <= sys_days{kAlwaysOpenTo}; date += days{1})
    rules->append(date, all_day);
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

bool SessionCalendar::same_day(const SessionCalendar& other, Date date) const {
  return kind(date) == other.kind(date) && std::ranges::equal(sessions_of(date), other.sessions_of(date)) &&
         std::ranges::equal(regular_of(date), other.regular_of(date));
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

std::string SessionCalendar::reason(Date date) const {
  if (rules_->files == nullptr) return "open around the clock, every day";
  return reason_of(*rules_->files, sys_days{date});
}

std::chrono::local_seconds SessionCalendar::local_time(UnixNanos t) const {
  return rules_->zone.to_local(t);
}

UnixNanos SessionCalendar::local_midnight(Date date) const {
  return rules_->at(sys_days{date}, minutes{0});
}

Date SessionCalendar::local_date(UnixNanos t) const {
  return Date{sys_days{floor<days>(rules_->zone.to_local(t).time_since_epoch())}};
}

}  // namespace qos::market
