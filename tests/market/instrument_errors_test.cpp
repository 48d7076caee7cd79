// Every way a table can be wrong, and that its message says where and what was expected.
#include <gtest/gtest.h>

#include <algorithm>

#include "market/instrument_fixture.hpp"

namespace qos::market {
namespace {

std::string error_of(std::string_view csv) {
  static const CalendarTable calendars = named_calendars();
  const auto table = InstrumentTable::load("test.csv", csv, calendars);
  return table ? "no error" : table.error().message;
}

std::string without(std::string text, std::string_view part) {
  const auto at = text.find(part);
  return at == std::string::npos ? text : text.erase(at, part.size());
}

struct BadCell {
  std::string column, cell;
  std::string expected;  // what the message says after the value; empty: the code's or tick rule's own words
  Cells others = {};
};

TEST(InstrumentErrors, name_file_line_column_value_and_what_was_expected) {
  const std::vector<BadCell> cases{
      {"code", "", "expected a value"},
      {"code", "AAPL", ""},
      {"code", "XX:1", ""},
      {"code", "US:", ""},
      {"code", "US:AAPL,MSFT", ""},
      {"code", "US:" + std::string(62, 'A'), "65 bytes, expected at most 64"},
      {"kind", "", "expected a value"},
      {"kind", "Stock", "expected stock, etf or index in market US"},
      {"kind", "or", "expected stock, etf or index in market US"},
      {"kind", "perpetual", "expected stock, etf or index in market US"},
      {"kind", "stock", "expected perpetual in market CF", {{"code", "CF:BTCUSDT"}}},
      {"kind", "stock", "expected index in market IX", {{"code", "IX:HSI"}, {"calendar", "HK"}}},
      {"exchange", "", "expected a value"},
      {"exchange", "nasd", "expected capitals and digits or /._-"},
      {"exchange", "A\"B", "expected capitals and digits or /._-"},
      {"exchange", std::string(17, 'N'), "17 bytes, expected at most 16"},
      {"currency", "", "expected a value"},
      {"currency", "US$", "expected capitals and digits"},
      {"name_zh", "\xE8\x8B", "not UTF-8 at byte 1"},
      {"name_zh", "苹\xC0\xAF", "not UTF-8 at byte 4"},
      {"name_zh", "a\xED\xA0\x80", "not UTF-8 at byte 2"},
      {"name_zh", std::string(257, 'x'), "257 bytes, expected at most 256"},
      {"name_en", "Bell\x07", "control character 0x07 at byte 5"},
      {"name_en", std::string("nul\0", 4), "control character 0x00 at byte 4"},
      {"name_en", "\xC2\x85", "control character 0x85 at byte 1"},
      {"name_en", "\x7F", "control character 0x7F at byte 1"},
      {"source", "\t", "control character 0x09 at byte 1"},
      {"lot_size", "0", "expected a whole number from 1 to 2^53, or nothing"},
      {"lot_size", "-1", "expected a whole number"},
      {"lot_size", "1.0", "expected a whole number"},
      {"lot_size", "1e3", "expected a whole number"},
      {"lot_size", "9007199254740993", "expected a whole number"},
      {"tick", "", "expected a value"},
      {"tick", "0,01", ""},
      {"tick", "0", ""},
      {"tick", "hkex?", ""},
      {"volume_step", "0", "expected a plain decimal above 0"},
      {"volume_step", "-0.1", "expected a plain decimal above 0"},
      {"volume_step", "0.000000001", "at most 8 decimals"},
      {"volume_step", "0.1000000000", "at most 8 decimals"},
      {"calendar", "XX", "no calendar 'XX', expected one of: US HK CN CF FX CM"},
      {"calendar",
       "",
       "market IX has no default, expected one of: US HK",
       {{"code", "IX:HSI"}, {"kind", "index"}}},
      {"total_shares", "15,115", "expected a whole number"},
      {"outstanding_shares", "many", "expected a whole number"},
      {"eps", "6.08 USD", "expected a plain decimal"},
      {"eps", "1e3", "expected a plain decimal"},
      {"naps", ".5", "expected a plain decimal"},
      {"dividend_yield", "3%", "expected a plain decimal"},
      {"dividend_yield", "0.1234567891", "expected a plain decimal of at most 9 decimals"},
  };
  for (const auto& bad : cases) {
    auto cells = bad.others;
    cells[bad.column] = bad.cell;
    const auto message = error_of(csv_header() + csv_row({{"code", "US:GOOD"}}) + csv_row(cells));
    const auto place = fmt::format("test.csv:3: column '{}': '", bad.column);
    EXPECT_TRUE(message.starts_with(place)) << message << "\nexpected " << place;
    EXPECT_TRUE(message.contains(bad.expected)) << message << "\nexpected " << bad.expected;
    // The value follows, but cut where it is long and escaped where it must not reach a terminal.
    const bool plain =
        bad.cell.size() < 30 && std::ranges::all_of(bad.cell, [](char c) { return c >= ' ' && c <= '~'; });
    const auto shown_value = plain ? place + bad.cell + "': " : place;
    EXPECT_TRUE(message.starts_with(shown_value)) << message;
  }
}

TEST(InstrumentErrors, are_found_in_the_lines_themselves) {
  struct Case {
    std::string csv, message;
  };
  const auto good = csv_header() + csv_row({{"code", "US:GOOD"}});
  const std::vector<Case> cases{
      {"", "test.csv: empty, expected a header line that names 'code', 'kind', "},
      {"\xEF\xBB\xBF\r\n \n", "test.csv: empty"},
      {"symbol\n", "test.csv:1: unknown column 'symbol', expected 'code', 'kind', "},
      {"Code\n", "test.csv:1: unknown column 'Code'"},
      {"\n" + without(csv_header(), ",source"), "test.csv:2: the header lacks column 'source'"},
      {without(without(csv_header(), ",naps"), "code,"),
       "test.csv:1: the header lacks column 'code', 'naps'"},
      {"code,eps,code\n", "test.csv:1: column 'code' is named twice"},
      {good + "US:AAPL\n", "test.csv:3: 1 fields, expected 16 as the header has"},
      {good + "\n\r\n" + without(csv_row({}), "\n") + ",more\n", "test.csv:5: 17 fields, expected 16"},
      {good + std::string(64, ',') + "\n", "test.csv:3: 65 fields, at most 64 are allowed"},
      {good + "US:\"AAPL\"\n", "test.csv:3: byte 4: a quote inside an unquoted field"},
      {good + "\"US\":AAPL\n",
       "test.csv:3: byte 5: a quote inside an unquoted field, or text after a closing quote"},
      {good + "\"US:AAPL,stock\n" + csv_row({}), "test.csv:3: a quoted field is not closed on its line"},
      {good + "\"US:AAPL", "test.csv:3: a quoted field is not closed on its line"},
      {good + "a\rb\n", "test.csv:3: a carriage return inside the line, at byte 2"},
      {good + std::string(8193, ' '), "test.csv:3: a line of 8193 bytes, at most 8192 are allowed"},
      {good + csv_row({{"code", "us:good"}}),
       "test.csv:3: column 'code': 'us:good': US:GOOD is on line 2 already"},
      {good + csv_row({{"code", "HK:00700"}}) + csv_row({}) + csv_row({{"code", "HK:700"}}),
       "test.csv:5: column 'code': 'HK:700': HK:700 is on line 3 already"},
  };
  for (const auto& [csv, message] : cases) EXPECT_EQ(error_of(csv).substr(0, message.size()), message);
}

// The message goes to a terminal and a log: whatever the file holds, it is short and printable.
TEST(InstrumentErrors, show_hostile_values_harmlessly) {
  const auto escaped = error_of(csv_header() + csv_row({{"kind", "\x1B[2J\xFF苹"}}));
  EXPECT_EQ(escaped,
            "test.csv:2: column 'kind': '\\x1b[2J\\xff苹': control character 0x1B at byte 1, expected plain "
            "UTF-8 text");
  const auto cut =
      error_of(csv_header() + csv_row({{"name_en", std::string(38, 'x') + std::string(300, '\\') + "苹"}}));
  EXPECT_EQ(cut, "test.csv:2: column 'name_en': '" + std::string(38, 'x') +
                     "\\…': 341 bytes, expected at most 256");
  EXPECT_TRUE(error_of(std::string(8000, 'c') + "\n").starts_with("test.csv:1: unknown column 'ccc"));
  EXPECT_LT(error_of(std::string(8000, 'c') + "\n").size(), 400U);
}

}  // namespace
}  // namespace qos::market
