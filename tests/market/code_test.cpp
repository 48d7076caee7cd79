#include "market/code.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace qos::market {
namespace {

// "US:AAPL as US:aapl, …"; an error begins with "error: ".
std::string parsed(std::string_view text) {
  const auto codes = parse_codes(text);
  if (!codes) return "error: " + codes.error().message;
  std::string out;
  for (const SpelledCode& code : *codes) {
    if (!out.empty()) out += ", ";
    out += code.code.to_string();
    if (code.spelling != code.code.to_string()) out += " as " + code.spelling;
  }
  return out;
}

TEST(Market, is_known_by_its_two_letters_in_either_case) {
  for (const MarketSpec& spec : kMarketSpecs) EXPECT_EQ(parse_market(spec.text), spec.market);
  EXPECT_EQ(parse_market("us"), Market::US);
  EXPECT_EQ(parse_market("Hk"), Market::HK);
  for (const char* text : {"", "U", "USA", "XX", " US", "U\0", "ÜS"})
    EXPECT_FALSE(parse_market(text)) << text;
}

TEST(Code, reads_every_spelling_of_the_protocol_and_repeats_it) {
  const std::vector<std::pair<const char*, const char*>> table{
      {"US:AAPL", "US:AAPL"},
      {"US:AAPL,TSLA", "US:AAPL, US:TSLA"},
      {"US:AAPL,TSLA,HK:700", "US:AAPL, US:TSLA, HK:700"},
      {"HK:700,9988,US:TSLA,SH:600519", "HK:700, HK:9988, US:TSLA, SH:600519"},
      {" US:AAPL , TSLA ,\tHK:700 ", "US:AAPL, US:TSLA, HK:700"},
      {"US:AAPL,AAPL", "US:AAPL, US:AAPL"},
      {"HK:00700", "HK:700 as HK:00700"},
      {"HK:0700,00005,5", "HK:700 as HK:0700, HK:5 as HK:00005, HK:5"},
      {"HK:80700", "HK:80700"},
      {"us:aapl,Tsla", "US:AAPL as us:aapl, US:TSLA as us:Tsla"},
      {"US:BRK.B,BRK-B,BRK/B,brk.b",
       "US:BRK.B, US:BRK.B as US:BRK-B, US:BRK.B as US:BRK/B, US:BRK.B as US:brk.b"},
      {"SH:600519", "SH:600519"},
      {"SZ:000001", "SZ:000001"},
      {"CF:BTCUSDT,btcusdt,BTCUSDT_260925", "CF:BTCUSDT, CF:BTCUSDT as CF:btcusdt, CF:BTCUSDT_260925"},
      {"CF:1000PEPEUSDT", "CF:1000PEPEUSDT"},
      {"FX:USDJPY", "FX:USDJPY"},
      {"IX:JPN225,HSI", "IX:JPN225, IX:HSI"},
      {"CM:XAUUSD", "CM:XAUUSD"},
      {"US:NOPE", "US:NOPE"},
      {"US:ABCDEFGHIJKLMNOPQRSTUVWXYZ123456", "US:ABCDEFGHIJKLMNOPQRSTUVWXYZ123456"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(parsed(text), expected) << text;
}

TEST(Code, refuses_the_malformed_naming_the_part_and_what_a_code_looks_like) {
  const std::vector<std::pair<const char*, const char*>> table{
      {"AAPL", "'AAPL': the market is missing"},
      {"", "'': the market is missing"},
      {",", "'': the market is missing"},
      {"XX:1", "'XX' is no market"},
      {":AAPL", "'' is no market"},
      {"US:", "'US:': the symbol is missing"},
      {"US:AAPL,", "'': the symbol is missing"},
      {"US:AAPL,,TSLA", "'': the symbol is missing"},
      {"US:AAPL,XX:1,TSLA", "'XX:1': 'XX' is no market"},
      {"US:AA PL", "'US:AA PL': a symbol has letters and digits"},
      {"US: AAPL", "'US: AAPL': a symbol has letters and digits"},
      {"US :AAPL", "'US ' is no market"},
      {"US:BRK..B", "a symbol has letters and digits"},
      {"US:.B", "a symbol has letters and digits"},
      {"US:BRK.", "ends with a letter or a digit"},
      {"US:A_B", "a symbol has letters and digits"},
      {"US:^GSPC", "a symbol has letters and digits"},
      {"US:HK:700", "a symbol has letters and digits"},
      {"CF:BTC/USDT", "a symbol has letters and digits"},
      {"US:ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567", "at most 32 characters"},
      {"HK:", "the symbol is missing"},
      {"HK:0", "number of up to 5 digits"},
      {"HK:00000", "number of up to 5 digits"},
      {"HK:123456", "number of up to 5 digits"},
      {"HK:7A", "number of up to 5 digits"},
      {"HK:-700", "number of up to 5 digits"},
      {"SH:60051", "exactly 6 digits"},
      {"SH:6005190", "exactly 6 digits"},
      {"SZ:00000A", "exactly 6 digits"},
      {"SH:\xe8\xb4\xb5\xe5\xb7\x9e",
       "'SH:\xe8\xb4\xb5\xe5\xb7\x9e': an SH or SZ symbol has exactly 6 digits"},
      {"US:A\"\\\x01", R"('US:A"\\x01')"},
  };
  for (const auto& [text, expected] : table) {
    const std::string result = parsed(text);
    EXPECT_TRUE(result.starts_with("error: malformed code '")) << text << " -> " << result;
    EXPECT_NE(result.find(expected), std::string::npos) << text << " -> " << result;
    EXPECT_TRUE(result.ends_with("a code looks like US:AAPL or HK:700")) << text << " -> " << result;
  }
}

TEST(Code, shortens_a_long_part_in_its_error) {
  const auto result = parse_codes("US:" + std::string(100'000, '!'));
  ASSERT_FALSE(result);
  EXPECT_LT(result.error().message.size(), 200U);
}

TEST(Code, one_string_has_a_limit) {
  std::string text = "US:A";
  for (std::size_t i = 1; i < kMaxCodes; ++i) text += ",A";
  EXPECT_EQ(parse_codes(text)->size(), kMaxCodes);
  EXPECT_EQ(parse_codes(text + ",A").error().message, "more than 50000 codes in one string");
}

TEST(Code, exactly_one_is_asked_of_parse_code) {
  EXPECT_EQ(parse_code(" HK:00700 ")->code, (Code{Market::HK, "700"}));
  EXPECT_EQ(parse_code("HK:00700")->spelling, "HK:00700");
  EXPECT_FALSE(parse_code("US:AAPL,TSLA"));
  EXPECT_FALSE(parse_code("TSLA"));
}

TEST(Code, hashes_by_market_and_symbol) {
  const std::hash<Code> hash;
  EXPECT_EQ(hash(parse_code("HK:00700")->code), hash(parse_code("HK:700")->code));
  EXPECT_NE(hash(Code{Market::SH, "000001"}), hash(Code{Market::SZ, "000001"}));
}

}  // namespace
}  // namespace qos::market
