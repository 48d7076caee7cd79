#include "archive/csv_columns.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "market/plain_text.hpp"

namespace qos::archive {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// Calls take(field) for each; false from it stops.
template <typename Take>
void for_each_field(std::string_view line, Take take) {
  for (bool more = true; more;) {
    const auto comma = line.find(',');
    more = comma != std::string_view::npos;
    if (!take(trimmed(line.substr(0, comma)))) return;
    if (more) line.remove_prefix(comma + 1);
  }
}

}  // namespace

Result<CsvColumns> CsvColumns::parse(std::string_view header, std::span<const std::string_view> required,
                                     std::span<const std::string_view> optional) {
  QOS_ASSERT(required.size() + optional.size() <= kMaxCsvColumns);
  if (header.starts_with(kByteOrderMark)) header.remove_prefix(kByteOrderMark.size());
  CsvColumns columns;
  std::string problem;
  for_each_field(header.substr(0, kMaxCsvRow), [&](std::string_view field) {
    const auto among = [&](std::span<const std::string_view> names, std::size_t offset) {
      const auto at = std::ranges::find(names, field);
      return at == names.end() ? kMaxCsvColumns : static_cast<std::size_t>(at - names.begin()) + offset;
    };
    const auto column = std::min(among(required, 0), among(optional, required.size()));
    if (column == kMaxCsvColumns) {
      problem = fmt::format("unknown column {}", market::shown(field));
    } else if (columns.has_[column]) {
      problem = fmt::format("column '{}' stands twice", field);
    } else {
      columns.has_[column] = true;
      columns.column_of_field_[columns.fields_++] = column;
    }
    return problem.empty();
  });
  for (std::size_t column = 0; column < required.size() && problem.empty(); ++column)
    if (!columns.has_[column]) problem = fmt::format("column '{}' is missing", required[column]);
  if (problem.empty()) return columns;
  return fail("{}; the header names the columns {}{}{}", problem, fmt::join(required, ","),
              optional.empty() ? "" : " and, if wanted, ", fmt::join(optional, ","));
}

Result<CsvColumns::Fields> CsvColumns::split(std::string_view line) const {
  if (line.size() > kMaxCsvRow)
    return fail("a row of {} bytes, at most {} are allowed", line.size(), kMaxCsvRow);
  if (line.find('"') != std::string_view::npos) return fail("a quote; these rows have none");
  Fields fields;
  std::size_t count = 0;
  for_each_field(line, [&](std::string_view field) {
    if (count < fields_) fields[column_of_field_[count]] = field;
    ++count;
    return true;
  });
  if (count != fields_) return fail("{} fields, the header has {}", count, fields_);
  return fields;
}

}  // namespace qos::archive
