#include "feed/simulated/start_prices.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "feed/simulated/random.hpp"
#include "market/csv_reader.hpp"

namespace qos::feed::simulated {
namespace {

constexpr std::string_view kFile = "simulated_prices.csv";

struct Range {
  std::int64_t low;  // in thousandths of the currency
  std::int64_t high;
};

// What prices of a market look like, in the order of the enum: US, HK, SH, SZ, CF, FX, IX, CM.
constexpr std::array<Range, market::kMarkets> kPlausible{{{8'000, 400'000},
                                                          {2'000, 300'000},
                                                          {4'000, 200'000},
                                                          {4'000, 100'000},
                                                          {1'000, 500'000},
                                                          {500, 8'000},
                                                          {1'000'000, 30'000'000},
                                                          {10'000, 2'000'000}}};

std::optional<std::size_t> column_of(const market::CsvRow& header, std::string_view name) {
  const auto found = std::ranges::find(header.fields, name);
  if (found == header.fields.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header.fields.begin());
}

}  // namespace

Result<StartPrices> StartPrices::load(std::string_view csv) {
  StartPrices table;
  if (csv.empty()) return table;
  market::CsvReader reader{kFile, csv};
  auto header = reader.next();
  if (!header) return std::unexpected{std::move(header.error())};
  if (!*header) return table;
  const auto code_column = column_of(**header, "code");
  const auto price_column = column_of(**header, "price");
  if (!code_column || !price_column)
    return fail("{}:{}: expected a header with the columns code and price", kFile, (*header)->line);
  const std::size_t columns_needed = std::max(*code_column, *price_column) + 1;

  while (true) {
    auto row = reader.next();
    if (!row) return std::unexpected{std::move(row.error())};
    if (!*row) return table;
    const auto& [line, fields] = **row;
    if (fields.size() < columns_needed)
      return fail("{}:{}: {} columns, need {}", kFile, line, fields.size(), columns_needed);
    const auto code = market::parse_code(fields[*code_column]);
    if (!code) return within(fmt::format("{}:{}", kFile, line), code.error());
    const auto price = Price::parse(fields[*price_column]);
    if (!price || price->raw() <= 0)
      return fail("{}:{}: price: expected a positive decimal, got '{}'", kFile, line, fields[*price_column]);
    table.prices_.insert_or_assign(code->code, *price);
  }
}

Price StartPrices::of(const market::Instrument& instrument) const {
  const auto row = prices_.find(instrument.code);
  Price price;
  if (row != prices_.end()) {
    price = row->second;
  } else {
    const Range& range = kPlausible[static_cast<std::size_t>(instrument.code.market)];
    Random random{hash_of(instrument.code.to_string())};
    price = Price::from_raw((range.low + random.below(range.high - range.low)) * (Price::kScale / 1'000));
  }
  const Price on_grid = instrument.tick.round_down(price);
  return on_grid.raw() > 0 ? on_grid : instrument.tick.tick_at(price);
}

}  // namespace qos::feed::simulated
