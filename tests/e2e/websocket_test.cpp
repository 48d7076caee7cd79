// Every command and push of the protocol, over a real WebSocket.
#include <gtest/gtest.h>

#include "e2e/json.hpp"
#include "e2e/test_server.hpp"

namespace qos::e2e {
namespace {

using namespace std::chrono_literals;

Trade tencent(const TestServer& server, std::string_view price, std::int64_t size,
              std::chrono::seconds after) {
  return trade_at(server.id("HK:700"), price, size, kMonday + after);
}

BookDelta level(const TestServer& server, Side side, std::string_view price, std::int64_t size) {
  return {.instrument = server.id("HK:700"),
          .side = side,
          .part = DeltaPart::last,
          .price = *Price::parse(price),
          .size = Quantity::from_units(size),
          .ts_event = kMonday + 5s};
}

TEST(WebSocket, answers_a_heartbeat_with_the_time) {
  TestServer server;
  auto client = server.connect();
  expect_json(client.ask(R"({"type":"H"})"), R"({"type":"H","msg":"OK","time":1767578400})");
  expect_json(client.ask(R"({"type":"H","reqid":1})"),
              R"({"type":"H","msg":"OK","time":1767578400,"reqid":1})");
}

TEST(WebSocket, answers_then_pushes_the_state_then_every_change) {
  TestServer server;
  server.apply(tencent(server, "600.5", 200, 1s));
  auto client = server.connect();
  expect_json(client.ask(R"({"type":"S","codes":["HK:00700"],"reqid":7})"),
              R"({"type":"S","msg":"OK","time":1767578400,"reqid":7})");
  expect_json(
      client.receive().value_or(""),
      R"({"tp":"S","c":"HK:00700","lp":"600.5","o":"600.5","h":"600.5","l":"600.5","ts":1767578401,"v":"200",
                  "t":"120100","s":0})");
  server.say(tencent(server, "601", 100, 2s));
  expect_json(
      client.receive().value_or(""),
      R"({"tp":"S","c":"HK:00700","lp":"601","o":"600.5","h":"601","l":"600.5","ts":1767578402,"v":"300",
                  "t":"180200","s":0})");
}

TEST(WebSocket, pushes_trades_from_the_subscription_on_and_none_before) {
  TestServer server;
  server.apply(tencent(server, "600.5", 200, 1s));
  auto client = server.connect();
  client.ask(R"({"type":"T","codes":["HK:700"],"reqid":1})");
  server.say(tencent(server, "601", 100, 2s));
  expect_json(client.receive().value_or(""),
              R"({"tp":"T","c":"HK:700","p":"601","v":"100","ts":1767578402,"d":1})");
}

TEST(WebSocket, pushes_depth_and_klines_of_the_type_asked_for) {
  TestServer server;
  auto client = server.connect();
  client.ask(R"({"type":"D","codes":["HK:700"]})");
  client.ask(R"({"type":"K","codes":["HK:700"],"kt":1})");
  client.ask(R"({"type":"K","codes":["HK:700"],"kt":1001})");
  server.say(BookClear{.instrument = server.id("HK:700"), .ts_event = kMonday + 5s});
  server.apply(level(server, Side::bid, "600", 100));
  const auto depth = client.receive().value_or("");
  EXPECT_EQ(at(depth, "/tp"), R"("D")");
  EXPECT_EQ(at(depth, "/b"), R"([{"p":"600","v":"100"}])");
  EXPECT_EQ(at(depth, "/a"), "[]");
  server.say(tencent(server, "601", 100, 65s));
  expect_json(client.receive().value_or(""),
              R"({"tp":"K","c":"HK:700","o":"601","cl":"601","h":"601","l":"601",
      "v":"100","ts":1767578460,"kt":1})");
  expect_json(client.receive().value_or(""),
              R"({"tp":"K","c":"HK:700","o":"601","cl":"601","h":"601","l":"601",
      "v":"100","ts":1767542400,"kt":1001})");
}

TEST(WebSocket, is_silent_after_the_answer_to_an_unsubscription) {
  TestServer server;
  auto client = server.connect();
  for (const char* type : {"T", "S", "D", "K"})
    client.ask(R"({"type":")" + std::string{type} + R"(","codes":["HK:700"],"kt":1})");
  for (const char* type : {"TC", "SC", "DC", "KC"})
    client.ask(R"({"type":")" + std::string{type} + R"(","codes":["HK:700"],"kt":1})");
  server.apply(tencent(server, "601", 100, 2s));
  // ask() fails the test if anything but the answer comes first.
  EXPECT_EQ(at(client.ask(R"({"type":"H"})"), "/type"), R"("H")");
}

TEST(WebSocket, a_second_subscription_is_no_second_stream) {
  TestServer server;
  auto client = server.connect();
  client.ask(R"({"type":"T","codes":["HK:700"]})");
  EXPECT_EQ(at(client.ask(R"({"type":"T","codes":["HK:00700","HK:700"]})"), "/msg"), R"("OK")");
  server.apply(tencent(server, "601", 100, 2s));
  EXPECT_EQ(at(client.receive().value_or(""), "/tp"), R"("T")");
  EXPECT_EQ(at(client.ask(R"({"type":"H"})"), "/type"), R"("H")") << "one push, not two";
}

TEST(WebSocket, subscribing_adds_and_never_replaces) {
  TestServer server;
  auto client = server.connect();
  client.ask(R"({"type":"T","codes":["HK:700"]})");
  client.ask(R"({"type":"T","codes":["HK:5"]})");
  server.apply(tencent(server, "601", 100, 2s));
  EXPECT_EQ(at(client.receive().value_or(""), "/c"), R"("HK:700")");
  server.apply(trade_at(server.id("HK:5"), "80", 400, kMonday + 3s));
  EXPECT_EQ(at(client.receive().value_or(""), "/c"), R"("HK:5")");
}

TEST(WebSocket, one_off_requests_answer_as_the_endpoints_do) {
  TestServer server;
  server.apply(tencent(server, "601", 100, 2s));
  auto client = server.connect();
  const struct {
    const char* command;
    const char* path;
    const char* members;
  } rows[] = {
      {"RS", "/snapshot", R"("codes":["HK:00700,5"])"},
      {"RD", "/depth", R"("codes":["HK:700"])"},
      {"RI", "/instrument-info", R"("codes":["HK:700","US:AAPL"])"},
      {"RT", "/trade", R"("codes":["HK:700"],"count":5)"},
      {"RK", "/kline", R"("kline_reqs":[{"c":"HK:700","co":5,"a":0,"kt":1}])"},
      {"RH", "/history", R"("kline_reqs":[{"c":"HK:700","co":5,"a":0,"kt":1,"e":1767578400}])"},
  };
  for (const auto& row : rows) {
    const auto members = std::string{row.members};
    const auto answer = client.ask(R"({"type":")" + std::string{row.command} +
                                   R"(","reqid":1700000000000000,)" + members + "}");
    EXPECT_EQ(at(answer, "/type"), '"' + std::string{row.command} + '"');
    EXPECT_EQ(at(answer, "/msg"), R"("OK")") << answer;
    EXPECT_EQ(at(answer, "/reqid"), "1700000000000000");
    EXPECT_EQ(at(answer, "/data"), at(server.post(row.path, "{" + members + "}").body, "/data"))
        << row.command;
  }
}

TEST(WebSocket, unknown_codes_are_named_and_the_others_are_subscribed) {
  TestServer server;
  auto client = server.connect();
  const auto answer = client.ask(R"({"type":"T","codes":["HK:700","US:NOPE"],"reqid":2})");
  EXPECT_EQ(at(answer, "/msg"), R"("OK")");
  EXPECT_EQ(at(answer, "/missing"), R"(["US:NOPE"])");
  server.say(tencent(server, "601", 100, 2s));
  EXPECT_EQ(at(client.receive().value_or(""), "/tp"), R"("T")");
}

TEST(WebSocket, thirty_malformed_frames_get_an_error_each_and_the_connection_lives_on) {
  TestServer server;
  auto client = server.connect();
  const char* const frames[] = {"",
                                " ",
                                "{",
                                "[]",
                                "null",
                                "1",
                                "\"S\"",
                                "{}",
                                "true",
                                "{\"type\":",
                                R"({"type":1})",
                                R"({"type":null})",
                                R"({"type":"Z","codes":["HK:700"]})",
                                R"({"type":"s","codes":["HK:700"]})",
                                R"({"type":"S"})",
                                R"({"type":"S","codes":"HK:700"})",
                                R"({"type":"S","codes":[]})",
                                R"({"type":"S","codes":[1]})",
                                R"({"type":"S","codes":[""]})",
                                R"({"type":"S","codes":["AAPL"]})",
                                R"({"type":"S","codes":["XX:1"]})",
                                R"({"type":"S","codes":["US:"]})",
                                R"({"type":"S","codes":["US:A B"]})",
                                R"({"type":"K","codes":["HK:700"]})",
                                R"({"type":"K","codes":["HK:700"],"kt":2})",
                                R"({"type":"K","codes":["HK:700"],"kt":"1"})",
                                R"({"type":"RT","codes":["HK:700"]})",
                                R"({"type":"RT","codes":["HK:700"],"count":51})",
                                R"({"type":"RK","kline_reqs":[]})",
                                R"({"type":"RK","kline_reqs":[{"c":"HK:700","co":0,"kt":1}]})",
                                R"({"type":"RH","kline_reqs":[{"c":"HK:700","co":1,"kt":1}]})",
                                R"({"type":"H","reqid":"1"})",
                                R"({"type":"H","reqid":1.5})",
                                R"({"type":"K","codes":["HK:700"],"kt":1001,reqid":1})"};
  for (const char* frame : frames) {
    const auto answer = client.ask(frame);
    EXPECT_NE(at(answer, "/msg"), R"("OK")") << frame;
    EXPECT_EQ(at(answer, "/msg").substr(0, 17), "\"invalid request:") << frame << " -> " << answer;
    EXPECT_EQ(at(answer, "/time"), "1767578400") << frame;
  }
  EXPECT_EQ(at(client.ask(R"({"type":"H"})"), "/msg"), R"("OK")");
}

TEST(WebSocket, a_silent_client_is_closed_after_a_minute_and_a_beating_one_is_not) {
  TestServer server;
  auto silent = server.connect();
  auto beating = server.connect();
  server.clock.advance(40s);
  beating.ask(R"({"type":"H"})");
  server.clock.advance(30s);
  EXPECT_EQ(silent.receive(), std::nullopt);
  EXPECT_EQ(silent.close_code(), 1001);
  EXPECT_EQ(at(beating.ask(R"({"type":"H"})"), "/msg"), R"("OK")");
}

TEST(WebSocket, a_free_key_is_held_to_its_plan) {
  TestServer server;
  const auto key = server.new_key("free");
  WsClient client{server.address(), "/ws?key=" + key};
  const auto refusal = WsClient::refusal(server.address(), "/ws?key=" + key);
  EXPECT_EQ(refusal.status, 429);
  EXPECT_NE(refusal.body.find("too many connections"), std::string::npos) << refusal.body;

  std::string codes;
  for (std::size_t row = 0; row < 11; ++row)
    codes += (row == 0 ? "\"" : ",\"") + server.instrument(row).code.to_string() + "\"";
  EXPECT_NE(client.ask("{\"type\":\"T\",\"codes\":[" + codes + "]}").find("too many products"),
            std::string::npos);
  EXPECT_NE(client.ask(R"({"type":"T","codes":["HK:700"]})").find("too many requests"), std::string::npos)
      << "two commands within a second";
  EXPECT_EQ(at(client.ask(R"({"type":"H"})"), "/msg"), R"("OK")") << "heartbeats are excepted";
  server.clock.advance(1s);
  EXPECT_EQ(at(client.ask(R"({"type":"T","codes":["HK:700"]})"), "/msg"), R"("OK")");
}

TEST(WebSocket, a_refused_handshake_says_why) {
  TestServer server;
  const auto missing = WsClient::refusal(server.address(), "/ws");
  EXPECT_EQ(missing.status, 401);
  EXPECT_EQ(at(missing.body, "/msg").substr(0, 13), "\"Key invalid.");
  EXPECT_EQ(WsClient::refusal(server.address(), "/ws?key=" + std::string(32, '0')).status, 401);
  EXPECT_EQ(WsClient::refusal(server.address(), "/other?key=" + server.key()).status, 404);
}

}  // namespace
}  // namespace qos::e2e
