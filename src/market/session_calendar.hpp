// When a venue trades: trading days, sessions and the trading date of any instant, from data
// (config/markets). Intervals are half-open: open <= t < close.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/id.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "event/event.hpp"

namespace qos::market {

using Date = std::chrono::year_month_day;

enum class Phase : std::uint8_t {
  night,  // US overnight; belongs to the trading date it ends in
  pre_market,
  opening_auction,
  regular,  // continuous trading; several a day where there is a lunch break
  closing_auction,
  after_hours,
  after_close_fixed,
};

struct Session {
  Date trading_date;
  Phase phase = Phase::regular;
  UnixNanos open;
  UnixNanos close;

  bool contains(UnixNanos t) const { return open <= t && t < close; }
  friend bool operator==(const Session&, const Session&) = default;
};

enum class DayKind : std::uint8_t { full, half };

struct TradingDay {
  Date date;
  DayKind kind = DayKind::full;
  std::vector<Session> sessions;  // in time order, all phases; SH/SZ: the last regular session ends at 14:57
                                  // and the closing auction, 14:57-15:00, is its own
  std::vector<Session> trading_hours;  // what K-lines are cut on: regular phases, with a closing auction that
                                       // lies inside trading hours (SH, SZ) joined to them
  std::span<const Session> all() const { return sessions; }
  const std::vector<Session>& regular() const { return trading_hours; }
};

class SessionCalendar {
 public:
  SessionCalendar();  // knows no date, in UTC
  // `rules` is the text of config/markets/NAME.toml, `rows` of config/markets/NAME.days.csv (may be empty).
  // The names are for error messages, which give the line.
  struct Source {
    std::string_view rules_name;
    std::string_view rules;
    std::string_view rows_name;
    std::string_view rows;
  };
  static Result<SessionCalendar> load(const Source& source);
  // This calendar with one date as an operator says it is, from now on; by_rule takes his word back. An error
  // says why it cannot be: outside the known dates, no half days, nothing of a session left, a calendar that
  // always_open() made. Copies about 1 MB and asks the time zone for that one date only.
  Result<SessionCalendar> with(const CalendarChange& change) const;
  // Every local date is a trading day with one regular session from midnight to midnight (simulation,
  // hours=always).
  SessionCalendar always_open() const;

  const std::string& name() const { return name_; }
  const std::string& zone() const { return zone_; }
  // The last date the published calendar speaks of; days after it are not known, not closed.
  Date horizon() const { return horizon_; }

  // Whether that date is of the same kind and has the same sessions in both.
  bool same_day(const SessionCalendar& other, Date date) const;

  // nullopt: no trading that date, or past the horizon.
  std::optional<TradingDay> day(Date date) const;
  std::optional<DayKind> kind(Date date) const;
  // The same without copying: valid as long as any copy of this calendar. Empty where day() is nullopt.
  std::span<const Session> sessions_of(Date date) const;
  std::span<const Session> regular_of(Date date) const;
  // The session `t` falls in, of any phase; nullopt in a break, on a holiday, outside loaded dates.
  std::optional<Session> session_at(UnixNanos t) const;
  // The regular session `t` falls in, as regular_of() has it.
  std::optional<Session> regular_session_at(UnixNanos t) const;
  // The trading date `t` belongs to: that of its session, else of the session that ended last before it.
  // nullopt before the first session and from local midnight after the horizon.
  std::optional<Date> trading_date_of(UnixNanos t) const;
  // nullopt where days between would not be known: past the horizon, or from outside the loaded dates.
  std::optional<Date> next_trading_date(Date after) const;
  std::optional<Date> previous_trading_date(Date before) const;

  // Why the date is as the calendar's files have it, who says so and where; a change by with() is not told
  // of.
  std::string reason(Date date) const;

  UnixNanos local_midnight(Date date) const;
  std::chrono::local_seconds local_time(UnixNanos t) const;  // the clock on the wall, rounded down
  Date local_date(UnixNanos t) const;

  // Rules and rows as loaded. Shared and immutable, so a calendar copies cheaply and any thread may read it.
  struct Rules;

 private:
  std::string name_;
  std::string zone_;
  Date horizon_{};
  std::shared_ptr<const Rules> rules_;
};

// All calendars of a server, by name and by number. Built by one thread, then read by any; change() may
// replace one meanwhile, and what at() answered before stays valid as long as the table.
class CalendarTable {
 public:
  CalendarId add(SessionCalendar calendar);
  std::optional<CalendarId> find(std::string_view name) const;
  // As it is now, without a lock. Ask again for each question: a reference that is kept stays at its version.
  const SessionCalendar& at(CalendarId id) const {
    return *slots_[id.value()]->now.load(std::memory_order_acquire);
  }
  std::size_t size() const { return slots_.size(); }
  // One thread at a time; readers see it with their next at(). An error is SessionCalendar::with()'s and
  // changes nothing. At most kMaxChanges between restarts, as every version is kept (about 1 MB each); a
  // change that says what holds already is none.
  static constexpr std::size_t kMaxChanges = 1'000;
  Result<void> change(CalendarId id, const CalendarChange& change);
  // The same before anything reads the table: the version before is not kept and none is counted.
  Result<void> amend(CalendarId id, const CalendarChange& change);
  // Replaces one by its always-open form; before anything reads the table.
  void keep_open(CalendarId id);

 private:
  struct Slot {
    std::vector<std::unique_ptr<const SessionCalendar>> versions;
    // The last of them. Stored with release and loaded with acquire: who sees it sees the whole calendar.
    std::atomic<const SessionCalendar*> now{nullptr};
  };

  void keep_only(Slot& slot, SessionCalendar calendar);

  std::vector<std::unique_ptr<Slot>> slots_;
  std::size_t changes_ = 0;
};

}  // namespace qos::market
