#include "archive/tdx_actions.hpp"

#include <algorithm>
#include <array>
#include <map>
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
constexpr std::int64_t kBillion = Price::kScale;

using Cells = std::array<std::string_view, kColumns.size()>;

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

// What one row says of one share: the file's figures are per ten.
struct Event {
  market::Code code;
  market::Date ex_date;
  std::int64_t cash = 0;    // billionths of the currency
  std::int64_t bonus = 0;   // billionths of a share
  std::int64_t rights = 0;  // billionths of a share
  Price rights_price;
};

// More than any company ever paid or gave for one share.
constexpr std::int64_t kMaxCash = 1'000'000 * kBillion;
constexpr std::int64_t kMaxShares = 1'000 * kBillion;

// A tenth of a decimal in billionths, which is the decimal with one digit fewer; empty is zero.
std::optional<std::int64_t> tenth(std::string_view text, std::int64_t most) {
  if (text.empty()) return 0;
  const auto value = parse_scaled(text, Price::kDigits - 1);
  if (!value || *value < 0 || *value > most) return std::nullopt;
  return value;
}

Ratio ratio_of(std::int64_t billionths) {
  const auto divisor = std::gcd(billionths, kBillion);
  return {.numerator = billionths / divisor, .denominator = kBillion / divisor};
}

// nullopt: a row that moves no price, counted in `found`.
Result<std::optional<Event>> read_row(const Cells& cells, TdxActions& found) {
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
  ++found.events;
  auto code = market::parse_code(std::string{cells[kMarket]} + ':' + std::string{cells[kCode]});
  if (!code) return std::unexpected{code.error()};
  const auto wrong = [&](Column column, std::string_view expected) {
    return fail("column '{}': {} is no {}", kColumns[column], market::shown(cells[column]), expected);
  };
  const auto date = parse_compact_date(cells[kDate]);
  if (!date) return wrong(kDate, "date like 20210625");
  const auto cash = tenth(cells[kCash], kMaxCash);
  if (!cash) return wrong(kCash, "amount per ten shares");
  const auto bonus = tenth(cells[kBonus], kMaxShares);
  if (!bonus) return wrong(kBonus, "number of shares per ten");
  const auto rights = tenth(cells[kRights], kMaxShares);
  if (!rights) return wrong(kRights, "number of shares per ten");
  const auto price = cells[kRightsPrice].empty() ? std::optional{Price{}} : Price::parse(cells[kRightsPrice]);
  if (!price || *price < Price{}) return wrong(kRightsPrice, "price");
  return Event{.code = std::move(code->code),
               .ex_date = *date,
               .cash = *cash,
               .bonus = *bonus,
               .rights = *rights,
               .rights_price = *price};
}

void add_actions(const Event& event, std::vector<market::CodedAction>& actions) {
  const market::CorporateAction none{.ex_date = event.ex_date, .source = "TDX gbbq"};
  const auto add = [&](auto set) {
    actions.push_back({.code = event.code, .action = none});
    set(actions.back().action);
  };
  if (event.cash > 0) add([&](auto& action) { action.cash = Price::from_raw(event.cash); });
  if (event.bonus > 0) add([&](auto& action) { action.bonus = ratio_of(event.bonus); });
  if (event.rights > 0)
    add([&](auto& action) {
      action.rights = ratio_of(event.rights);
      action.rights_price = event.rights_price;
    });
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
  std::map<std::pair<std::string, market::Date>, std::size_t> lines;
  while (true) {
    const auto row = reader.next();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return found;
    const auto& fields = (*row)->fields;
    if (fields.size() != width)
      return fail("{}:{}: {} fields, the header has {}", name, (*row)->line, fields.size(), width);
    Cells cells;
    for (std::size_t column = 0; column < kColumns.size(); ++column) cells[column] = fields[at[column]];
    const auto event = read_row(cells, found);
    if (!event) return fail("{}:{}: {}", name, (*row)->line, event.error().message);
    if (!*event) continue;
    const auto [first, is_first] =
        lines.try_emplace({(*event)->code.to_string(), (*event)->ex_date}, (*row)->line);
    if (!is_first)
      return fail("{}:{}: {} has an event of this date in line {} already; make them one row", name,
                  (*row)->line, first->first.first, first->second);
    add_actions(**event, found.actions);
  }
}

}  // namespace qos::archive
