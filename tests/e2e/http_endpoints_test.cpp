// Every endpoint of the protocol, over a real socket, with values that the test put in.
#include <gtest/gtest.h>

#include "e2e/json.hpp"
#include "e2e/test_server.hpp"

namespace qos::e2e {
namespace {

using namespace std::chrono_literals;

constexpr UnixNanos kHkTen = kMonday;                            // 2026-01-05 10:00 Hong Kong
constexpr UnixNanos kUsOpen = from_unix_seconds(1'767'623'400);  // 2026-01-05 09:30 New York
constexpr std::int64_t kHkTenSeconds = unix_seconds(kHkTen);

// A morning of Tencent: two trades in two minutes, quoted against 600, two levels a side.
void play_hong_kong(TestServer& server) {
  const auto id = server.id("HK:700");
  server.say(ReferencePrice{.instrument = id, .previous_close = *Price::parse("600"), .ts_event = kHkTen});
  server.say(trade_at(id, "600.5", 200, kHkTen + 1s));
  server.say(trade_at(id, "601", 100, kHkTen + 61s, Aggressor::sell));
  server.say(BookClear{.instrument = id, .ts_event = kHkTen + 62s});
  const auto level = [&](Side side, std::string_view price, std::int64_t size, DeltaPart part) {
    server.say(BookDelta{.instrument = id,
                         .side = side,
                         .part = part,
                         .price = *Price::parse(price),
                         .size = Quantity::from_units(size),
                         .ts_event = kHkTen + 62s});
  };
  level(Side::bid, "600.5", 300, DeltaPart::more);
  level(Side::bid, "600", 500, DeltaPart::more);
  level(Side::ask, "601.5", 400, DeltaPart::more);
  level(Side::ask, "601", 100, DeltaPart::last);
  server.settle();
}

TEST(HttpEndpoints, snapshot_tells_the_day_so_far) {
  TestServer server;
  play_hong_kong(server);
  const auto answer = server.post("/snapshot", R"({"codes":["HK:700"]})");
  EXPECT_EQ(answer.status, 200);
  expect_json(answer.body,
              R"({"msg":"OK","data":[{"c":"HK:700","lp":"601","yp":"600","o":"600.5","h":"601","l":"600.5",
      "ts":1767578461,"v":"300","t":"180200","s":0}]})");
}

TEST(HttpEndpoints, snapshot_echoes_each_spelling_in_the_order_asked_and_names_what_is_missing) {
  TestServer server;
  play_hong_kong(server);
  const auto answer =
      server.post("/snapshot", R"({"codes":["US:AAPL, NOPE","HK:00700,700","SH:600519,HK:5"]})");
  EXPECT_EQ(at(answer.body, "/data/0/c"), R"("US:AAPL")");
  EXPECT_EQ(at(answer.body, "/data/1/c"), R"("HK:00700")");
  EXPECT_EQ(at(answer.body, "/data/2/c"), R"("SH:600519")");
  EXPECT_EQ(at(answer.body, "/data/3/c"), R"("HK:5")");
  EXPECT_EQ(at(answer.body, "/data/4"), "");
  EXPECT_EQ(at(answer.body, "/missing"), R"(["US:NOPE"])");
}

TEST(HttpEndpoints, snapshot_of_a_us_stock_has_its_extended_sessions) {
  TestServer server;
  const auto id = server.id("US:AAPL");
  server.say(
      ReferencePrice{.instrument = id, .previous_close = *Price::parse("270"), .ts_event = kUsOpen - 2h});
  auto early = trade_at(id, "271.25", 10, kUsOpen - 1h);
  early.condition = TradeCondition::extended_session;
  server.say(early);
  server.say(trade_at(id, "272", 100, kUsOpen + 1s));
  server.say(trade_at(id, "271.5", 50, kUsOpen + 2s));
  server.settle();
  expect_json(server.post("/snapshot", R"({"codes":["US:AAPL"]})").body,
              R"({"msg":"OK","data":[{"c":"US:AAPL","lp":"271.5","yp":"270","o":"272","h":"272","l":"271.5",
                  "ts":1767623402,"v":"150","t":"40775","s":0,"tt":3,
                  "pq":{"lp":"271.25","yp":"270","h":"271.25","l":"271.25","ts":1767619800,"v":"10","t":"2712.5"}}]})");
}

TEST(HttpEndpoints, a_halted_instrument_is_suspended_until_it_trades_again) {
  TestServer server;
  play_hong_kong(server);
  const auto id = server.id("HK:700");
  server.apply(TradingStatus{.instrument = id, .state = TradingState::halted, .ts_event = kHkTen + 70s});
  EXPECT_EQ(at(server.post("/snapshot", R"({"codes":["HK:700"]})").body, "/data/0/s"), "1");
  server.apply(TradingStatus{.instrument = id, .state = TradingState::trading, .ts_event = kHkTen + 80s});
  EXPECT_EQ(at(server.post("/snapshot", R"({"codes":["HK:700"]})").body, "/data/0/s"), "0");
}

TEST(HttpEndpoints, depth_is_best_first_on_both_sides) {
  TestServer server;
  play_hong_kong(server);
  expect_json(server.post("/depth", R"({"codes":["HK:0700"]})").body,
              R"({"msg":"OK","data":[{"c":"HK:0700","b":[{"p":"600.5","v":"300"},{"p":"600","v":"500"}],
                  "a":[{"p":"601","v":"100"},{"p":"601.5","v":"400"}],"ts":1767578462}]})");
  EXPECT_EQ(at(server.post("/depth", R"({"codes":["HK:700"],"levels":1})").body, "/data/0/b"),
            R"([{"p":"600.5","v":"300"}])");
}

TEST(HttpEndpoints, trade_is_flat_and_oldest_first) {
  TestServer server;
  play_hong_kong(server);
  expect_json(server.post("/trade", R"({"codes":["HK:700"],"count":50})").body,
              R"({"msg":"OK","data":[{"c":"HK:700","p":"600.5","v":"200","ts":1767578401,"d":1},
                  {"c":"HK:700","p":"601","v":"100","ts":1767578461,"d":2}]})");
  EXPECT_EQ(at(server.post("/trade", R"({"codes":["HK:700"],"count":1})").body, "/data"),
            canonical(R"([{"c":"HK:700","p":"601","v":"100","ts":1767578461,"d":2}])"));
}

TEST(HttpEndpoints, kline_has_the_one_in_progress_last) {
  TestServer server;
  play_hong_kong(server);
  expect_json(server
                  .post("/kline", R"({"kline_reqs":[{"c":"HK:00700","co":2,"a":0,"kt":1},
                                                      {"c":"HK:00700","co":1,"a":0,"kt":1001,"e":1}]})")
                  .body,
              R"({"msg":"OK","data":[
                  {"c":"HK:00700","k":[
                    {"c":"HK:00700","o":"600.5","cl":"600.5","h":"600.5","l":"600.5","v":"200","ts":1767578400,"kt":1},
                    {"c":"HK:00700","o":"601","cl":"601","h":"601","l":"601","v":"100","ts":1767578460,"kt":1}]},
                  {"c":"HK:00700","k":[
                    {"c":"HK:00700","o":"600.5","cl":"601","h":"601","l":"600.5","v":"300","ts":1767542400,"kt":1001}]}]})");
}

TEST(HttpEndpoints, history_ends_at_the_given_start) {
  TestServer server;
  play_hong_kong(server);
  const auto ask = [&](std::int64_t e) {
    return at(server
                  .post("/history", R"({"kline_reqs":[{"c":"HK:700","co":5,"a":0,"kt":1,"e":)" +
                                        std::to_string(e) + "}]}")
                  .body,
              "/data/0/k");
  };
  EXPECT_EQ(ask(kHkTenSeconds - 1), "[]");
  const auto first = ask(kHkTenSeconds);
  EXPECT_NE(first.find("\"ts\":1767578400"), std::string::npos) << first;
  EXPECT_EQ(first.find("\"ts\":1767578460"), std::string::npos) << first;
  EXPECT_NE(ask(kHkTenSeconds + 60).find("\"ts\":1767578460"), std::string::npos);
}

TEST(HttpEndpoints, a_share_volumes_are_lots_and_their_turnover_is_of_shares) {
  TestServer server;
  server.apply(trade_at(server.id("SH:600519"), "1413.01", 300, kHkTen + 1s));
  const auto body = server.post("/snapshot", R"({"codes":["SH:600519"]})").body;
  EXPECT_EQ(at(body, "/data/0/v"), R"("3")");
  EXPECT_EQ(at(body, "/data/0/t"), R"("423903")");
  EXPECT_EQ(at(server.post("/trade", R"({"codes":["SH:600519"],"count":1})").body, "/data/0/v"), R"("3")");
}

TEST(HttpEndpoints, crypto_prices_and_volumes_are_padded_to_their_steps) {
  TestServer server;
  auto trade = trade_at(server.id("CF:BTCUSDT"), "83939.8", 0, kHkTen + 1s);
  trade.size = *Quantity::parse("0.05");
  server.apply(trade);
  const auto body = server.post("/snapshot", R"({"codes":["CF:BTCUSDT"]})").body;
  EXPECT_EQ(at(body, "/data/0/lp"), R"("83939.80")");
  EXPECT_EQ(at(body, "/data/0/v"), R"("0.050")");
  EXPECT_EQ(at(body, "/data/0/yp"), "") << "crypto has no previous close";
}

TEST(HttpEndpoints, instrument_info_knows_names_and_lots_and_leaves_out_what_it_does_not_know) {
  TestServer server;
  const auto body = server.post("/instrument-info", R"({"codes":["HK:700","CF:BTCUSDT"]})").body;
  EXPECT_EQ(at(body, "/data/0/c"), R"("HK:700")");
  EXPECT_EQ(at(body, "/data/0/e"), R"("SEHK")");
  EXPECT_EQ(at(body, "/data/0/tc"), R"("HKD")");
  EXPECT_EQ(at(body, "/data/0/nc"), R"("腾讯控股")");
  EXPECT_EQ(at(body, "/data/0/ls"), "100");
  EXPECT_EQ(at(body, "/data/1/c"), R"("CF:BTCUSDT")");
  EXPECT_EQ(at(body, "/data/1/ls"), "") << "a perpetual has c, e and tc only";
}

TEST(HttpEndpoints, market_calendar_has_three_months_of_trading_days) {
  TestServer server;
  const auto body = server.post("/market-calendar", R"({"market":["HK","US","CF"]})").body;
  EXPECT_EQ(at(body, "/data/HK/0"), R"("20260105,F")");
  EXPECT_NE(body.find("\"20260216,H\""), std::string::npos)
      << "Lunar New Year's Eve is a half day in Hong Kong";
  EXPECT_EQ(at(body, "/data/US").find("20260119"), std::string::npos) << "Martin Luther King Day";
  EXPECT_NE(at(body, "/data/CF").find("20260110,F"), std::string::npos) << "crypto trades on Saturdays";
  EXPECT_EQ(at(body, "/data/HK").find("20260501"), std::string::npos) << "beyond three months";
}

TEST(HttpEndpoints, product_list_names_products_in_the_language_asked_for) {
  TestServer server;
  const auto body = server.post("/product-list", R"({"market":["CM","HK"]})").body;
  EXPECT_NE(body.find(R"({"code":"CM:XAUUSD","name":"黄金"})"), std::string::npos) << body;
  EXPECT_NE(
      at(server.post("/product-list", R"({"market":["CM"],"lang":"en","q":"xau"})").body, "/data/CM/0/name"),
      R"("黄金")");
  EXPECT_EQ(at(server.post("/product-list", R"({"market":["US"],"page":2,"size":1})").body, "/data/US/1"),
            "");
}

TEST(HttpEndpoints, register_gives_a_key_of_the_free_plan_that_works_at_once) {
  TestServer server;
  HttpClient client{server.address()};
  const auto answer = client.post("/register", R"({"email":"a@b.c"})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  const auto key = at(answer.body, "/data/key");
  ASSERT_EQ(key.size(), 34U) << answer.body;
  EXPECT_EQ(at(answer.body, "/data/email"), R"("a@b.c")");
  EXPECT_EQ(at(answer.body, "/data/permission/instrumen_info"),
            at(answer.body, "/data/permission/instrument_info"));
  EXPECT_EQ(at(answer.body, "/data/permission/snapshot"),
            canonical(R"({"product_count":10,"request_frequency":30})"));
  EXPECT_EQ(at(answer.body, "/data/permission/ws/max_connections"), "1");
  const auto used = client.post("/snapshot", R"({"codes":["HK:700"]})", {{"key", key.substr(1, 32)}});
  EXPECT_EQ(used.status, 200) << used.body;
  EXPECT_EQ(used.headers.at("ratelimit-limit"), "30");
  EXPECT_EQ(used.headers.at("ratelimit-remaining"), "29");
}

TEST(HttpEndpoints, the_key_travels_in_header_query_or_bearer) {
  TestServer server;
  HttpClient client{server.address()};
  const std::string body = R"({"codes":["HK:700"]})";
  EXPECT_EQ(client.post("/snapshot", body, {{"key", server.key()}}).status, 200);
  EXPECT_EQ(client.post("/snapshot?key=" + server.key(), body).status, 200);
  EXPECT_EQ(client.post("/snapshot", body, {{"Authorization", "Bearer " + server.key()}}).status, 200);
}

TEST(HttpEndpoints, two_thousand_codes_in_one_request_are_answered_in_order) {
  TestServer server;
  std::string codes;
  std::string last;
  for (int number = 0; number < 2'000; ++number) {
    // Real rows first, then codes that are well-formed but unknown.
    const auto row = static_cast<std::size_t>(number);
    last = row < server.instruments() ? server.instrument(row).code.to_string()
                                      : "US:X" + std::to_string(number);
    codes += (codes.empty() ? "\"" : ",\"") + last + "\"";
  }
  const auto answer = server.post("/snapshot", "{\"codes\":[" + codes + "]}");
  ASSERT_EQ(answer.status, 200) << answer.body.substr(0, 200);
  const auto known = server.instruments();
  EXPECT_EQ(at(answer.body, "/data/" + std::to_string(known - 1) + "/c"),
            "\"" + server.instrument(known - 1).code.to_string() + "\"");
  EXPECT_EQ(at(answer.body, "/missing/" + std::to_string(1'999 - known)), "\"" + last + "\"");
}

TEST(HttpEndpoints, gzip_works_both_ways) {
  TestServer server;
  HttpClient client{server.address()};
  const auto plain = client.post("/product-list", R"({"market":["US"]})", {{"key", server.key()}});
  const auto packed = client.post("/product-list", R"({"market":["US"]})",
                                  {{"key", server.key()}, {"Accept-Encoding", "gzip"}});
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_LT(packed.body.size(), plain.body.size());
  EXPECT_EQ(packed.body.substr(0, 2), "\x1f\x8b");
}

TEST(HttpEndpoints, pipelined_requests_are_answered_in_order) {
  TestServer server;
  const auto one = [&](std::string_view path, std::string_view body, std::string_view connection) {
    return "POST " + std::string{path} + " HTTP/1.1\r\nHost: x\r\nkey: " + server.key() +
           "\r\nConnection: " + std::string{connection} +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
  };
  HttpClient client{server.address()};
  const auto all = client.raw(one("/snapshot", R"({"codes":["HK:700"]})", "keep-alive") +
                              one("/depth", R"({"codes":["HK:5"]})", "keep-alive") +
                              one("/snapshot", R"({"codes":["HK:1"]})", "close"));
  const auto first = all.find("HK:700");
  const auto second = all.find("HK:5");
  const auto third = all.find("\"HK:1\"");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_NE(third, std::string::npos) << all;
}

}  // namespace
}  // namespace qos::e2e
