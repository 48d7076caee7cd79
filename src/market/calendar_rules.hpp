// What the files of one market in config/markets say, before any date is worked out. docs/formats/markets.md
// is the specification of both files.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "market/session_calendar.hpp"

namespace qos::market {

// Minutes from local midnight of the trading date; negative: the evening before.
using DayMinutes = std::chrono::minutes;

// Whether a closing auction's minutes belong to the regular session before it (Shanghai) or come after it
// (Hong Kong).
enum class AuctionHours : std::uint8_t { own, joins_regular };

struct SessionRule {
  Phase phase = Phase::regular;
  DayMinutes open{};
  DayMinutes close{};
  AuctionHours hours = AuctionHours::own;
};

// The hours of the trading dates from `from` until the next block.
struct HoursBlock {
  Date from;
  std::string source;             // who says so
  std::vector<SessionRule> full;  // in time order, at least one regular session
  std::vector<SessionRule> half;  // empty: the market has no half days
};

struct CalendarRules {
  std::string name;
  std::string zone;
  Date from;
  Date horizon;
  std::array<bool, 7> trades_on{};  // by weekday, Sunday first (std::chrono::weekday::c_encoding)
  std::vector<HoursBlock> hours;    // rising `from`; the first is not after `from` of the calendar
};

// Why one date differs from its weekday's rule.
struct DayRow {
  enum class Kind : std::uint8_t { closed, half, partial, full };
  Kind kind = Kind::closed;
  std::optional<DayMinutes> open;   // partial: nothing before it is traded
  std::optional<DayMinutes> close;  // partial: nothing from it on is traded
  std::size_t line = 0;

  friend bool operator==(const DayRow&, const DayRow&) = default;
};
struct FileRow : DayRow {
  std::string name;    // why
  std::string source;  // who says so
};
using DayRows = std::map<std::chrono::sys_days, FileRow>;

// Limits of the two files; both are small, a greater one is a mistake.
inline constexpr std::size_t kMaxCalendarText = 4 << 20;  // bytes
inline constexpr std::size_t kMaxSessionsADay = 16;
inline constexpr std::size_t kMaxHoursBlocks = 64;
inline constexpr std::size_t kMaxDayRows = 20'000;

Result<CalendarRules> parse_calendar_rules(std::string_view name, std::string_view toml);
// The rows must lie within rules.from..rules.horizon.
Result<DayRows> parse_day_rows(std::string_view name, std::string_view csv, const CalendarRules& rules);

// As the files write it: "opening_auction".
std::string_view to_string(Phase phase);
// "closed", "half", "partial", "full"
std::optional<DayRow::Kind> parse_day_kind(std::string_view text);
std::string_view to_string(DayRow::Kind kind);
// Whether its times go with its kind; no calendar is needed to say so.
Result<void> check_day_row(const DayRow& row);
Result<void> check_day_date(std::chrono::sys_days date, const CalendarRules& rules);

// An operator's word as an event says it, and back. nullptr and nullopt stand for by_rule.
CalendarChange change_to(CalendarId calendar, std::chrono::sys_days date, const DayRow* row,
                         UnixNanos ts_event);
Result<std::optional<DayRow>> day_row_of(const CalendarChange& change);

// "09:30", "24:00", "-1d 20:00" (the evening before); nullopt for anything else.
std::optional<DayMinutes> parse_day_minutes(std::string_view text);
std::string to_string(DayMinutes time);
// "2026-11-22".
std::optional<Date> parse_date(std::string_view text);
std::string to_string(Date date);

}  // namespace qos::market
