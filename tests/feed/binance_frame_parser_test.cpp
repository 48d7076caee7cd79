#include "feed/binance/frame_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "feed/binance/fields.hpp"

namespace qos::feed::binance {
namespace {

UnixNanos at_ms(std::int64_t ms) {
  return from_unix_nanos(ms * 1'000'000);
}
Level level(std::string_view price, std::string_view size) {
  return {*Price::parse(price), *Quantity::parse(size)};
}

// The frame of a message that has to be one of kind T.
template <typename T>
T frame_of(FrameParser& parser, std::string_view json) {
  const auto frame = parser.parse(json);
  EXPECT_TRUE(frame) << json << ": " << frame.error().message;
  if (!frame || !std::holds_alternative<T>(*frame)) {
    ADD_FAILURE() << "another kind: " << json;
    return {};
  }
  return std::get<T>(*frame);
}

bool is_unused(std::string_view json) {
  FrameParser parser;
  const auto frame = parser.parse(json);
  EXPECT_TRUE(frame) << json << ": " << frame.error().message;
  return frame && std::holds_alternative<Unused>(*frame);
}

std::string refusal(std::string_view json) {
  FrameParser parser;
  const auto frame = parser.parse(json);
  return frame ? "" : frame.error().message;
}

constexpr std::string_view kDiff =
    R"({"e":"depthUpdate","E":123456789,"T":123456788,"s":"BTCUSDT","ps":"BTCUSDT","st":1,"U":157,"u":160,"pu":149,)"
    R"("b":[["0.0024","10"],["0.0025","0.000"]],"a":[["0.0026","100"]]})";

TEST(BinanceFrameParser, reads_a_diff_raw_and_in_its_streams) {
  for (const std::string_view stream : {"", "btcusdt@depth", "btcusdt@depth@0ms", "btcusdt@depth@100ms"}) {
    FrameParser parser;
    const auto json =
        stream.empty() ? std::string{kDiff} : fmt::format(R"({{"stream":"{}","data":{}}})", stream, kDiff);
    const auto diff = frame_of<DepthDiff>(parser, json);
    EXPECT_EQ(diff.symbol, "BTCUSDT");
    EXPECT_EQ(diff.ids, (UpdateIds{.first = 157, .last = 160, .previous = 149}));
    EXPECT_EQ(diff.ts_event, at_ms(123456788));
    EXPECT_THAT(diff.bids, testing::ElementsAre(level("0.0024", "10"), level("0.0025", "0")));
    EXPECT_THAT(diff.asks, testing::ElementsAre(level("0.0026", "100")));
  }
}

TEST(BinanceFrameParser, a_partial_book_is_no_diff_although_it_says_so) {
  for (const std::string_view stream :
       {"btcusdt@depth20@100ms", "btcusdt@depth5", "btcusdt@rpiDepth@500ms", "depth"})
    EXPECT_TRUE(is_unused(fmt::format(R"({{"stream":"{}","data":{}}})", stream, kDiff))) << stream;
}

TEST(BinanceFrameParser, reads_a_snapshot_with_and_without_its_symbol) {
  FrameParser parser;
  const auto snapshot = frame_of<DepthSnapshot>(
      parser, R"({"lastUpdateId":9,"E":5,"T":4,"bids":[["3","1"],["2","1.5"]],"asks":[["3.1","2"]]})");
  EXPECT_EQ(snapshot.symbol, "");
  EXPECT_EQ(snapshot.last_id, 9U);
  EXPECT_EQ(snapshot.ts_event, at_ms(4));
  EXPECT_THAT(snapshot.bids, testing::ElementsAre(level("3", "1"), level("2", "1.5")));
  EXPECT_THAT(snapshot.asks, testing::ElementsAre(level("3.1", "2")));
  const auto named = frame_of<DepthSnapshot>(
      parser, R"({"lastUpdateId":9,"E":5,"symbol":"BTCUSDT","pair":"BTCUSDT","bids":[],"asks":[]})");
  EXPECT_EQ(named.symbol, "BTCUSDT");
  EXPECT_EQ(named.ts_event, at_ms(5));
}

TEST(BinanceFrameParser, the_aggressor_is_the_side_that_did_not_wait) {
  FrameParser parser;
  const auto bought = frame_of<TradePrint>(
      parser,
      R"({"e":"trade","E":12,"T":11,"s":"BTCUSDT","t":5,"p":"61800.30","q":"0.006","X":"MARKET","m":false})");
  EXPECT_EQ(bought.kind, TradeKind::single);
  EXPECT_EQ(bought.first_id, 5U);
  EXPECT_EQ(bought.last_id, 5U);
  EXPECT_EQ(bought.trade, (Trade{.price = *Price::parse("61800.3"),
                                 .size = *Quantity::parse("0.006"),
                                 .trade_id = 5,
                                 .ts_event = at_ms(11),
                                 .aggressor = Aggressor::buy}));
  const auto sold =
      frame_of<TradePrint>(parser, R"({"e":"trade","E":12,"T":11,"s":"B","t":5,"p":"1","q":"1","m":true})");
  EXPECT_EQ(sold.trade.aggressor, Aggressor::sell);
}

TEST(BinanceFrameParser, reads_aggregate_trades_of_2021_and_2026) {
  for (const std::string_view added :
       {"", R"(,"st":1)", R"(,"nq":"60","st":1,"ps":"BTCUSDT","X":"MARKET")"}) {
    FrameParser parser;
    const auto print = frame_of<TradePrint>(
        parser,
        fmt::format(R"({{"e":"aggTrade","E":123456789,"a":5933014,"s":"BTCUSDT","p":"0.001","q":"100",)"
                    R"("f":100,"l":105,"T":123456785,"m":true{}}})",
                    added));
    EXPECT_EQ(print.kind, TradeKind::aggregate);
    EXPECT_EQ(print.first_id, 100U);
    EXPECT_EQ(print.last_id, 105U);
    EXPECT_EQ(print.trade.size, Quantity::from_units(100)) << "q counts, nq does not";
    EXPECT_EQ(print.trade.ts_event, at_ms(123456785));
  }
}

TEST(BinanceFrameParser, trades_outside_the_market_do_not_count) {
  for (const std::string_view execution : {"INSURANCE_FUND", "ADL", "NA", ""}) {
    EXPECT_TRUE(is_unused(fmt::format(
        R"({{"e":"trade","E":1,"T":1,"s":"B","t":5,"p":"0","q":"0","X":"{}","m":true}})", execution)));
    EXPECT_TRUE(is_unused(
        fmt::format(R"({{"e":"aggTrade","E":1,"T":1,"s":"B","f":5,"l":5,"p":"1","q":"1","X":"{}","m":true}})",
                    execution)));
  }
}

TEST(BinanceFrameParser, reads_best_prices_and_lets_a_side_be_empty) {
  FrameParser parser;
  const auto ticker = frame_of<BookTicker>(
      parser,
      R"({"e":"bookTicker","u":4,"s":"BNBUSDT","ps":"BNBUSDT","b":"25.35","B":"31.21","a":"0","A":"0","T":8,"E":9})");
  EXPECT_EQ(ticker.symbol, "BNBUSDT");
  EXPECT_EQ(ticker.quote, (Quote{.bid = *Price::parse("25.35"),
                                 .bid_size = *Quantity::parse("31.21"),
                                 .update_id = 4,
                                 .ts_event = at_ms(8)}));
}

TEST(BinanceFrameParser, reads_the_rolling_day_and_skips_one_without_trades) {
  FrameParser parser;
  const auto ticker = frame_of<RollingTicker>(
      parser,
      R"({"e":"24hrTicker","E":1672515782136,"s":"BTCUSDT","p":"-131.4","P":"-0.786","w":"16628.97377498","c":"1",)"
      R"("Q":"0.002","o":"16716.0","h":"16764.89","l":"16456.51","v":"122474.816","q":"2036102085.69746400","O":1,)"
      R"("C":2,"F":1,"L":2,"n":3,"st":1})");
  EXPECT_EQ(ticker.stats, (RollingStats{.open = *Price::parse("16716"),
                                        .high = *Price::parse("16764.89"),
                                        .low = *Price::parse("16456.51"),
                                        .volume = *Volume::parse("122474.816"),
                                        .turnover = *Turnover::parse("2036102085.697464"),
                                        .ts_event = at_ms(1672515782136)}));
  EXPECT_TRUE(is_unused(R"({"e":"24hrTicker","E":1,"s":"B","o":"0","h":"0","l":"0","v":"0","q":"0"})"));
}

TEST(BinanceFrameParser, other_valid_messages_are_unused) {
  for (const std::string_view json :
       {R"({"e":"markPriceUpdate","E":1,"s":"B","p":"1"})", R"({"e":"kline","E":1,"s":"B","k":{}})",
        R"({"e":"forceOrder","E":1,"o":{}})", R"({"result":null,"id":1})",
        R"({"code":-1121,"msg":"Invalid symbol."})", R"([])", R"([{"e":"24hrTicker"}])",
        R"({"stream":"!markPrice@arr","data":[]})"})
    EXPECT_TRUE(is_unused(json)) << json;
}

// Each row is a good message with one thing wrong, and what the refusal has to name.
TEST(BinanceFrameParser, refuses_a_malformed_message_and_says_what_and_why) {
  struct Row {
    std::string_view json;
    std::string_view named;
  };
  const Row rows[] = {
      {"", "no JSON"},
      {"{", "no JSON"},
      {R"({"e":"trade"} x)", "no JSON"},
      {"\"text\"", "neither object nor list"},
      {"17", "neither object nor list"},
      {"{}", "neither a message with e"},
      {R"({"e":5})", "neither a message with e"},
      {R"({"stream":"a@trade"})", "stream a@trade without data"},
      {R"({"stream":"a@trade","data":"x"})", "its data is no object"},
      {R"({"e":"trade","T":1,"t":5,"p":"1","q":"1","m":true})", "trade: 's' is absent"},
      {R"({"e":"trade","T":1,"s":"","t":5,"p":"1","q":"1","m":true})", "trade: 's' is 0 bytes long"},
      {R"({"e":"trade","T":1,"s":"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG","t":5,"p":"1","q":"1","m":true})",
       "33 bytes"},
      {R"({"e":"trade","T":1,"s":"B","t":-5,"p":"1","q":"1","m":true})", "'t' is something else"},
      {R"({"e":"trade","T":1,"s":"B","t":5.5,"p":"1","q":"1","m":true})", "'t' is something else"},
      {R"({"e":"trade","T":1,"s":"B","t":5,"p":1,"q":"1","m":true})", "'p' is no string"},
      {R"({"e":"trade","T":1,"s":"B","t":5,"p":"0","q":"1","m":true})",
       "'p' is 0, expected a decimal that fits, above 0"},
      {R"({"e":"trade","T":1,"s":"B","t":5,"p":"-1","q":"1","m":true})", "'p' is -1"},
      {R"({"e":"trade","T":1,"s":"B","t":5,"p":"1e3","q":"1","m":true})", "'p' is 1e3"},
      {R"({"e":"trade","T":1,"s":"B","t":5,"p":"9223372037","q":"1","m":true})", "'p' is 9223372037"},
      {R"({"e":"trade","T":1,"s":"B","t":5,"p":"1.0000000001","q":"1","m":true})", "'p' is 1.0000000001"},
      {R"({"e":"trade","T":1,"s":"B","t":5,"p":"1","q":"0","m":true})", "'q' is 0"},
      {R"({"e":"trade","T":1,"s":"B","t":5,"p":"1","q":"-1","m":true})", "'q' is -1"},
      {R"({"e":"trade","T":1,"s":"B","t":5,"p":"1","q":"1","m":"true"})", "'m' is something else"},
      {R"({"e":"trade","T":0,"s":"B","t":5,"p":"1","q":"1","m":true})", "'T' is 0"},
      {R"({"e":"trade","T":9223372036855,"s":"B","t":5,"p":"1","q":"1","m":true})", "'T' is 9223372036855"},
      {R"({"e":"trade","s":"B","t":5,"p":"1","q":"1","m":true})", "'E' is absent"},
      {R"({"e":"aggTrade","T":1,"s":"B","f":6,"l":5,"p":"1","q":"1","m":true})", "f not above l"},
      {R"({"e":"bookTicker","u":4,"s":"B","b":"0","B":"1","a":"2","A":"1","T":8})", "a bid above 0"},
      {R"({"e":"bookTicker","u":4,"s":"B","b":"1","B":"1","a":"0","A":"1","T":8})", "an ask above 0"},
      {R"({"e":"bookTicker","u":4,"s":"B","b":"1","B":"-1","a":"2","A":"1","T":8})", "'B' is -1"},
      {R"({"e":"24hrTicker","E":1,"s":"B","o":"2","h":"1","l":"2","v":"1","q":"1"})", "l not above h"},
      {R"({"e":"24hrTicker","E":1,"s":"B","o":"2","h":"2","l":"2","v":"-1","q":"1"})", "'v' is -1"},
      {R"({"e":"depthUpdate","T":1,"s":"B","U":3,"u":2,"pu":1,"b":[],"a":[]})", "U not above u"},
      {R"({"e":"depthUpdate","T":1,"s":"B","U":2,"u":2,"pu":3,"b":[],"a":[]})", "pu not above u"},
      {R"({"e":"depthUpdate","T":1,"s":"B","U":2,"u":2,"b":[],"a":[]})", "'pu' is absent"},
      {R"({"e":"depthUpdate","T":1,"s":"B","U":2,"u":2,"pu":1,"a":[]})", "'b' is absent"},
      {R"({"e":"depthUpdate","T":1,"s":"B","U":2,"u":2,"pu":1,"b":{},"a":[]})", "'b' is no list"},
      {R"({"e":"depthUpdate","T":1,"s":"B","U":2,"u":2,"pu":1,"b":[["1"]],"a":[]})",
       "'b' is holding something else"},
      {R"({"e":"depthUpdate","T":1,"s":"B","U":2,"u":2,"pu":1,"b":[["1","1","1"]],"a":[]})",
       "'b' is holding"},
      {R"({"e":"depthUpdate","T":1,"s":"B","U":2,"u":2,"pu":1,"b":[],"a":[["1",1]]})", "'a' is holding"},
      {R"({"e":"depthUpdate","T":1,"s":"B","U":2,"u":2,"pu":1,"b":[["1","1"],["2","-1"]],"a":[]})",
       "'b' is -1"},
      {R"({"e":"depthUpdate","T":1,"s":"B","U":2,"u":2,"pu":1,"b":[["0","1"]],"a":[]})", "'b' is 0"},
      {R"({"e":"depthUpdate","T":1,"s":"B","U":2,"u":2,"pu":1,"b":[["1","1"],["2","1"],["1.0","2"]],"a":[]})",
       "no price twice"},
      {R"({"lastUpdateId":9,"T":4,"bids":[["2","1"],["3","1"]],"asks":[]})", "bids in falling order"},
      {R"({"lastUpdateId":9,"T":4,"bids":[],"asks":[["2","1"],["2","1"]]})", "asks in rising order"},
      {R"({"lastUpdateId":9,"T":4,"bids":[["2","1"]],"asks":[["2","1"]]})", "bids below asks"},
      {R"({"lastUpdateId":9,"T":4,"bids":[["2","0"]],"asks":[]})", "'bids' is 0"},
      {R"({"lastUpdateId":9,"bids":[],"asks":[]})", "'E' is absent"},
      {R"({"lastUpdateId":"9","T":4,"bids":[],"asks":[]})", "'lastUpdateId' is something else"},
  };
  for (const auto& row : rows) EXPECT_THAT(refusal(row.json), testing::HasSubstr(row.named)) << row.json;
}

TEST(BinanceFrameParser, refuses_more_levels_than_its_limit) {
  const auto diff = [](std::size_t levels) {
    std::string list;
    for (std::size_t price = 1; price <= levels; ++price)
      list += fmt::format(R"({}["{}","1"])", price > 1 ? "," : "", price);
    return fmt::format(R"({{"e":"depthUpdate","T":1,"s":"B","U":2,"u":2,"pu":1,"b":[{}],"a":[]}})", list);
  };
  EXPECT_EQ(refusal(diff(kMaxLevels)), "");
  EXPECT_THAT(refusal(diff(kMaxLevels + 1)), testing::HasSubstr("at most 20000 levels"));
}

TEST(BinanceFrameParser, refuses_nesting_without_end) {
  EXPECT_THAT(refusal(std::string(100'000, '[')), testing::HasSubstr("no JSON"));
  EXPECT_THAT(refusal(R"({"e":)" + std::string(100'000, '[')), testing::HasSubstr("no JSON"));
}

TEST(BinanceFrameParser, an_error_shows_only_printable_text_and_little_of_it) {
  EXPECT_EQ(shown("a\n\x1b[31m\xff"
                  "b"),
            "a??[31m?b");
  EXPECT_EQ(shown(std::string(41, 'x')), std::string(40, 'x') + "…");
}

// Every prefix of a message is refused: none is a shorter message by chance.
TEST(BinanceFrameParser, refuses_a_message_cut_at_any_byte) {
  for (std::size_t cut = 0; cut < kDiff.size(); ++cut) EXPECT_NE(refusal(kDiff.substr(0, cut)), "") << cut;
}

}  // namespace
}  // namespace qos::feed::binance
