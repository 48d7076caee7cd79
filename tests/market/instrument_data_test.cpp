// The table that comes with the server: that it is whole, and that its facts agree with a reference where one
// is at hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "io/file.hpp"
#include "market/csv_reader.hpp"
#include "market/instrument_fixture.hpp"

namespace qos::market {
namespace {

std::string source_file(std::string_view path) {
  auto text = io::read_file(std::filesystem::path{QOS_SOURCE_DIR} / path);
  EXPECT_TRUE(text) << path;
  return text.value_or("");
}

const InstrumentTable& shipped() {
  static const InstrumentTable table = [] {
    auto loaded =
        InstrumentTable::load("instruments.csv", source_file("data/instruments.csv"), named_calendars());
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded ? std::move(*loaded) : InstrumentTable{};
  }();
  return table;
}

// The rows of a CSV text as maps from column to cell.
std::vector<Cells> records(std::string_view text) {
  CsvReader reader{"records", text};
  std::vector<std::string> columns;
  std::vector<Cells> out;
  for (;;) {
    const auto row = reader.next();
    EXPECT_TRUE(row) << row.error().message;
    if (!row || !*row) return out;
    const auto fields = (*row)->fields;
    if (columns.empty()) {
      columns.assign(fields.begin(), fields.end());
      continue;
    }
    EXPECT_EQ(fields.size(), columns.size()) << "line " << (*row)->line;
    auto& record = out.emplace_back();
    for (std::size_t index = 0; index < std::min(fields.size(), columns.size()); ++index)
      record[columns[index]] = fields[index];
  }
}

const Instrument* find(std::string_view code) {
  const auto parsed = parse_code(code);
  return parsed ? shipped().find(parsed->code) : nullptr;
}

TEST(ShippedInstruments, cover_all_markets_with_canonical_codes_and_a_source) {
  const auto rows = records(source_file("data/instruments.csv"));
  ASSERT_EQ(rows.size(), shipped().size());
  for (std::uint32_t row = 0; row < shipped().size(); ++row) {
    const auto& instrument = shipped().at(InstrumentId{row});
    EXPECT_EQ(rows[row].at("code"), instrument.code.to_string());
    EXPECT_FALSE(rows[row].at("source").empty()) << instrument.code.to_string();
    EXPECT_FALSE(instrument.name_zh.empty()) << instrument.code.to_string();
    EXPECT_FALSE(instrument.name_en.empty()) << instrument.code.to_string();
  }
  const std::map<Market, std::size_t> at_least{{Market::US, 45}, {Market::HK, 35}, {Market::SH, 22},
                                               {Market::SZ, 18}, {Market::CF, 14}, {Market::FX, 9},
                                               {Market::IX, 8},  {Market::CM, 5}};
  for (const auto& [market, count] : at_least)
    EXPECT_GE(shipped().of_market(market).size(), count) << text_of(market);
}

// Every code that the protocol uses as an example; US:NOPE is its example of an unknown one.
TEST(ShippedInstruments, hold_every_example_of_the_protocol) {
  for (const auto* code :
       {"US:AAPL", "US:TSLA", "US:BRK.B", "US:BRK-B", "US:BRK/B", "HK:700", "HK:00700", "SH:600519",
        "SZ:000001", "CF:BTCUSDT", "FX:USDJPY", "IX:JPN225", "IX:HSI", "CM:XAUUSD"})
    EXPECT_NE(find(code), nullptr) << code;
  EXPECT_EQ(find("US:NOPE"), nullptr);
  EXPECT_EQ(find("CM:XAUUSD")->name_zh, "黄金");
}

TEST(ShippedInstruments, follow_the_rules_of_their_exchange) {
  const auto hkex = TickRule::parse("HKEX");
  const auto cent = TickRule::parse("0.01");
  const auto tenth_of_a_cent = TickRule::parse("0.001");
  for (std::uint32_t row = 0; row < shipped().size(); ++row) {
    const auto& instrument = shipped().at(InstrumentId{row});
    const auto code = instrument.code.to_string();
    const auto market = instrument.code.market;
    if (market == Market::US) {
      EXPECT_EQ(instrument.currency, "USD") << code;
    }
    if (market == Market::HK) {
      EXPECT_EQ(instrument.exchange, "SEHK") << code;
      EXPECT_EQ(instrument.currency, "HKD") << code;
      EXPECT_EQ(instrument.tick, hkex) << code;
    }
    if (market == Market::SH || market == Market::SZ) {
      EXPECT_EQ(instrument.exchange, market == Market::SH ? "SSE" : "SZSE") << code;
      EXPECT_EQ(instrument.currency, "CNY") << code;
      EXPECT_EQ(instrument.lot_size, instrument.code.symbol.starts_with("688") ? 200 : 100) << code;
      EXPECT_EQ(instrument.tick, instrument.kind == InstrumentKind::etf ? tenth_of_a_cent : cent) << code;
    }
    if (market == Market::FX || market == Market::CF) {
      EXPECT_TRUE(instrument.code.symbol.ends_with(instrument.currency)) << code;
    }
  }
}

TEST(ShippedInstruments, name_calendars_that_there_are) {
  const auto calendars = named_calendars();
  for (std::uint32_t row = 0; row < shipped().size(); ++row) {
    const auto& name = calendars.at(shipped().at(InstrumentId{row}).calendar).name();
    EXPECT_TRUE(std::filesystem::exists(fmt::format("{}/config/markets/{}.toml", QOS_SOURCE_DIR, name)))
        << name;
  }
}

TEST(SimulatedPrices, start_every_instrument_on_its_grid) {
  std::set<std::string> priced;
  for (const auto& record : records(source_file("data/simulated_prices.csv"))) {
    ASSERT_EQ(record.size(), 2U);
    const auto& code = record.at("code");
    const auto* instrument = find(code);
    ASSERT_NE(instrument, nullptr) << code;
    EXPECT_EQ(instrument->code.to_string(), code);
    EXPECT_TRUE(priced.insert(code).second) << code << " twice";
    const auto price = Price::parse(record.at("price"));
    ASSERT_TRUE(price) << code;
    EXPECT_GT(*price, Price{}) << code;
    EXPECT_TRUE(instrument->tick.on_grid(*price)) << code << " " << record.at("price");
  }
  EXPECT_EQ(priced.size(), shipped().size());
}

TEST(InstrumentFormat, page_tells_every_column_and_its_example_loads) {
  const auto page = source_file("docs/formats/instruments.md");
  std::size_t table_rows = 0;
  for (std::size_t at = page.find("\n| `"); at != std::string::npos; at = page.find("\n| `", at + 1))
    ++table_rows;
  EXPECT_EQ(table_rows, kColumnNames.size());
  for (const auto& column : kColumnNames)
    EXPECT_TRUE(page.contains(fmt::format("\n| `{}` |", column))) << column;

  const std::string_view open = "```csv\n";
  const auto from = page.find(open) + open.size();
  const auto example = page.substr(from, page.find("```", from) - from);
  const auto loaded = InstrumentTable::load("example", example, named_calendars());
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->size(), 4U);
  EXPECT_TRUE(page.contains(fmt::format("\n{} instruments", shipped().size()))) << shipped().size();
}

// Where we decided against the reference, and why.
const std::map<std::string, std::string> kDecidedTicks{
    {"CM:XAUUSD", "0.01, the cent that spot gold is quoted in; the reference has one retail venue's 0.001"},
    {"CM:XAGUSD", "0.001, as spot silver is quoted; the reference has one retail venue's 0.00001"},
};

std::string code_of(const Cells& record) {
  const auto& market = record.at("market");
  return fmt::format("{}:{}",
                     market == "CRYPTO"  ? "CF"
                     : market == "METAL" ? "CM"
                                         : market,
                     record.at("code"));
}

TEST(ShippedInstruments, agree_with_the_reference_in_currency_lot_and_tick) {
  const char* folder = std::getenv("QOS_TEST_DATA");
  const auto path =
      std::filesystem::path{folder ? folder : QOS_SOURCE_DIR "/../shared/data"} / "reference/instruments.csv";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no reference at " << path;
  const auto text = io::read_file(path);
  ASSERT_TRUE(text);

  std::size_t compared = 0;
  std::set<std::string> disagreed;
  for (const auto& record : records(*text)) {
    const auto code = code_of(record);
    const auto* instrument = find(code);
    if (!instrument || record.at("type") == "index") continue;
    ++compared;
    EXPECT_EQ(instrument->currency, record.at("currency")) << code;
    const auto market = instrument->code.market;
    const auto& lot = record.at("lot_size");
    if (market == Market::CF)
      EXPECT_EQ(instrument->volume_decimals, decimals_in(lot)) << code;
    else
      EXPECT_EQ(std::to_string(instrument->lot_size), lot) << code;

    const auto& tick = record.at("tick_size");
    const bool same = market == Market::HK
                          ? tick.contains("HKEX")
                          : instrument->tick.tick_at(*Price::parse("100")) == Price::parse(tick);
    if (!same) disagreed.insert(code);
    EXPECT_TRUE(same || kDecidedTicks.contains(code)) << code << " tick, reference " << tick;
  }
  EXPECT_GE(compared, 80U);
  for (const auto& [code, why] : kDecidedTicks) EXPECT_TRUE(disagreed.contains(code)) << code << ": " << why;
}

}  // namespace
}  // namespace qos::market
