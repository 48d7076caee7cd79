#include "market/instrument.hpp"

#include <gtest/gtest.h>

#include <set>

#include "market/instrument_fixture.hpp"

namespace qos::market {
namespace {

const CalendarTable& calendars() {
  static const CalendarTable table = named_calendars();
  return table;
}

InstrumentTable load(std::string_view csv) {
  auto table = InstrumentTable::load("test.csv", csv, calendars());
  EXPECT_TRUE(table) << table.error().message;
  return table ? std::move(*table) : InstrumentTable{};
}

const Instrument& only(const InstrumentTable& table) {
  QOS_ASSERT(table.size() == 1);
  return table.at(InstrumentId{0});
}

TEST(InstrumentTable, keeps_every_cell_of_a_row) {
  const auto table = load(csv_header() + csv_row({{"code", "CF:BTCUSDT"},
                                                  {"kind", "perpetual"},
                                                  {"exchange", "BINANCE"},
                                                  {"currency", "USDT"},
                                                  {"name_zh", "比特币永续合约"},
                                                  {"name_en", "BTC/USDT \"perp\", linear"},
                                                  {"lot_size", "7"},
                                                  {"tick", "0.10"},
                                                  {"volume_step", "0.001"},
                                                  {"calendar", "HK"},
                                                  {"total_shares", "9007199254740992"},
                                                  {"outstanding_shares", "12"},
                                                  {"eps", "-4.380"},
                                                  {"naps", "185.56"},
                                                  {"dividend_yield", "3.38"},
                                                  {"source", "somewhere, 2024"}}));
  const auto& instrument = only(table);
  EXPECT_EQ(instrument.id, InstrumentId{0});
  EXPECT_EQ(instrument.code, (Code{Market::CF, "BTCUSDT"}));
  EXPECT_EQ(instrument.kind, InstrumentKind::perpetual);
  EXPECT_EQ(instrument.exchange, "BINANCE");
  EXPECT_EQ(instrument.currency, "USDT");
  EXPECT_EQ(instrument.name_zh, "比特币永续合约");
  EXPECT_EQ(instrument.name_en, "BTC/USDT \"perp\", linear");
  EXPECT_EQ(instrument.lot_size, 7);
  EXPECT_EQ(instrument.tick, TickRule::parse("0.10"));
  EXPECT_EQ(instrument.tick.decimals(), 2);
  EXPECT_EQ(instrument.volume_decimals, 3);
  EXPECT_EQ(instrument.calendar, calendars().find("HK"));
  EXPECT_EQ(instrument.closing_print, ClosingPrint::last_bar);
  EXPECT_EQ(instrument.total_shares, std::int64_t{1} << 53);
  EXPECT_EQ(instrument.outstanding_shares, 12);
  EXPECT_EQ(instrument.earnings_per_share, "-4.380");
  EXPECT_EQ(instrument.net_assets_per_share, "185.56");
  EXPECT_EQ(instrument.dividend_yield, "3.38");
}

TEST(InstrumentTable, takes_empty_cells_for_unknown) {
  const auto table = load(csv_header() + csv_row({}));
  const auto& instrument = only(table);
  EXPECT_EQ(instrument.name_zh, "");
  EXPECT_EQ(instrument.name_en, "");
  EXPECT_EQ(instrument.lot_size, 1);
  EXPECT_EQ(instrument.volume_decimals, 0);
  EXPECT_EQ(instrument.total_shares, std::nullopt);
  EXPECT_EQ(instrument.outstanding_shares, std::nullopt);
  EXPECT_EQ(instrument.earnings_per_share, "");
  EXPECT_EQ(instrument.net_assets_per_share, "");
  EXPECT_EQ(instrument.dividend_yield, "");
}

TEST(InstrumentTable, gives_each_market_its_calendar_and_its_closing_print) {
  struct Case {
    std::string code, kind, calendar;
    ClosingPrint closing_print;
  };
  const std::vector<Case> cases{
      {"US:AAPL", "stock", "US", ClosingPrint::own_bar},
      {"US:SPY", "etf", "US", ClosingPrint::own_bar},
      {"HK:700", "stock", "HK", ClosingPrint::last_bar},
      {"SH:600519", "stock", "CN", ClosingPrint::last_bar},
      {"SH:000001", "index", "CN", ClosingPrint::last_bar},
      {"SZ:000001", "stock", "CN", ClosingPrint::last_bar},
      {"CF:BTCUSDT", "perpetual", "CF", ClosingPrint::last_bar},
      {"FX:USDJPY", "currency_pair", "FX", ClosingPrint::last_bar},
      {"CM:XAUUSD", "commodity", "CM", ClosingPrint::last_bar},
  };
  for (const auto& [code, kind, calendar, closing_print] : cases) {
    const auto table = load(csv_header() + csv_row({{"code", code}, {"kind", kind}}));
    EXPECT_EQ(only(table).calendar, calendars().find(calendar)) << code;
    EXPECT_EQ(only(table).closing_print, closing_print) << code;
  }
}

TEST(InstrumentTable, finds_a_code_whatever_its_spelling_was) {
  const auto table = load(csv_header() + csv_row({{"code", "HK:00700"}, {"exchange", "SEHK"}}) +
                          csv_row({{"code", "us:brk-b"}, {"exchange", "NYSE"}}));
  for (const auto* spelling : {"HK:00700", "HK:700", "HK:0700"}) {
    const auto* found = table.find(parse_code(spelling)->code);
    ASSERT_NE(found, nullptr) << spelling;
    EXPECT_EQ(found->code.to_string(), "HK:700");
  }
  const auto* berkshire = table.find(Code{Market::US, "BRK.B"});
  ASSERT_NE(berkshire, nullptr);
  EXPECT_EQ(berkshire->id, InstrumentId{1});
  EXPECT_EQ(table.find(Code{Market::HK, "701"}), nullptr);
  EXPECT_EQ(table.find(Code{Market::US, "700"}), nullptr);
}

TEST(InstrumentTable, numbers_and_lists_the_rows_in_their_order) {
  const auto table = load(csv_header() + csv_row({{"code", "US:MSFT"}}) + csv_row({{"code", "HK:5"}}) +
                          csv_row({{"code", "US:AAPL"}}));
  std::vector<std::string> symbols;
  for (std::uint32_t id = 0; id < table.size(); ++id) {
    EXPECT_EQ(table.at(InstrumentId{id}).id, InstrumentId{id});
    symbols.push_back(table.at(InstrumentId{id}).code.symbol);
  }
  EXPECT_EQ(symbols, (std::vector<std::string>{"MSFT", "5", "AAPL"}));
  const auto us = table.of_market(Market::US);
  EXPECT_EQ(std::vector(us.begin(), us.end()), (std::vector{InstrumentId{0}, InstrumentId{2}}));
  EXPECT_TRUE(table.of_market(Market::CM).empty());
}

TEST(InstrumentTable, reads_the_columns_where_the_header_puts_them) {
  const auto table = load(
      "source,dividend_yield,naps,eps,outstanding_shares,total_shares,calendar,volume_step,tick,lot_size,"
      "name_en,"
      "name_zh,currency,exchange,kind,code\n"
      ",,2,1,,,,,US,100,Apple,苹果,USD,NASD,stock,US:AAPL\n");
  EXPECT_EQ(only(table).code.to_string(), "US:AAPL");
  EXPECT_EQ(only(table).name_zh, "苹果");
  EXPECT_EQ(only(table).lot_size, 100);
  EXPECT_EQ(only(table).earnings_per_share, "1");
  EXPECT_EQ(only(table).net_assets_per_share, "2");
}

// A byte order mark, CRLF, blank lines, padding around unquoted fields and no line end at the end: all are
// what spreadsheets write.
TEST(InstrumentTable, reads_what_spreadsheets_write) {
  auto csv = "\xEF\xBB\xBF" + csv_header() + "\n  \n" +
             " US:AAPL , stock,NASD,USD,苹果,\"Apple, Inc.\",1,US,,,,,,,,";
  std::string crlf;
  for (const char c : csv) crlf += c == '\n' ? "\r\n" : std::string{c};
  for (const auto& text : {csv, crlf}) {
    const auto table = load(text);
    EXPECT_EQ(only(table).code.to_string(), "US:AAPL");
    EXPECT_EQ(only(table).kind, InstrumentKind::stock);
    EXPECT_EQ(only(table).name_en, "Apple, Inc.");
  }
}

TEST(InstrumentTable, may_be_empty) {
  const auto table = load(csv_header());
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.find(Code{Market::US, "AAPL"}), nullptr);
}

TEST(InstrumentTable, holds_as_many_as_an_operator_brings) {
  constexpr std::uint32_t kRows = 20'000;
  std::string csv = csv_header();
  for (std::uint32_t number = 0; number < kRows; ++number)
    csv +=
        fmt::format("US:S{0},stock,NYSE,USD,第{0}号公司,\"Company {0}, Inc.\",1,US,,,{1},,1.25,,,generated\n",
                    number, number + 1);
  const auto table = load(csv);
  ASSERT_EQ(table.size(), kRows);
  EXPECT_EQ(table.of_market(Market::US).size(), kRows);
  for (std::uint32_t number = 0; number < kRows; ++number) {
    const auto* found = table.find(Code{Market::US, fmt::format("S{}", number)});
    ASSERT_NE(found, nullptr) << number;
    ASSERT_EQ(found->id.value(), number);
    ASSERT_EQ(found->name_en, fmt::format("Company {}, Inc.", number));
    ASSERT_EQ(found->total_shares, number + 1);
  }
}

}  // namespace
}  // namespace qos::market
