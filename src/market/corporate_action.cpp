#include "market/corporate_action.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "market/calendar_rules.hpp"
#include "market/csv_reader.hpp"
#include "market/plain_text.hpp"

namespace qos::market {
namespace {

enum class Column : std::uint8_t { code, ex_date, kind, cash, ratio, price, previous_close, source };
constexpr std::size_t kColumns = 8;

struct ColumnSpec {
  std::string_view name;
  std::size_t bytes_max;
};

// The order of the enum; docs/formats/corporate_actions.md says what stands in each.
constexpr std::array<ColumnSpec, kColumns> kColumnSpecs{{
    {"code", 64},
    {"ex_date", 10},
    {"kind", 16},
    {"cash", 32},
    {"ratio", 40},
    {"price", 32},
    {"previous_close", 32},
    {"source", 1024},
}};

enum class Kind : std::uint8_t { cash, bonus, split, rights };
constexpr std::array<std::string_view, 4> kKinds{"cash", "bonus", "split", "rights"};

// The most shares that one may become or be offered, and the least part of one: what adds up of a few such
// still fits, and no company has done more.
constexpr std::int64_t kMaxRatioPart = 1'000'000'000;

// Which field of a line each column is.
using FieldOf = std::array<std::size_t, kColumns>;

std::string all_columns() {
  std::string out;
  for (const auto& spec : kColumnSpecs) out += fmt::format("{}'{}'", out.empty() ? "" : ", ", spec.name);
  return out;
}

Result<FieldOf> read_header(std::string_view name, const CsvRow& row) {
  constexpr std::size_t kAbsent = kMaxCsvFields;
  FieldOf field_of;
  field_of.fill(kAbsent);
  for (std::size_t field = 0; field < row.fields.size(); ++field) {
    const auto spec = std::ranges::find(kColumnSpecs, row.fields[field], &ColumnSpec::name);
    if (spec == kColumnSpecs.end())
      return fail("{}:{}: unknown column {}, expected {}", name, row.line, shown(row.fields[field]),
                  all_columns());
    auto& place = field_of[static_cast<std::size_t>(spec - kColumnSpecs.begin())];
    if (place != kAbsent) return fail("{}:{}: column '{}' is named twice", name, row.line, spec->name);
    place = field;
  }
  for (std::size_t column = 0; column < kColumns; ++column)
    if (field_of[column] == kAbsent)
      return fail("{}:{}: the header lacks column '{}'", name, row.line, kColumnSpecs[column].name);
  return field_of;
}

// The cells of one line by column. The first cell that is wrong is remembered, with where it stands; a
// reading of a wrong cell answers something harmless, so that reading a row is a plain list.
class Row {
 public:
  Row(std::string_view name, const CsvRow& row, const FieldOf& field_of)
      : name_{name}, row_{row}, field_of_{field_of} {
    if (row.fields.size() != kColumns)
      fault_ = Error{fmt::format("{}:{}: {} fields, expected {} as the header has", name, row.line,
                                 row.fields.size(), kColumns)};
    for (std::size_t index = 0; index < kColumns && !fault_; ++index) {
      const auto column = static_cast<Column>(index);
      const auto& spec = kColumnSpecs[index];
      if (const auto size = text(column).size(); size > spec.bytes_max)
        refuse(column, fmt::format("{} bytes, expected at most {}", size, spec.bytes_max));
      if (const auto wrong = text_fault(text(column))) refuse(column, *wrong + ", expected plain UTF-8 text");
    }
  }

  std::size_t line() const { return row_.line; }
  const std::optional<Error>& fault() const { return fault_; }

  std::string_view text(Column column) const {
    const auto field = field_of_[static_cast<std::size_t>(column)];
    return field < row_.fields.size() ? std::string_view{row_.fields[field]} : std::string_view{};
  }

  // "file:7: column 'cash': 'abc': <why>"
  void refuse(Column column, std::string_view why) {
    if (fault_) return;
    fault_ =
        Error{fmt::format("{}:{}: column '{}': {}: {}", name_, row_.line,
                          kColumnSpecs[static_cast<std::size_t>(column)].name, shown(text(column)), why)};
  }

  Code code() {
    auto code = parse_code(text(Column::code));
    if (code) return std::move(code->code);
    refuse(Column::code, code.error().message);
    return {};
  }

  Date date() {
    if (const auto date = parse_date(text(Column::ex_date))) return *date;
    refuse(Column::ex_date, "expected a date as 2025-03-14");
    return {};
  }

  Kind kind() {
    const auto known = std::ranges::find(kKinds, text(Column::kind));
    if (known == kKinds.end()) refuse(Column::kind, "expected cash, bonus, split or rights");
    return static_cast<Kind>((known - kKinds.begin()) % static_cast<std::ptrdiff_t>(kKinds.size()));
  }

  Price price(Column column, Price least, std::string_view expected) {
    const auto value = Price::parse(text(column));
    if (value && *value >= least) return *value;
    refuse(column, expected);
    return {};
  }
  Price price_above_zero(Column column) {
    return price(column, Price::from_raw(1), "expected a decimal above 0 with at most 9 decimals");
  }

  Ratio ratio() {
    const auto value = Ratio::parse(text(Column::ratio));
    if (value && value->numerator > 0 && value->numerator <= kMaxRatioPart &&
        value->denominator <= kMaxRatioPart)
      return *value;
    refuse(Column::ratio,
           "expected how many for one share, above 0, as 0.5, 1/2 or 1:2 with at most 9 decimals or parts of "
           "at most 1000000000");
    return {0, 1};
  }

  void expect_empty(Column column, std::string_view why) {
    if (!text(column).empty()) refuse(column, why);
  }

 private:
  std::string_view name_;
  const CsvRow& row_;
  const FieldOf& field_of_;
  std::optional<Error> fault_;
};

struct ReadRow {
  CodedAction coded;
  Kind kind;
};

void read_amounts(Row& row, Kind kind, CorporateAction& action) {
  if (kind == Kind::cash) {
    action.cash = row.price_above_zero(Column::cash);
    row.expect_empty(Column::ratio, "expected nothing, cash has no ratio");
  } else {
    row.expect_empty(Column::cash, "expected nothing, cash paid on the same date is a row of its own");
  }
  if (kind == Kind::bonus) action.bonus = row.ratio();
  if (kind == Kind::split) action.split = row.ratio();
  if (kind == Kind::rights) {
    action.rights = row.ratio();
    action.rights_price = row.price(Column::price, Price{}, "expected what one new share costs, 0 or more");
  } else {
    row.expect_empty(Column::price, "expected nothing, only rights have a price");
  }
}

Result<ReadRow> read_row(Row& row) {
  ReadRow out{.coded = {.code = row.code(), .action = {}}, .kind = {}};
  CorporateAction& action = out.coded.action;
  action.ex_date = row.date();
  out.kind = row.kind();
  if (!row.fault()) read_amounts(row, out.kind, action);
  if (!row.text(Column::previous_close).empty())
    action.previous_close = row.price_above_zero(Column::previous_close);
  if (action.previous_close && action.cash >= *action.previous_close)
    row.refuse(Column::cash,
               fmt::format("expected less than the previous close, {}", action.previous_close->to_string()));
  action.source = row.text(Column::source);
  if (action.source.empty()) row.refuse(Column::source, "expected who says so");
  if (row.fault()) return std::unexpected{*row.fault()};
  return out;
}

// Where each row stands, to name both lines when two of them quarrel.
using Place = std::tuple<std::string, std::chrono::sys_days, Kind>;

// What all rows of one code and date must agree on.
struct Close {
  Price price;
  std::size_t line = 0;
};
using CloseOf = std::map<std::pair<std::string, std::chrono::sys_days>, Close>;

std::optional<Ratio> joined_split(const CorporateAction& a, const CorporateAction& b) {
  return a.split.valid() && b.split.valid() ? product_of(a.split, b.split) : std::nullopt;
}

std::optional<Ratio> sum_of_valid(const Ratio& a, const Ratio& b) {
  return a.valid() && b.valid() ? sum_of(a, b) : std::nullopt;
}

// What one share of each offer costs on average, rounded half up; offers at one price keep it.
Price joined_rights_price(const CorporateAction& a, const CorporateAction& b) {
  if (b.rights.numerator == 0 || a.rights_price == b.rights_price) return a.rights_price;
  if (a.rights.numerator == 0) return b.rights_price;
  // With parts of at most kMaxRatioPart both weights are below 2^60, and the sum of both products, of 63 bits
  // more, below 2^124.
  const auto weight = [](const Ratio& x, const Ratio& y) {
    return Int128{std::min(x.numerator, kMaxRatioPart)} * std::min(y.denominator, kMaxRatioPart);
  };
  const Int128 first = weight(a.rights, b.rights);
  const Int128 second = weight(b.rights, a.rights);
  const Int128 whole = first + second;
  const Int128 cost = first * a.rights_price.raw() + second * b.rights_price.raw();
  return Price::from_raw(static_cast<std::int64_t>((cost + whole / 2) / whole));
}

// Adds what happens on the same date.
void join(CorporateAction& action, const CorporateAction& other) {
  const auto split = joined_split(action, other);
  const auto bonus = sum_of_valid(action.bonus, other.bonus);
  const auto rights = sum_of_valid(action.rights, other.rights);
  std::int64_t cash = 0;
  const bool cash_fits = !__builtin_add_overflow(action.cash.raw(), other.cash.raw(), &cash);
  if (!split || !bonus || !rights || !cash_fits) {
    action.split = {0, 1};  // as the header says
    return;
  }
  action.rights_price = joined_rights_price(action, other);
  action.split = *split;
  action.bonus = *bonus;
  action.rights = *rights;
  action.cash = Price::from_raw(cash);
  if (!action.previous_close) action.previous_close = other.previous_close;
  constexpr std::size_t kMaxSource = 4096;
  if (!other.source.empty() && other.source != action.source &&
      action.source.size() + other.source.size() < kMaxSource)
    action.source += (action.source.empty() ? "" : "; ") + other.source;
}

}  // namespace

Result<std::vector<CodedAction>> parse_corporate_actions(std::string_view name, std::string_view csv) {
  CsvReader reader{name, csv};
  const auto header = reader.next();
  if (!header) return std::unexpected{header.error()};
  if (!*header) return fail("{}: empty, expected a header line that names {}", name, all_columns());
  const auto field_of = read_header(name, **header);
  if (!field_of) return std::unexpected{field_of.error()};

  std::vector<CodedAction> actions;
  std::map<Place, std::size_t> lines;
  CloseOf closes;
  for (;;) {
    const auto next = reader.next();
    if (!next) return std::unexpected{next.error()};
    if (!*next) return actions;
    Row row{name, **next, *field_of};
    auto read = read_row(row);
    if (!read) return std::unexpected{read.error()};
    if (actions.size() == kMaxCorporateActions)
      return fail("{}:{}: more than {} rows", name, row.line(), kMaxCorporateActions);

    const CorporateAction& action = read->coded.action;
    const auto code = read->coded.code.to_string();
    const std::chrono::sys_days date{action.ex_date};
    const auto [known, is_new] = lines.try_emplace(Place{code, date, read->kind}, row.line());
    if (!is_new)
      row.refuse(Column::kind, fmt::format("{} has one of this kind and date on line {} already, add them up",
                                           code, known->second));
    if (action.previous_close) {
      const auto [close, first] = closes.try_emplace({code, date}, Close{*action.previous_close, row.line()});
      if (!first && close->second.price != *action.previous_close)
        row.refuse(Column::previous_close, fmt::format("line {} says {} for the same date",
                                                       close->second.line, close->second.price.to_string()));
    }
    if (row.fault()) return std::unexpected{*row.fault()};
    actions.push_back(std::move(read->coded));
  }
}

CorporateActionTable::CorporateActionTable(std::vector<CodedAction> actions) {
  std::ranges::stable_sort(actions, {}, [](const CodedAction& coded) { return coded.action.ex_date; });
  for (CodedAction& coded : actions) {
    auto& of_code = by_code_[coded.code.to_string()];
    if (!of_code.empty() && of_code.back().ex_date == coded.action.ex_date) {
      join(of_code.back(), coded.action);
    } else {
      of_code.push_back(std::move(coded.action));
      ++size_;
    }
  }
}

std::span<const CorporateAction> CorporateActionTable::of(const Code& code) const {
  const auto found = by_code_.find(code.to_string());
  if (found == by_code_.end()) return {};
  return found->second;
}

std::size_t CorporateActionTable::size() const {
  return size_;
}

}  // namespace qos::market
