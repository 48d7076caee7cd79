#include "archive/tdx_actions.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <string>

#include "market/csv_reader.hpp"
#include "market/plain_text.hpp"

namespace qos::archive {
namespace {

using market::Ratio;

constexpr std::array<std::string_view, 9> kColumns{"market",       "code",        "date",
                                                   "category",     "category_zh", "cash_per10",
                                                   "rights_price", "bonus_per10", "rights_per10"};
enum Column : std::uint8_t { kMarket, kCode, kDate, kCategory, kName, kCash, kRightsPrice, kBonus, kRights };

constexpr std::string_view kPriceEvent = "1";
constexpr std::string_view kFundSplit = "11";
constexpr std::string_view kFundConsolidation = "12";
constexpr int kRatioDigits = 9;

// "20210625".
std::optional<market::Date> parse_compact_date(std::string_view text) {
  const auto number = parse_scaled(text, 0);
  if (!number || text.size() != 8 || *number < 1990'00'00) return std::nullopt;
  const market::Date date{std::chrono::year{static_cast<int>(*number / 10'000)},
                          std::chrono::month{static_cast<unsigned>(*number / 100 % 100)},
                          std::chrono::day{static_cast<unsigned>(*number % 100)}};
  if (!date.ok()) return std::nullopt;
  return date;
}

// A tenth of a decimal; empty is zero. nullopt: no decimal of up to eight places, or negative.
std::optional<Price> cash_of(std::string_view text) {
  if (text.empty()) return Price{};
  const auto raw = parse_scaled(text, Price::kDigits - 1);
  if (!raw || *raw < 0) return std::nullopt;
  return Price::from_raw(*raw);  // one digit fewer is a division by ten
}

std::optional<Ratio> ratio_of(std::string_view text) {
  if (text.empty()) return Ratio{};
  const auto raw = parse_scaled(text, kRatioDigits - 1);
  if (!raw || *raw < 0) return std::nullopt;
  const auto divisor = std::gcd(*raw, Price::kScale);
  return Ratio{.numerator = *raw / divisor, .denominator = Price::kScale / divisor};
}

Result<std::optional<market::CodedAction>> read_row(
    const std::array<std::string_view, kColumns.size()>& cells, TdxActions& found) {
  if (cells[kMarket] != "sh" && cells[kMarket] != "sz") {
    ++found.other_markets;
    return std::nullopt;
  }
  if (cells[kCategory] == kFundSplit || cells[kCategory] == kFundConsolidation) {
    ++found.fund_splits;
    return std::nullopt;
  }
  if (cells[kCategory] != kPriceEvent) {
    ++found.other_categories;
    return std::nullopt;
  }
  auto code = market::parse_code(std::string{cells[kMarket]} + ':' + std::string{cells[kCode]});
  if (!code) return std::unexpected{code.error()};
  const auto wrong = [&](Column column, std::string_view expected) {
    return fail("column '{}': {} is no {}", kColumns[column], market::shown(cells[column]), expected);
  };
  const auto date = parse_compact_date(cells[kDate]);
  if (!date) return wrong(kDate, "date like 20210625");
  const auto cash = cash_of(cells[kCash]);
  if (!cash) return wrong(kCash, "amount per ten shares");
  const auto bonus = ratio_of(cells[kBonus]);
  if (!bonus) return wrong(kBonus, "number of shares per ten");
  const auto rights = ratio_of(cells[kRights]);
  if (!rights) return wrong(kRights, "number of shares per ten");
  const auto rights_price =
      cells[kRightsPrice].empty() ? std::optional{Price{}} : Price::parse(cells[kRightsPrice]);
  if (!rights_price || *rights_price < Price{}) return wrong(kRightsPrice, "price");
  return market::CodedAction{.code = std::move(code->code),
                             .action = {.ex_date = *date,
                                        .cash = *cash,
                                        .bonus = *bonus,
                                        .rights = *rights,
                                        .rights_price = *rights_price,
                                        .source = "TDX gbbq"}};
}

}  // namespace

bool is_tdx_actions(std::string_view csv) {
  const auto header = csv.substr(0, csv.find('\n'));
  return header.find("category") != std::string_view::npos &&
         header.find("bonus_per10") != std::string_view::npos;
}

Result<TdxActions> parse_tdx_actions(std::string_view name, std::string_view csv) {
  market::CsvReader reader{name, csv};
  auto header = reader.next();
  if (!header) return std::unexpected{header.error()};
  if (!*header) return fail("{}: empty, expected a header", name);
  std::array<std::size_t, kColumns.size()> at{};
  for (std::size_t column = 0; column < kColumns.size(); ++column) {
    const auto& fields = (*header)->fields;
    const auto found = std::ranges::find(fields, kColumns[column]);
    if (found == fields.end()) return fail("{}:1: column '{}' is missing", name, kColumns[column]);
    at[column] = static_cast<std::size_t>(found - fields.begin());
  }
  const auto width = (*header)->fields.size();
  TdxActions found;
  while (true) {
    const auto row = reader.next();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return found;
    const auto& fields = (*row)->fields;
    if (fields.size() != width)
      return fail("{}:{}: {} fields, the header has {}", name, (*row)->line, fields.size(), width);
    std::array<std::string_view, kColumns.size()> cells;
    for (std::size_t column = 0; column < kColumns.size(); ++column) cells[column] = fields[at[column]];
    auto action = read_row(cells, found);
    if (!action) return fail("{}:{}: {}", name, (*row)->line, action.error().message);
    if (*action) found.actions.push_back(std::move(**action));
  }
}

}  // namespace qos::archive
