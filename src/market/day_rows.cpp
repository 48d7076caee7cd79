// Reads config/markets/NAME.days.csv, and the dates and times of both files.
#include <algorithm>
#include <array>
#include <charconv>

#include "market/calendar_rules.hpp"

namespace qos::market {
namespace {

using namespace std::chrono;

constexpr std::string_view kHeader = "date,kind,open,close,name,source";
constexpr std::size_t kColumns = 6;
constexpr std::size_t kMaxLine = 1000;  // bytes

// Exactly `digits` decimal digits.
std::optional<int> number(std::string_view text, std::size_t digits) {
  if (text.size() != digits) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<DayRow::Kind> parse_kind(std::string_view text) {
  if (text == "closed") return DayRow::Kind::closed;
  if (text == "half") return DayRow::Kind::half;
  if (text == "partial") return DayRow::Kind::partial;
  if (text == "full") return DayRow::Kind::full;
  return std::nullopt;
}

// The fields of one line. A comma inside a field would shift the columns, so quotes are not taken at all.
Result<std::array<std::string_view, kColumns>> split(std::string_view line) {
  if (line.size() > kMaxLine) return fail("{} bytes in one line, at most {} are read", line.size(), kMaxLine);
  if (line.find('"') != std::string_view::npos)
    return fail("quotes are not used in this file; write names without commas");
  if (std::any_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
    return fail("a control character in the line");
  std::array<std::string_view, kColumns> fields;
  for (std::size_t column = 0; column < kColumns; ++column) {
    const auto comma = line.find(',');
    const bool last = column + 1 == kColumns;
    if ((comma == std::string_view::npos) != last)
      return fail("{} columns are needed: {}", kColumns, kHeader);
    fields[column] = line.substr(0, comma);
    line.remove_prefix(last ? line.size() : comma + 1);
  }
  return fields;
}

Result<std::optional<DayMinutes>> optional_time(std::string_view text, std::string_view column) {
  if (text.empty()) return std::nullopt;
  const auto minutes = parse_day_minutes(text);
  if (!minutes) return fail("{} must be a time as in 13:00, not '{}'", column, text);
  return minutes;
}

// Everything of a row but its date.
Result<DayRow> parse_row(const std::array<std::string_view, kColumns>& fields) {
  const auto [date, kind_text, open_text, close_text, name, source] = fields;
  DayRow row;
  const auto kind = parse_kind(kind_text);
  if (!kind) return fail("kind must be closed, half, partial or full, not '{}'", kind_text);
  row.kind = *kind;
  const auto open = optional_time(open_text, "open");
  if (!open) return std::unexpected{open.error()};
  const auto close = optional_time(close_text, "close");
  if (!close) return std::unexpected{close.error()};
  row.open = *open;
  row.close = *close;
  if (row.kind == DayRow::Kind::partial && !row.open && !row.close)
    return fail("a partial day needs the time it opened late or closed early");
  if (row.kind != DayRow::Kind::partial && (row.open || row.close))
    return fail("open and close are for partial days; a {} day has the hours of the rules", kind_text);
  if (row.open && row.close && *row.open >= *row.close) return fail("close must be after open");
  if (name.empty() || source.empty()) return fail("every row says why (name) and who says so (source)");
  return row;
}

Result<void> add_row(DayRows& rows, std::string_view line, std::size_t number, const CalendarRules& rules) {
  const auto fields = split(line);
  if (!fields) return std::unexpected{fields.error()};
  const auto date = parse_date(fields->front());
  if (!date) return fail("date must be as in 2026-11-26, not '{}'", fields->front());
  if (*date < rules.from || *date > rules.horizon)
    return fail("{} lies outside the calendar, which goes from {} to {}", to_string(*date),
                to_string(rules.from), to_string(rules.horizon));
  auto row = parse_row(*fields);
  if (!row) return std::unexpected{row.error()};
  row->line = number;
  if (rows.size() >= kMaxDayRows) return fail("more than {} rows", kMaxDayRows);
  const auto [at, is_new] = rows.emplace(sys_days{*date}, *row);
  if (!is_new) return fail("{} already stands in line {}", to_string(*date), at->second.line);
  return {};
}

}  // namespace

std::optional<DayMinutes> parse_day_minutes(std::string_view text) {
  constexpr std::string_view kEveningBefore = "-1d ";
  const bool before = text.starts_with(kEveningBefore);
  if (before) text.remove_prefix(kEveningBefore.size());
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = number(text.substr(0, 2), 2);
  const auto minute = number(text.substr(3), 2);
  if (!hour || !minute || *minute > 59 || *hour * 60 + *minute > 24 * 60) return std::nullopt;
  return hours{*hour} + minutes{*minute} - (before ? days{1} : days{0});
}

std::optional<Date> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto y = number(text.substr(0, 4), 4);
  const auto m = number(text.substr(5, 2), 2);
  const auto d = number(text.substr(8, 2), 2);
  if (!y || !m || !d) return std::nullopt;
  const Date date{year{*y}, month{static_cast<unsigned>(*m)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  return date;
}

std::string to_string(Date date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

Result<DayRows> parse_day_rows(std::string_view name, std::string_view csv, const CalendarRules& rules) {
  if (csv.size() > kMaxCalendarText)
    return fail("{}: {} bytes, more than the {} a market's file may have", name, csv.size(),
                kMaxCalendarText);
  DayRows rows;
  for (std::size_t line_number = 1; !csv.empty(); ++line_number) {
    const auto end = csv.find('\n');
    std::string_view line = csv.substr(0, end);
    csv.remove_prefix(end == std::string_view::npos ? csv.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line_number == 1) {
      if (line != kHeader) return fail("{}:1: the first line must be {}", name, kHeader);
      continue;
    }
    if (line.empty()) continue;
    if (const auto added = add_row(rows, line, line_number, rules); !added)
      return within(fmt::format("{}:{}", name, line_number), added.error());
  }
  return rows;
}

}  // namespace qos::market
