#include "market/instrument.hpp"

#include <algorithm>
#include <array>

#include "core/decimal.hpp"
#include "core/price.hpp"
#include "market/csv_reader.hpp"
#include "market/plain_text.hpp"

namespace qos::market {
namespace {

// Ids are 32 bits wide, but each row costs about 0.7 KB: this many are 3 GB, and more is a mistake.
constexpr std::size_t kMaxInstruments = 4'000'000;
// JSON integers above it lose digits in JavaScript clients (QOS protocol, section 2).
constexpr std::int64_t kMaxJsonInteger = std::int64_t{1} << 53;

enum class Column : std::uint8_t {
  code,
  kind,
  exchange,
  currency,
  name_zh,
  name_en,
  lot_size,
  tick,
  volume_step,
  calendar,
  total_shares,
  outstanding_shares,
  eps,
  naps,
  dividend_yield,
  source,
};
constexpr std::size_t kColumns = 16;
enum class Cell : std::uint8_t { required, optional };

struct ColumnSpec {
  std::string_view name;
  Cell cell;
  std::size_t bytes_max;
};

// The order of the enum; docs/formats/instruments.md says what stands in each.
constexpr std::array<ColumnSpec, kColumns> kColumnSpecs{{
    {"code", Cell::required, 64},
    {"kind", Cell::required, 32},
    {"exchange", Cell::required, 16},
    {"currency", Cell::required, 8},
    {"name_zh", Cell::optional, 256},
    {"name_en", Cell::optional, 256},
    {"lot_size", Cell::optional, 20},
    {"tick", Cell::required, 32},
    {"volume_step", Cell::optional, 32},
    {"calendar", Cell::optional, 64},
    {"total_shares", Cell::optional, 20},
    {"outstanding_shares", Cell::optional, 20},
    {"eps", Cell::optional, 32},
    {"naps", Cell::optional, 32},
    {"dividend_yield", Cell::optional, 32},
    {"source", Cell::optional, 1024},
}};

struct KindName {
  InstrumentKind kind;
  std::string_view name;
};
constexpr std::array<KindName, 6> kKinds{{{InstrumentKind::stock, "stock"},
                                          {InstrumentKind::etf, "etf"},
                                          {InstrumentKind::index, "index"},
                                          {InstrumentKind::perpetual, "perpetual"},
                                          {InstrumentKind::currency_pair, "currency_pair"},
                                          {InstrumentKind::commodity, "commodity"}}};

struct MarketRules {
  std::string_view kinds;     // what may be listed there, as the error says it
  std::string_view calendar;  // where the row names none; empty: it must
};

const MarketRules& rules_of(Market market) {
  static constexpr std::array<MarketRules, kMarkets> kRules{{
      {"stock, etf or index", "US"},
      {"stock, etf or index", "HK"},
      {"stock, etf or index", "CN"},
      {"stock, etf or index", "CN"},
      {"perpetual", "CF"},
      {"currency_pair", "FX"},
      {"index", ""},
      {"commodity", "CM"},
  }};
  return kRules[static_cast<std::size_t>(market)];
}

bool is_upper_or_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Which field of a line each column is.
using FieldOf = std::array<std::size_t, kColumns>;

// "'code', 'kind', …" of all columns, or of those that `wanted` picks.
template <typename Wanted>
std::string column_names(Wanted wanted) {
  std::string out;
  for (std::size_t index = 0; index < kColumns; ++index)
    if (wanted(index)) out += fmt::format("{}'{}'", out.empty() ? "" : ", ", kColumnSpecs[index].name);
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
                  column_names([](std::size_t) { return true; }));
    auto& place = field_of[static_cast<std::size_t>(spec - kColumnSpecs.begin())];
    if (place != kAbsent) return fail("{}:{}: column '{}' is named twice", name, row.line, spec->name);
    place = field;
  }
  const auto missing = column_names([&](std::size_t index) { return field_of[index] == kAbsent; });
  if (!missing.empty()) return fail("{}:{}: the header lacks column {}", name, row.line, missing);
  return field_of;
}

// The cells of one line by column. The first cell that is wrong is remembered, with where it stands; a
// reading of a wrong cell answers something harmless, so that reading a row is a plain list.
class Row {
 public:
  Row(std::string_view name, const CsvRow& row, const FieldOf& field_of)
      : name_{name}, row_{row}, field_of_{field_of} {
    check_cells();
  }

  std::size_t line() const { return row_.line; }
  const std::optional<Error>& fault() const { return fault_; }

  std::string_view text(Column column) const {
    const auto field = field_of_[static_cast<std::size_t>(column)];
    return field < row_.fields.size() ? std::string_view{row_.fields[field]} : std::string_view{};
  }
  bool empty(Column column) const { return text(column).empty(); }

  // "file:7: column 'tick': 'abc': <why>"
  void refuse(Column column, std::string_view why) {
    if (fault_) return;
    fault_ =
        Error{fmt::format("{}:{}: column '{}': {}: {}", name_, row_.line,
                          kColumnSpecs[static_cast<std::size_t>(column)].name, shown(text(column)), why)};
  }

  std::optional<std::int64_t> count(Column column) {
    if (empty(column)) return std::nullopt;
    const auto value = parse_scaled(text(column), 0);
    if (!value || *value < 1 || *value > kMaxJsonInteger || decimals_in(text(column)) != 0)
      refuse(column, "expected a whole number from 1 to 2^53, or nothing");
    return value;
  }

  std::string decimal(Column column) {
    if (!empty(column) && !Price::parse(text(column)))
      refuse(column, "expected a plain decimal of at most 9 decimals, or nothing");
    return std::string{text(column)};
  }

  // Clients show it and tables sort by it: capitals, digits and `others`.
  std::string label(Column column, std::string_view others) {
    const auto allowed = [&](char c) { return is_upper_or_digit(c) || others.contains(c); };
    if (!std::ranges::all_of(text(column), allowed))
      refuse(column, fmt::format("expected capitals and digits{}{}", others.empty() ? "" : " or ", others));
    return std::string{text(column)};
  }

 private:
  // What holds for every cell whatever its column means.
  void check_cells() {
    if (row_.fields.size() != kColumns)
      fault_ = Error{fmt::format("{}:{}: {} fields, expected {} as the header has", name_, row_.line,
                                 row_.fields.size(), kColumns)};
    for (std::size_t index = 0; index < kColumns && !fault_; ++index) {
      const auto column = static_cast<Column>(index);
      const auto& spec = kColumnSpecs[index];
      if (empty(column) && spec.cell == Cell::required) refuse(column, "expected a value");
      if (const auto size = text(column).size(); size > spec.bytes_max)
        refuse(column, fmt::format("{} bytes, expected at most {}", size, spec.bytes_max));
      if (const auto wrong = text_fault(text(column))) refuse(column, *wrong + ", expected plain UTF-8 text");
    }
  }

  std::string_view name_;
  const CsvRow& row_;
  const FieldOf& field_of_;
  std::optional<Error> fault_;
};

Code read_code(Row& row) {
  auto code = parse_code(row.text(Column::code));
  if (code) return std::move(code->code);
  row.refuse(Column::code, code.error().message);
  return {};
}

InstrumentKind read_kind(Row& row, Market market) {
  const auto text = row.text(Column::kind);
  const auto known = std::ranges::find(kKinds, text, &KindName::name);
  const auto allowed = rules_of(market).kinds;
  if (known != kKinds.end() && allowed.contains(text)) return known->kind;
  row.refuse(Column::kind, fmt::format("expected {} in market {}", allowed, text_of(market)));
  return {};
}

TickRule read_tick(Row& row) {
  auto tick = TickRule::parse(row.text(Column::tick));
  if (tick) return std::move(*tick);
  row.refuse(Column::tick, tick.error().message);
  return {};
}

int read_volume_decimals(Row& row) {
  if (row.empty(Column::volume_step)) return 0;
  const auto text = row.text(Column::volume_step);
  const auto step = Quantity::parse(text);
  if (step && *step > Quantity{} && decimals_in(text) <= Quantity::kDigits) return decimals_in(text);
  row.refuse(Column::volume_step, "expected a plain decimal above 0 of at most 8 decimals, or nothing");
  return 0;
}

CalendarId read_calendar(Row& row, Market market, const CalendarTable& calendars) {
  const auto wanted = row.empty(Column::calendar) ? rules_of(market).calendar : row.text(Column::calendar);
  if (const auto id = calendars.find(wanted)) return *id;
  std::string known;
  for (std::size_t index = 0; index < calendars.size(); ++index)
    known += fmt::format(" {}", calendars.at(CalendarId{static_cast<CalendarId::rep>(index)}).name());
  row.refuse(Column::calendar,
             wanted.empty()
                 ? fmt::format("market {} has no default, expected one of:{}", text_of(market), known)
                 : fmt::format("no calendar '{}', expected one of:{}", wanted, known));
  return {};
}

Result<Instrument> read_instrument(Row& row, const CalendarTable& calendars) {
  Instrument out;
  out.code = read_code(row);
  const auto market = out.code.market;
  out.kind = read_kind(row, market);
  out.exchange = row.label(Column::exchange, "/._-");
  out.currency = row.label(Column::currency, "");
  out.name_zh = row.text(Column::name_zh);
  out.name_en = row.text(Column::name_en);
  out.lot_size = row.count(Column::lot_size).value_or(1);
  out.tick = read_tick(row);
  out.volume_decimals = read_volume_decimals(row);
  out.calendar = read_calendar(row, market, calendars);
  out.closing_print = market == Market::US ? ClosingPrint::own_bar : ClosingPrint::last_bar;
  out.total_shares = row.count(Column::total_shares);
  out.outstanding_shares = row.count(Column::outstanding_shares);
  out.earnings_per_share = row.decimal(Column::eps);
  out.net_assets_per_share = row.decimal(Column::naps);
  out.dividend_yield = row.decimal(Column::dividend_yield);
  if (row.fault()) return std::unexpected{*row.fault()};
  return out;
}

}  // namespace

Result<InstrumentTable> InstrumentTable::load(std::string_view name, std::string_view csv,
                                              const CalendarTable& calendars) {
  CsvReader reader{name, csv};
  const auto header = reader.next();
  if (!header) return std::unexpected{header.error()};
  if (!*header)
    return fail("{}: empty, expected a header line that names {}", name,
                column_names([](std::size_t) { return true; }));
  const auto field_of = read_header(name, **header);
  if (!field_of) return std::unexpected{field_of.error()};

  InstrumentTable table;
  std::vector<std::size_t> lines;  // of each instrument, for the message about a duplicate
  for (;;) {
    const auto next = reader.next();
    if (!next) return std::unexpected{next.error()};
    if (!*next) return table;
    Row row{name, **next, *field_of};
    auto instrument = read_instrument(row, calendars);
    if (!instrument) return std::unexpected{instrument.error()};
    if (table.size() == kMaxInstruments)
      return fail("{}:{}: more than {} instruments", name, row.line(), kMaxInstruments);

    instrument->id = InstrumentId{static_cast<InstrumentId::rep>(table.size())};
    const auto [known, is_new] = table.by_code_.try_emplace(instrument->code, instrument->id);
    if (!is_new) {
      const auto line = lines[known->second.value()];
      row.refuse(Column::code, fmt::format("{} is on line {} already", known->first.to_string(), line));
      return std::unexpected{*row.fault()};
    }
    table.by_market_[static_cast<std::size_t>(instrument->code.market)].push_back(instrument->id);
    table.instruments_.push_back(std::move(*instrument));
    lines.push_back(row.line());
  }
}

const Instrument* InstrumentTable::find(const Code& code) const {
  const auto found = by_code_.find(code);
  return found == by_code_.end() ? nullptr : &at(found->second);
}

void InstrumentTable::set_closing_print(Market market, ClosingPrint closing) {
  for (const InstrumentId id : of_market(market)) instruments_[id.value()].closing_print = closing;
}

std::span<const InstrumentId> InstrumentTable::of_market(Market market) const {
  return by_market_[static_cast<std::size_t>(market)];
}

}  // namespace qos::market
