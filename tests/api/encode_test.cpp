// Byte for byte what the wire shows.
#include "api/json/encode.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include <simdjson.h>

#include "api/json/encode_reference.hpp"
#include "query_fakes.hpp"

namespace qos::api::json {
namespace {

using fakes::kline;
using fakes::part;
using fakes::price;
using fakes::quantity;
using fakes::snapshot;
using fakes::trade;
using fakes::turnover;
using fakes::volume;

class Encode : public ::testing::Test {
 protected:
  std::string depth(std::string_view code, const state::Depth& book, std::size_t levels = 0) {
    std::string out;
    append_depth_body(out, house.instrument(code), book, levels);
    return out;
  }
  std::string brief(std::string_view code, const state::Snapshot& value) {
    std::string out;
    append_snapshot_body(out, house.instrument(code), value);
    return out;
  }
  std::string full(std::string_view code, const state::Snapshot& value) {
    std::string out;
    append_full_snapshot_body(out, house.instrument(code), value);
    return out;
  }
  std::string traded(std::string_view code, const state::TapeTrade& value) {
    std::string out;
    append_trade_body(out, house.instrument(code), value);
    return out;
  }
  std::string described(std::string_view code) {
    std::string out;
    append_instrument_info_body(out, house.instrument(code));
    return out;
  }

  fakes::House house;
};

TEST_F(Encode, a_us_snapshot_has_its_session_and_trimmed_decimals) {
  auto value = snapshot("213.020", "209.68");
  value.session = state::UsSession::regular;
  EXPECT_EQ(
      brief("US:AAPL", value),
      R"(,"lp":"213.02","yp":"209.68","o":"211.25","h":"213.95","l":"209.5","ts":1742241600,"v":"48073426",)"
      R"("t":"10195032149.65","s":0,"tt":3})");
}

TEST_F(Encode, a_full_us_snapshot_adds_the_sessions_there_were_and_a_push_does_not) {
  auto value = snapshot("213", "209.68");
  value.pre_market = part("211.2", "209.68");
  value.night = part("210.4", "208.1");
  value.suspended = true;
  const std::string head =
      R"(,"lp":"213","yp":"209.68","o":"211.25","h":"213.95","l":"209.5","ts":1742241600,"v":"48073426",)"
      R"("t":"10195032149.65","s":1,"tt":0)";
  EXPECT_EQ(brief("US:AAPL", value), head + "}");
  EXPECT_EQ(
      full("US:AAPL", value),
      head +
          R"(,"pq":{"lp":"211.2","yp":"209.68","h":"214","l":"209","ts":1742218198,"v":"601820","t":"127025147.5"})"
          R"(,"nq":{"lp":"210.4","yp":"208.1","h":"214","l":"209","ts":1742218198,"v":"601820","t":"127025147.5"}})");
  value.after_hours = part("212.9", "213");
  EXPECT_NE(full("US:AAPL", value).find(R"(,"aq":{"lp":"212.9","yp":"213",)"), std::string::npos);
}

TEST_F(Encode, a_session_object_is_complete_or_absent) {
  auto value = snapshot("213", "209.68");
  value.pre_market = part("211.2", "209.68");
  value.pre_market->previous_close.reset();
  EXPECT_EQ(full("US:AAPL", value), brief("US:AAPL", value));
}

TEST_F(Encode, only_us_snapshots_have_sessions) {
  auto value = snapshot("213", "209.68");
  value.pre_market = part("211.2", "209.68");
  value.session = state::UsSession::pre_market;
  EXPECT_EQ(
      full("HK:700", value),
      R"(,"lp":"213","yp":"209.68","o":"211.25","h":"213.95","l":"209.5","ts":1742241600,"v":"48073426",)"
      R"("t":"10195032149.65","s":0})");
}

TEST_F(Encode, a_perpetual_has_no_previous_close_and_is_padded_to_tick_and_step) {
  auto value = snapshot("83939.8", "82000");
  value.volume = volume("152833.05");
  value.turnover = turnover("12790338541.2061000");
  EXPECT_EQ(brief("CF:BTCUSDT", value),
            R"(,"lp":"83939.80","o":"211.25","h":"213.95","l":"209.50","ts":1742241600,"v":"152833.050",)"
            R"("t":"12790338541.2061","s":0})");
}

// QOS's own Python client refuses a snapshot without lp, o, h, l or ts.
TEST_F(Encode, a_product_that_never_traded_has_every_member_with_zero_prices) {
  EXPECT_EQ(full("US:AAPL", {}), R"(,"lp":"0","o":"0","h":"0","l":"0","ts":0,"v":"0","t":"0","s":0,"tt":0})");
  EXPECT_EQ(full("CF:BTCUSDT", {}),
            R"(,"lp":"0.00","o":"0.00","h":"0.00","l":"0.00","ts":0,"v":"0.000","t":"0","s":0})");
  state::Snapshot quoted;
  quoted.previous_close = price("508");
  EXPECT_EQ(full("HK:700", quoted),
            R"(,"lp":"0","yp":"508","o":"0","h":"0","l":"0","ts":0,"v":"0","t":"0","s":0})");
}

TEST_F(Encode, a_shares_volumes_are_lots_of_a_hundred_exactly) {
  auto value = snapshot("1642", "1640");
  value.volume = volume("4321050");
  EXPECT_NE(brief("SH:600519", value).find(R"("v":"43210.5","t":"10195032149.65")"), std::string::npos);
  EXPECT_EQ(traded("SH:600519", trade("1642.01", "150", 1742194797, Aggressor::buy)),
            R"(,"p":"1642.01","v":"1.5","ts":1742194797,"d":1})");
  EXPECT_EQ(traded("SZ:000001", trade("11.2", "1", 1742194797, Aggressor::sell)),
            R"(,"p":"11.2","v":"0.01","ts":1742194797,"d":2})");
  EXPECT_EQ(traded("HK:700", trade("512.50", "150", 1742194797)),
            R"(,"p":"512.5","v":"150","ts":1742194797,"d":0})");
}

TEST_F(Encode, a_currency_pair_pads_its_price_and_trims_its_volume) {
  EXPECT_EQ(traded("FX:USDJPY", trade("148.5", "1000000.50", 1742194797)),
            R"(,"p":"148.500","v":"1000000.5","ts":1742194797,"d":0})");
  EXPECT_EQ(traded("CM:XAUUSD", trade("2990", "1", 1742194797)),
            R"(,"p":"2990.00","v":"1","ts":1742194797,"d":0})");
}

TEST_F(Encode, sums_and_negative_prices_are_exact) {
  auto value = snapshot("-37.63", "0.0001");
  value.volume = volume("1234567890123456789012.00000001");
  value.turnover = turnover("147479220.17100000380000001");
  EXPECT_EQ(brief("US:AAPL", value),
            R"(,"lp":"-37.63","yp":"0.0001","o":"211.25","h":"213.95","l":"209.5","ts":1742241600,)"
            R"("v":"1234567890123456789012.00000001","t":"147479220.17100000380000001","s":0,"tt":0})");
}

TEST_F(Encode, depth_shows_the_levels_of_its_market_or_those_asked_for) {
  state::Depth book{
      .sequence = Sequence{3}, .ts = from_unix_seconds(1742194797), .bid_count = 7, .ask_count = 1};
  for (std::size_t level = 0; level < 7; ++level)
    book.bids[level] = {.price = Price::from_raw((1'642 - static_cast<std::int64_t>(level)) * Price::kScale),
                        .size = quantity("200")};
  book.asks[0] = {.price = price("1642.01"), .size = quantity("250")};
  const std::string asks = R"(],"a":[{"p":"1642.01","v":"2.5"}],"ts":1742194797})";
  EXPECT_EQ(depth("SH:600519", book),
            R"(,"b":[{"p":"1642","v":"2"},{"p":"1641","v":"2"},{"p":"1640","v":"2"},{"p":"1639","v":"2"},)"
            R"({"p":"1638","v":"2"})" +
                asks);
  EXPECT_EQ(depth("SH:600519", book, 2), R"(,"b":[{"p":"1642","v":"2"},{"p":"1641","v":"2"})" + asks);
  EXPECT_NE(depth("SH:600519", book, 7).find(R"({"p":"1636","v":"2"}])"), std::string::npos);
  EXPECT_EQ(depth("SH:600519", book, 1'000'000), depth("SH:600519", book, 7));
  EXPECT_EQ(depth("IX:HSI", book), R"(,"b":[],"a":[],"ts":1742194797})");
}

TEST_F(Encode, a_book_that_was_never_seen_has_empty_sides_and_the_time_zero) {
  EXPECT_EQ(depth("US:AAPL", {}), R"(,"b":[],"a":[],"ts":0})");
}

TEST_F(Encode, a_book_that_claims_more_levels_than_it_holds_is_cut) {
  state::Depth book{.sequence = Sequence{3}, .bid_count = 4'000'000'000};
  std::string text = depth("CF:BTCUSDT", book, 1'000'000);
  EXPECT_EQ(std::ranges::count(text, '{'), 20);
}

TEST_F(Encode, a_kline_says_its_type_and_its_start) {
  std::string out;
  append_kline_body(out, house.instrument("CF:BTCUSDT"), market::KlineType::day,
                    kline(1742169600, "82570.1", "83939.8", "84500", "82001.2", "152833.419"));
  EXPECT_EQ(out, R"(,"o":"82570.10","cl":"83939.80","h":"84500.00","l":"82001.20","v":"152833.419",)"
                 R"("ts":1742169600,"kt":1001})");
}

TEST_F(Encode, an_instrument_says_what_is_known_of_it) {
  EXPECT_EQ(
      described("HK:1"),
      R"(,"e":"SEHK","tc":"HKD","nc":"长和","ne":"CK Hutchison Holdings Limited","ls":500,"ts":3830044500,)"
      R"("os":3830044500,"ep":"4.46","na":"128.10","dy":"6.5"})");
  EXPECT_EQ(described("US:BRK.B"), R"(,"e":"NYSE","tc":"USD","ne":"Berkshire \"B\"","ls":1})");
  EXPECT_EQ(described("CF:BTCUSDT"), R"(,"e":"BINANCE","tc":"USDT"})");
  EXPECT_EQ(described("IX:HSI"), R"(,"e":"SEHK","tc":"HKD","nc":"恒生指数","ne":"Hang Seng Index"})");
  EXPECT_EQ(described("FX:USDJPY"), R"(,"e":"OTC","tc":"JPY"})");
}

std::string quoted(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

TEST(AppendString, escapes_what_json_asks_for_and_nothing_else) {
  EXPECT_EQ(quoted(""), R"("")");
  EXPECT_EQ(quoted("a/b 黄金 \xF0\x9F\x90\x8B \x7f"), "\"a/b 黄金 \xF0\x9F\x90\x8B \x7f\"");
  EXPECT_EQ(quoted("\"\\"), R"("\"\\")");
  EXPECT_EQ(quoted("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(quoted(std::string_view{"\0\x1f", 2}), R"("\u0000\u001f")");
}

TEST(AppendString, replaces_bytes_that_are_no_utf8) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(quoted("a\xFFz"), "\"a" + r + "z\"");
  EXPECT_EQ(quoted("\x80"), "\"" + r + "\"");
  EXPECT_EQ(quoted("\xC0\xAF"), "\"" + r + r + "\"");                  // overlong
  EXPECT_EQ(quoted("\xE0\x80\x80"), "\"" + r + r + r + "\"");          // overlong
  EXPECT_EQ(quoted("\xED\xA0\x80"), "\"" + r + r + r + "\"");          // surrogate
  EXPECT_EQ(quoted("\xF4\x90\x80\x80"), "\"" + r + r + r + r + "\"");  // past U+10FFFF
  EXPECT_EQ(quoted("\xE9\xBB"), "\"" + r + r + "\"");                  // torn
  EXPECT_EQ(quoted("\xE9\xBB\""), "\"" + r + r + "\\\"\"");            // torn before a quote
}

// Every pair of bytes gives a string that a JSON parser reads.
TEST(AppendString, is_valid_json_whatever_the_bytes) {
  simdjson::dom::parser parser;
  for (int first = 0; first < 256; ++first)
    for (int second = 0; second < 256; ++second) {
      const char bytes[] = {static_cast<char>(first), static_cast<char>(second), '\x80', 'z'};
      const auto json = quoted({bytes, sizeof bytes});
      std::string_view read;
      ASSERT_EQ(parser.parse(json).get_string().get(read), simdjson::SUCCESS) << first << ' ' << second;
      ASSERT_TRUE(read.ends_with('z'));
    }
}

}  // namespace
}  // namespace qos::api::json
