// Reads config/markets/NAME.days.csv, and the dates and times of both files.
#include <array>
#include <span>
#include <utility>

#include "market/calendar_rules.hpp"
#include "market/csv_reader.hpp"
#include "market/plain_text.hpp"

namespace qos::market {
namespace {

using namespace std::chrono;

constexpr std::string_view kHeader = "date,kind,open,close,name,source";
constexpr std::size_t kColumns = 6;
constexpr std::string_view kEveningBefore = "-1d ";

constexpr std::array<std::pair<DayRow::Kind, std::string_view>, 4> kDayKinds{{
    {DayRow::Kind::closed, "closed"},
    {DayRow::Kind::half, "half"},
    {DayRow::Kind::partial, "partial"},
    {DayRow::Kind::full, "full"},
}};

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

Result<std::optional<DayMinutes>> optional_time(std::string_view text, std::string_view column) {
  if (text.empty()) return std::nullopt;
  const auto minutes = parse_day_minutes(text);
  if (!minutes) return fail("{} must be a time as in 13:00, not {}", column, shown(text));
  return minutes;
}

// Everything of a row but its date.
Result<FileRow> parse_row(std::span<const std::string> fields) {
  FileRow row;
  const auto kind = parse_day_kind(fields[1]);
  if (!kind) return fail("kind must be closed, half, partial or full, not {}", shown(fields[1]));
  row.kind = *kind;
  const auto open = optional_time(fields[2], "open");
  if (!open) return std::unexpected{open.error()};
  const auto close = optional_time(fields[3], "close");
  if (!close) return std::unexpected{close.error()};
  row.open = *open;
  row.close = *close;
  if (const auto checked = check_day_row(row); !checked) return std::unexpected{checked.error()};
  if (fields[4].empty() || fields[5].empty())
    return fail("every row says why (name) and who says so (source)");
  row.name = fields[4];
  row.source = fields[5];
  return row;
}

Result<void> add_row(DayRows& rows, const CsvRow& line, const CalendarRules& rules) {
  if (line.fields.size() != kColumns)
    return fail("{} fields, {} are needed: {}", line.fields.size(), kColumns, kHeader);
  for (const std::string& field : line.fields) {
    if (const auto fault = text_fault(field)) return fail("{}: {}", shown(field), *fault);
  }
  const auto date = parse_date(line.fields[0]);
  if (!date) return fail("date must be as in 2026-11-26, not {}", shown(line.fields[0]));
  if (const auto known = check_day_date(sys_days{*date}, rules); !known) return known;
  auto row = parse_row(line.fields);
  if (!row) return std::unexpected{row.error()};
  row->line = line.line;
  if (rows.size() >= kMaxDayRows) return fail("more than {} rows", kMaxDayRows);
  const auto [at, is_new] = rows.emplace(sys_days{*date}, std::move(*row));
  if (!is_new) return fail("{} already stands in line {}", to_string(*date), at->second.line);
  return {};
}

}  // namespace

std::optional<DayRow::Kind> parse_day_kind(std::string_view text) {
  for (const auto& [kind, name] : kDayKinds) {
    if (name == text) return kind;
  }
  return std::nullopt;
}

std::string_view to_string(DayRow::Kind kind) {
  for (const auto& [known, name] : kDayKinds) {
    if (known == kind) return name;
  }
  return "unknown";
}

Result<void> check_day_row(const DayRow& row) {
  if (row.kind == DayRow::Kind::partial && !row.open && !row.close)
    return fail("a partial day needs the time it opened late or closed early");
  if (row.kind != DayRow::Kind::partial && (row.open || row.close))
    return fail("open and close are for partial days; a {} day has the hours of the rules",
                to_string(row.kind));
  if (row.open && row.close && *row.open >= *row.close) return fail("close must be after open");
  return {};
}

Result<void> check_day_date(sys_days date, const CalendarRules& rules) {
  if (date >= sys_days{rules.from} && date <= sys_days{rules.horizon}) return {};
  return fail("{} lies outside the calendar, which goes from {} to {}", to_string(Date{date}),
              to_string(rules.from), to_string(rules.horizon));
}

std::optional<DayMinutes> parse_day_minutes(std::string_view text) {
  const bool before = text.starts_with(kEveningBefore);
  if (before) text.remove_prefix(kEveningBefore.size());
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = number(text.substr(0, 2), 2);
  const auto minute = number(text.substr(3), 2);
  if (!hour || !minute || *minute > 59 || *hour * 60 + *minute > 24 * 60) return std::nullopt;
  return hours{*hour} + minutes{*minute} - (before ? days{1} : days{0});
}

std::string to_string(DayMinutes time) {
  const bool before = time < minutes{0};
  const auto clock = before ? time + days{1} : time;
  return fmt::format("{}{:02}:{:02}", before ? kEveningBefore : "", clock / hours{1},
                     (clock % hours{1}).count());
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
  CsvReader reader{name, csv};
  const auto header = reader.next();
  if (!header) return std::unexpected{header.error()};
  if (!*header || fmt::format("{}", fmt::join((*header)->fields, ",")) != kHeader)
    return fail("{}:1: the first line must be {}", name, kHeader);
  DayRows rows;
  while (true) {
    const auto row = reader.next();
    if (!row) return std::unexpected{row.error()};
    if (!*row) break;
    if (const auto added = add_row(rows, **row, rules); !added)
      return within(fmt::format("{}:{}", name, (*row)->line), added.error());
  }
  return rows;
}

}  // namespace qos::market
