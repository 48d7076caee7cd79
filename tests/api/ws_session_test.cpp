// The WebSocket of protocol section 5, over real sockets: answers, pushes, their order, and how it ends.
#include <gtest/gtest.h>

#include <thread>

#include "api/server_fixture.hpp"
#include "api/socket_client.hpp"
#include "api/ws/first_states.hpp"

namespace qos::api::serving {
namespace {

using namespace std::chrono_literals;

// The house's clock stands at 1750086000 until a test moves it.
const std::string kSubscribed = R"({"type":"S","msg":"OK","time":1750086000})";

std::string push_of(const std::string& topic, const std::string& code, std::uint64_t n) {
  return R"({"tp":")" + topic + R"(","c":")" + code + R"(","lp":")" + std::to_string(n) + '"';
}

TEST(WsHandshake, answers_101_with_the_accept_key_of_the_rfc) {
  House house;
  WsClient client{house.port()};
  EXPECT_EQ(client.answer.status, 101);
  EXPECT_EQ(client.answer.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(client.answer.header("content-length"), "");
}

TEST(WsHandshake, takes_the_key_from_header_query_or_bearer) {
  House house;
  for (const auto* header : {"key: good\r\n", "Authorization: Bearer good\r\n"}) {
    SocketClient client{house.port()};
    std::string request = WsClient::handshake("");
    request.replace(request.find("/ws?key="), 8, "/ws");
    client.send(request.insert(request.find("\r\n") + 2, header));
    EXPECT_EQ(read_http_answer(client).status, 101) << header;
  }
}

TEST(WsHandshake, is_refused_with_an_http_status_and_body) {
  House house;
  const auto refused = [&](std::string request, const std::string& change = "", const std::string& to = "") {
    if (!change.empty()) request.replace(request.find(change), change.size(), to);
    SocketClient client{house.port()};
    client.send(request);
    const auto answer = read_http_answer(client);
    EXPECT_TRUE(client.at_end());
    if (answer.status == 426) {
      EXPECT_EQ(answer.header("sec-websocket-version"), "13");
    }
    if (answer.status == 405) {
      EXPECT_EQ(answer.header("allow"), "GET");
    }
    if (answer.status == 429) {
      EXPECT_FALSE(answer.header("retry-after").empty());
    }
    return std::to_string(answer.status) + " " + answer.body;
  };
  const std::string good = WsClient::handshake("good");
  EXPECT_EQ(refused(WsClient::handshake("nobody")), R"(401 {"msg":"Key invalid.","code":401})");
  EXPECT_EQ(refused(WsClient::handshake("")), R"(401 {"msg":"Key invalid.","code":401})");
  EXPECT_EQ(refused(WsClient::handshake("expired")), R"(401 {"msg":"Key expired.","code":4011})");
  EXPECT_EQ(refused(WsClient::handshake("disabled")), R"(401 {"msg":"Key disabled.","code":4012})");
  EXPECT_TRUE(refused(good, "Upgrade: websocket\r\n")
                  .starts_with(R"(400 {"msg":"invalid request: /ws is a WebSocket)"));
  EXPECT_TRUE(refused(good, "Connection: Upgrade\r\n")
                  .starts_with(R"(400 {"msg":"invalid request: /ws is a WebSocket)"));
  EXPECT_TRUE(refused(good, "HTTP/1.1", "HTTP/1.0").starts_with("400 "));
  EXPECT_TRUE(refused(good, "Version: 13", "Version: 8").starts_with("426 "));
  EXPECT_TRUE(refused(good, "Sec-WebSocket-Version: 13\r\n").starts_with("426 "));
  EXPECT_TRUE(refused(good, "dGhlIHNhbXBsZSBub25jZQ==", "short==").starts_with("400 "));
  EXPECT_TRUE(refused(good, "GET", "POST").starts_with("405 "));
}

TEST(WsHandshake, keeps_to_the_plans_connections_and_gives_them_back) {
  House house;
  access::Plan plan;
  plan.limits[static_cast<std::size_t>(access::Permission::ws)].max_connections = 1;
  house.gate.add("single", plan);
  {
    WsClient first{house.port(), "single"};
    EXPECT_EQ(first.answer.status, 101);
    WsClient second{house.port(), "single"};
    EXPECT_EQ(second.answer.status, 429);
    EXPECT_EQ(second.answer.body,
              R"({"msg":"too many connections: the plan allows 1 at a time","code":429})");
  }
  while (house.counters().websockets_open.value() > 0) std::this_thread::yield();
  EXPECT_EQ(WsClient(house.port(), "single").answer.status, 101);
}

TEST(WsHandshake, hears_a_command_that_came_in_the_same_packet) {
  House house;
  SocketClient client{house.port()};
  client.send(WsClient::handshake("good") + masked_frame(0x81, R"({"type":"H","reqid":5})"));
  EXPECT_EQ(read_http_answer(client).status, 101);
  const std::string expected = R"({"type":"H","msg":"OK","time":1750086000,"reqid":5})";
  EXPECT_EQ(client.read(2 + expected.size()).substr(2), expected);
}

TEST(WsSession, repeats_the_reqid_as_the_same_integer_and_only_if_it_was_sent) {
  House house;
  WsClient client{house.port()};
  EXPECT_EQ(client.ask(R"({"type":"H"})"), R"({"type":"H","msg":"OK","time":1750086000})");
  EXPECT_EQ(client.ask(R"({"type":"H","reqid":null})"), R"({"type":"H","msg":"OK","time":1750086000})");
  for (const auto* reqid :
       {"0", "1", "-1", "1700000000000000", "9223372036854775807", "-9223372036854775808"})
    EXPECT_EQ(client.ask(R"({"reqid":)" + std::string{reqid} + R"(,"type":"H"})"),
              R"({"type":"H","msg":"OK","time":1750086000,"reqid":)" + std::string{reqid} + "}");
  for (const auto* reqid : {R"("1")", "1.5", "1.7e15", "true", "[]", "9223372036854775808"})
    EXPECT_TRUE(client.ask(R"({"type":"S","codes":["US:AAPL"],"reqid":)" + std::string{reqid} + "}")
                    .starts_with(R"({"type":"S","msg":"invalid request: reqid: expected an integer)"))
        << reqid;
}

TEST(WsSession, answers_first_then_sends_the_state_then_every_change) {
  House house;
  house.publish("US:AAPL", 41);
  WsClient client{house.port()};
  EXPECT_EQ(client.ask(R"({"type":"S","codes":["us:aapl"]})"), kSubscribed);
  EXPECT_TRUE(client.hear().starts_with(push_of("S", "us:aapl", 41)));
  for (std::uint64_t n = 42; n < 45; ++n) {
    house.publish("US:AAPL", n);
    EXPECT_TRUE(client.hear().starts_with(push_of("S", "us:aapl", n)));
  }
}

TEST(WsSession, sends_a_state_for_snapshots_depth_and_klines_but_not_for_trades) {
  House house;
  house.publish("HK:700", 3);
  WsClient client{house.port()};
  client.ask(R"({"type":"T","codes":["HK:00700"]})");
  client.ask(R"({"type":"D","codes":["HK:700"]})");
  EXPECT_TRUE(client.hear().starts_with(R"({"tp":"D","c":"HK:700","b":[{"p":"3","v":"1"}],"a":[],"ts":3)"));
  client.ask(R"({"type":"K","codes":["HK:0700"],"kt":1001})");
  const auto kline = client.hear();
  EXPECT_TRUE(kline.starts_with(R"({"tp":"K","c":"HK:0700","o":"3","cl":"3")")) << kline;
  EXPECT_NE(kline.find(R"("kt":1001)"), std::string::npos);
  house.publish("HK:700", 4);
  EXPECT_EQ(client.hear(), R"({"tp":"T","c":"HK:00700","p":"4","v":"1","ts":4,"d":1})");
  EXPECT_TRUE(client.hear().starts_with(R"({"tp":"D","c":"HK:700")"));
  EXPECT_TRUE(client.hear().starts_with(R"({"tp":"K","c":"HK:0700")"));
  // Another type of K-line is another channel.
  client.ask(R"({"type":"KC","codes":["HK:700"],"kt":1})");
  house.publish("HK:700", 5);
  for (const auto* topic : {"T", "D", "K"})
    EXPECT_TRUE(client.hear().starts_with(R"({"tp":")" + std::string{topic})) << topic;
}

TEST(WsSession, pushes_nothing_where_there_is_no_state_yet) {
  House house;
  WsClient client{house.port()};
  client.ask(R"({"type":"S","codes":["US:AAPL"]})");
  client.ask(R"({"type":"D","codes":["US:AAPL"]})");
  client.ask(R"({"type":"K","codes":["US:AAPL"],"kt":1})");
  house.publish("US:AAPL", 1);
  EXPECT_TRUE(client.hear().starts_with(push_of("S", "US:AAPL", 1)));
  EXPECT_TRUE(client.hear().starts_with(R"({"tp":"D")"));
  EXPECT_TRUE(client.hear().starts_with(R"({"tp":"K")"));
}

TEST(WsSession, is_silent_after_the_answer_to_an_unsubscription) {
  House house;
  house.publish("US:AAPL", 1);
  house.publish("US:TSLA", 1);
  WsClient client{house.port()};
  client.ask(R"({"type":"S","codes":["US:AAPL,TSLA"]})");
  client.hear();
  client.hear();
  client.say(R"({"type":"SC","codes":["US:AAPL"],"reqid":2})");
  house.publish("US:AAPL", 2);
  // A push may come before the answer, never after it.
  std::string heard = client.hear();
  while (heard.starts_with(R"({"tp")")) heard = client.hear();
  EXPECT_EQ(heard, R"({"type":"SC","msg":"OK","time":1750086000,"reqid":2})");
  for (std::uint64_t n = 3; n < 50; ++n) house.publish("US:AAPL", n);
  house.publish("US:TSLA", 2);
  EXPECT_TRUE(client.hear().starts_with(push_of("S", "US:TSLA", 2)));
  EXPECT_EQ(client.ask(R"({"type":"SC","codes":["US:AAPL"]})"),
            R"({"type":"SC","msg":"OK","time":1750086000})")
      << "unsubscribing twice is no error";
}

// All in one packet, so that the first subscription's state has not been sent when it ends.
TEST(WsSession, sends_the_state_of_a_new_subscription_under_its_new_spelling) {
  House house;
  house.publish("US:AAPL", 1);
  WsClient client{house.port()};
  client.send(masked_frame(0x81, R"({"type":"S","codes":["us:aapl"]})") +
              masked_frame(0x81, R"({"type":"SC","codes":["US:AAPL"]})") +
              masked_frame(0x81, R"({"type":"S","codes":["US:AAPL"]})"));
  for (int answers = 0; answers < 3; ++answers) client.hear();
  EXPECT_TRUE(client.hear().starts_with(push_of("S", "US:AAPL", 1)));
  house.publish("US:AAPL", 2);
  EXPECT_TRUE(client.hear().starts_with(push_of("S", "US:AAPL", 2)));
}

TEST(FirstStates, do_not_wait_for_what_was_unsubscribed) {
  ws::FirstStates states;
  const auto key = [](std::uint32_t number) {
    return channel::ChannelKey{.instrument = InstrumentId{number}};
  };
  for (int round = 0; round < 1'000; ++round) {
    states.add(key(1), "US:AAPL");
    states.add(key(2), "US:TSLA");
    states.forget({key(2), key(7), key(1)});
    ASSERT_TRUE(states.empty());
  }
  states.add(key(1), "US:AAPL");
  states.add(key(2), "US:TSLA");
  states.forget({key(1)});
  EXPECT_FALSE(states.empty()) << "another channel still waits";
  states.forget({key(2)});
  EXPECT_TRUE(states.empty());
}

TEST(WsSession, adds_subscriptions_and_makes_no_second_stream) {
  House house;
  house.publish("US:AAPL", 1);
  WsClient client{house.port()};
  EXPECT_EQ(client.ask(R"({"type":"S","codes":["US:AAPL","US:AAPL,aapl"]})"), kSubscribed);
  client.hear();
  EXPECT_EQ(client.ask(R"({"type":"S","codes":["US:aapl"]})"), kSubscribed);
  EXPECT_EQ(client.ask(R"({"type":"S","codes":["US:TSLA"]})"), kSubscribed);
  house.publish("US:AAPL", 2);
  EXPECT_TRUE(client.hear().starts_with(push_of("S", "US:AAPL", 2)))
      << "under the spelling of the first time";
  house.publish("US:TSLA", 3);
  EXPECT_TRUE(client.hear().starts_with(push_of("S", "US:TSLA", 3)));
}

TEST(WsSession, names_the_codes_it_does_not_know) {
  House house;
  WsClient client{house.port()};
  EXPECT_EQ(client.ask(R"({"type":"T","codes":["US:NOPE,AAPL","HK:9999"],"reqid":1})"),
            R"({"type":"T","msg":"OK","time":1750086000,"reqid":1,"missing":["US:NOPE","HK:9999"]})");
}

TEST(WsSession, answers_one_off_requests_as_http_does_without_a_time) {
  House house;
  house.publish("US:AAPL", 9);
  WsClient client{house.port()};
  const auto snapshot = client.ask(R"({"type":"RS","codes":["US:AAPL","US:NOPE"],"reqid":0})");
  EXPECT_TRUE(snapshot.starts_with(R"({"type":"RS","msg":"OK","reqid":0,"data":[{"c":"US:AAPL","lp":"9")"))
      << snapshot;
  EXPECT_TRUE(snapshot.ends_with(R"(],"missing":["US:NOPE"]})")) << snapshot;
  EXPECT_EQ(client.ask(R"({"type":"RT","codes":["US:AAPL"],"count":1})"),
            R"({"type":"RT","msg":"OK","data":[{"c":"US:AAPL","p":"9","v":"1","ts":9,"d":1}]})");
  for (const auto* command :
       {R"({"type":"RD","codes":["US:AAPL"]})", R"({"type":"RI","codes":["US:AAPL"]})",
        R"({"type":"RK","kline_reqs":[{"c":"US:AAPL","co":1,"a":0,"kt":1}]})",
        R"({"type":"RH","kline_reqs":[{"c":"US:AAPL","co":1,"a":0,"kt":1,"e":1750086000}]})"}) {
    const std::string type{command + 9, 2};
    EXPECT_TRUE(
        client.ask(command).starts_with(R"({"type":")" + type + R"(","msg":"OK","data":[{"c":"US:AAPL")"))
        << command;
  }
  house.health().set_ready(false);
  EXPECT_EQ(client.ask(R"({"type":"RS","codes":["US:AAPL"],"reqid":3})"),
            R"({"type":"RS","msg":"not ready: the server is recovering","time":1750086000,"reqid":3})");
}

TEST(WsSession, subscribes_to_nothing_before_the_server_is_ready) {
  House house;
  house.publish("US:AAPL", 1);
  house.health().set_ready(false);
  WsClient client{house.port()};
  for (const std::string type : {"S", "T", "D", "K"})
    EXPECT_EQ(client.ask(R"({"type":")" + type + R"(","codes":["US:AAPL"],"kt":1,"reqid":3})"),
              R"({"type":")" + type +
                  R"(","msg":"not ready: the server is recovering","time":1750086000,"reqid":3})");
  EXPECT_EQ(client.ask(R"({"type":"SC","codes":["US:AAPL"]})"),
            R"({"type":"SC","msg":"OK","time":1750086000})")
      << "there is nothing to hear less of";
  EXPECT_EQ(client.ask(R"({"type":"H"})"), R"({"type":"H","msg":"OK","time":1750086000})");
  house.health().set_ready(true);
  EXPECT_EQ(client.ask(R"({"type":"S","codes":["US:AAPL"]})"), kSubscribed);
  EXPECT_TRUE(client.hear().starts_with(push_of("S", "US:AAPL", 1)));
}

TEST(WsSession, answers_every_mistake_and_lives_on) {
  House house;
  WsClient client{house.port()};
  struct Row {
    std::string sent;
    std::string type;
    std::string msg;  // begins with
  };
  const std::string invalid = "invalid request: ";
  const std::vector<Row> rows{
      {"", "", invalid + "expected a JSON object, seen nothing"},
      {"   ", "", invalid},
      {"hello", "", invalid + "not JSON"},
      {R"({"type":"H")", "", invalid + "not JSON"},
      {R"({"type":"H"} x)", "", invalid + "not JSON"},
      {R"({"type":"RK","kline_reqs":[{"c":"US:AAPL","co":1,"a":0,"kt":1001}],reqid":1})", "",
       invalid + "not JSON"},
      {R"({'type':'H'})", "", invalid + "not JSON"},
      {"{\"type\":\"H\",}", "", invalid + "not JSON"},
      {"[]", "", invalid + "expected a JSON object, seen an array"},
      {"1", "", invalid},
      {"null", "", invalid},
      {R"("H")", "", invalid},
      {"{}", "", invalid + "type: expected a string, seen nothing"},
      {R"({"type":null})", "", invalid + "type: "},
      {R"({"type":1})", "", invalid + "type: "},
      {R"({"type":["S"]})", "", invalid + "type: "},
      {R"({"type":""})", "", invalid + "type: expected one of H, S, T, D, K"},
      {R"({"type":"Q"})", "Q", invalid + "type: expected one of H"},
      {R"({"type":"s","codes":["US:AAPL"]})", "s", invalid + "type: "},
      {R"({"type":"S\u0000"})", "S\\u0000", invalid + "type: "},
      {R"({"type":")" + std::string(5'000, 'x') + "\"}", "", invalid + "type: "},
      {R"({"type":"S"})", "S", invalid + "codes: expected an array of strings, not empty, seen nothing"},
      {R"({"type":"S","codes":null})", "S", invalid + "codes: "},
      {R"({"type":"S","codes":[]})", "S", invalid + "codes: "},
      {R"({"type":"S","codes":"US:AAPL"})", "S", invalid + "codes: "},
      {R"({"type":"S","codes":{"US":"AAPL"}})", "S", invalid + "codes: "},
      {R"({"type":"S","codes":["US:AAPL",1]})", "S", invalid + "codes[1]: "},
      {R"({"type":"T","codes":["AAPL"]})", "T", invalid + "codes[0]: "},
      {R"({"type":"D","codes":["US:AAPL","XX:1"]})", "D", invalid + "codes[1]: "},
      {R"({"type":"D","codes":["US:"]})", "D", invalid + "codes[0]: "},
      {R"({"type":"TC","codes":["US:\"};"]})", "TC", invalid + "codes[0]: "},
      {R"({"type":"K","codes":["US:AAPL"]})", "K", invalid + "kt: expected an integer"},
      {R"({"type":"K","codes":["US:AAPL"],"kt":"1"})", "K", invalid + "kt: "},
      {R"({"type":"K","codes":["US:AAPL"],"kt":2})", "K", invalid + "kt: expected 1, 5, 15"},
      {R"({"type":"KC","codes":["US:AAPL"],"kt":3000})", "KC", invalid + "kt: "},
      {R"({"type":"RT","codes":["US:AAPL"],"count":0})", "RT", invalid + "count: "},
      {R"({"type":"RK","kline_reqs":[]})", "RK", invalid + "kline_reqs: "},
      {std::string(100, '[') + std::string(100, ']'), "", invalid + "not JSON"},
  };
  for (const auto& row : rows) {
    const auto answer = client.ask(row.sent);
    EXPECT_TRUE(answer.starts_with(R"({"type":")" + row.type + R"(","msg":")" + row.msg))
        << row.sent << " -> " << answer;
    EXPECT_TRUE(answer.ends_with(R"(","time":1750086000})")) << answer;
    EXPECT_LT(answer.size(), 700U) << "an error is no echo service";
  }
  client.send(masked_frame(0x82, R"({"type":"H"})"));
  EXPECT_EQ(
      client.hear(),
      R"({"type":"","msg":"invalid request: expected a text message, seen a binary one","time":1750086000})");
  EXPECT_EQ(client.ask(R"({"type":"H"})"), R"({"type":"H","msg":"OK","time":1750086000})");
  EXPECT_EQ(house.counters().ws_errors.value(), rows.size() + 1);
  house.publish("US:AAPL", 1);
  EXPECT_EQ(client.ask(R"({"type":"H"})"), R"({"type":"H","msg":"OK","time":1750086000})")
      << "a refused command subscribes to nothing";
}

TEST(WsSession, understands_fragments_and_answers_pings_between_them) {
  House house;
  WsClient client{house.port()};
  client.send(masked_frame(0x01, R"({"type":)") + masked_frame(0x89, "are you there") +
              masked_frame(0x80, R"("H"})"));
  const auto pong = client.read_frame();
  EXPECT_EQ(pong.opcode, 0xA);
  EXPECT_EQ(pong.payload, "are you there");
  EXPECT_EQ(client.hear(), R"({"type":"H","msg":"OK","time":1750086000})");
}

TEST(WsSession, closes_with_the_code_of_the_violation) {
  ServerOptions options;
  options.max_frame_bytes = 1'000;
  House house{options};
  const std::pair<std::string, int> rows[]{{"\x81\x01x", 1002},
                                           {masked_frame(0x83, "x"), 1002},
                                           {masked_frame(0x81, "\xFF"), 1007},
                                           {masked_frame(0x81, std::string(1'001, ' ')), 1009},
                                           {masked_frame(0x88, "\x03\xE8 bye"), 1000},
                                           {masked_frame(0x88, ""), 1000},
                                           {masked_frame(0x88, "\x0F\xA0"), 4000}};
  for (const auto& [bytes, code] : rows) {
    WsClient client{house.port()};
    client.send(bytes);
    const auto frame = client.read_frame();
    EXPECT_EQ(frame.opcode, 8);
    EXPECT_EQ(frame.close_code(), code);
    EXPECT_TRUE(client.at_end());
  }
}

TEST(WsSession, closes_a_silent_client_and_keeps_one_that_says_anything) {
  ServerOptions options;
  options.heartbeat_timeout = 60s;
  House house{options};
  WsClient silent{house.port()};
  WsClient beats{house.port()};
  WsClient pongs{house.port()};
  for (int minute = 0; minute < 2; ++minute) {
    house.clock.advance(30s);
    beats.ask(R"({"type":"H"})");
    pongs.send(masked_frame(0x89, ""));
    EXPECT_EQ(pongs.read_frame().opcode, 0xA);
  }
  house.clock.advance(1s);
  EXPECT_EQ(silent.read_frame().close_code(), 1001);
  beats.ask(R"({"type":"H"})");
  EXPECT_EQ(house.counters().heartbeat_timeouts.value(), 1U);
  // It has five seconds to answer the close frame.
  house.clock.advance(6s);
  EXPECT_TRUE(silent.at_end());
}

TEST(WsSession, ends_within_a_second_of_its_key) {
  for (const auto& [denial, text] : {std::pair{access::Denial::expired, "Key expired."},
                                     {access::Denial::disabled, "Key disabled."},
                                     {access::Denial::invalid, "Key invalid."}}) {
    House house;
    house.publish("US:AAPL", 1);
    WsClient client{house.port()};
    client.ask(R"({"type":"S","codes":["US:AAPL"]})");
    client.hear();
    house.gate.end_keys(denial);
    house.clock.advance(1s);
    const auto frame = client.read_frame();
    EXPECT_EQ(frame.opcode, 8);
    EXPECT_EQ(frame.close_code(), 4001);
    EXPECT_EQ(frame.payload.substr(2), text);
    client.send(masked_frame(0x88, frame.payload));
    EXPECT_TRUE(client.at_end());
    EXPECT_EQ(house.gate.checks(), 1);
  }
}

// The loop ticks more often than that; the idle connection's end tells that it did.
TEST(WsSession, looks_at_its_key_no_more_than_once_a_second) {
  ServerOptions options;
  options.http_idle_timeout = 900ms;
  House house{options};
  WsClient client{house.port()};
  SocketClient idle{house.port()};
  idle.send("GET / HTTP/1.1\r\n\r\n");
  read_http_answer(idle);
  house.clock.advance(999ms);
  EXPECT_TRUE(idle.at_end());
  EXPECT_EQ(client.ask(R"({"type":"H"})"), R"({"type":"H","msg":"OK","time":1750086000})");
  EXPECT_EQ(house.gate.checks(), 0);
}

TEST(WsSession, says_1012_when_the_server_stops) {
  House house;
  WsClient client{house.port()};
  client.ask(R"({"type":"S","codes":["US:AAPL"]})");
  std::jthread stopping{[&] { house.server().stop(); }};
  const auto frame = client.read_frame();
  EXPECT_EQ(frame.close_code(), 1012);
  client.send(masked_frame(0x88, frame.payload));
  EXPECT_TRUE(client.at_end());
  stopping.join();
  EXPECT_EQ(house.counters().websockets_open.value(), 0);
  EXPECT_EQ(house.fanout().listeners({house.instrument("US:AAPL").id, channel::Topic::snapshot, 0}), 0U);
}

TEST(WsPlan, limits_the_distinct_products_of_a_connection) {
  House house;
  access::Plan plan;
  plan.limits[static_cast<std::size_t>(access::Permission::ws)].product_count = 2;
  house.gate.add("two", plan);
  WsClient client{house.port(), "two"};
  EXPECT_EQ(client.ask(R"({"type":"S","codes":["US:AAPL,TSLA"]})"), kSubscribed);
  EXPECT_EQ(client.ask(R"({"type":"D","codes":["US:AAPL,TSLA"]})"),
            R"({"type":"D","msg":"OK","time":1750086000})")
      << "the same products in another channel";
  EXPECT_EQ(
      client.ask(R"({"type":"T","codes":["US:AAPL","HK:700"]})"),
      R"({"type":"T","msg":"too many products: 3 subscribed on this connection, the plan allows 2","time":1750086000})");
  client.ask(R"({"type":"SC","codes":["US:TSLA"]})");
  EXPECT_TRUE(client.ask(R"({"type":"S","codes":["HK:700"]})").find("too many products") != std::string::npos)
      << "TSLA's depth is still heard";
  client.ask(R"({"type":"DC","codes":["US:TSLA"]})");
  EXPECT_EQ(client.ask(R"({"type":"S","codes":["HK:700"]})"), kSubscribed);
}

TEST(WsPlan, gives_the_place_of_a_connection_back_as_soon_as_it_ends) {
  House house;
  access::Plan plan;
  plan.limits[static_cast<std::size_t>(access::Permission::ws)].max_connections = 1;
  house.gate.add("single", plan);
  WsClient silent{house.port(), "single"};
  EXPECT_EQ((WsClient{house.port(), "single"}).answer.status, 429);
  house.clock.advance(61s);
  EXPECT_EQ(silent.read_frame().close_code(), 1001);
  // The server still waits for the answer to its close frame.
  WsClient again{house.port(), "single"};
  EXPECT_EQ(again.answer.status, 101);
  EXPECT_EQ((WsClient{house.port(), "single"}).answer.status, 429) << "and gives it back once";
}

TEST(WsPlan, limits_how_often_commands_come_but_not_heartbeats) {
  House house;
  access::Plan plan;
  plan.limits[static_cast<std::size_t>(access::Permission::ws)] = {.request_frequency = 3,
                                                                   .min_interval_ms = 1'000};
  house.gate.add("slow", plan);
  WsClient client{house.port(), "slow"};
  const auto subscribe = [&] { return client.ask(R"({"type":"S","codes":["US:AAPL"],"reqid":1})"); };
  const auto is_ok = [](const std::string& answer) {
    return answer.find(R"("msg":"OK")") != std::string::npos;
  };
  EXPECT_TRUE(is_ok(subscribe()));
  EXPECT_EQ(
      subscribe(),
      R"({"type":"S","msg":"too many requests: commands on a WebSocket at least 1000 ms apart","time":1750086000,"reqid":1})");
  for (int beats = 0; beats < 10; ++beats) EXPECT_TRUE(is_ok(client.ask(R"({"type":"H"})")));
  EXPECT_NE(client.ask("nonsense").find("too many requests"), std::string::npos) << "nonsense is counted too";
  house.clock.advance(1s);
  EXPECT_TRUE(is_ok(subscribe()));
  house.clock.advance(1s);
  EXPECT_TRUE(is_ok(subscribe()));
  house.clock.advance(1s);
  EXPECT_NE(subscribe().find("too many requests: 3 a minute for ws, again in 42 s"), std::string::npos);
  EXPECT_TRUE(is_ok(client.ask(R"({"type":"H"})")));
}

TEST(WsPlan, takes_one_off_requests_from_their_endpoints_minute) {
  House house;
  access::Plan plan;
  plan.limits[static_cast<std::size_t>(access::Permission::snapshot)].request_frequency = 1;
  house.gate.add("once", plan);
  WsClient client{house.port(), "once"};
  EXPECT_NE(client.ask(R"({"type":"RS","codes":["US:AAPL"]})").find(R"("msg":"OK")"), std::string::npos);
  EXPECT_EQ(
      client.ask(R"({"type":"RS","codes":["US:AAPL"],"reqid":2})"),
      R"({"type":"RS","msg":"too many requests: 1 a minute for snapshot, again in 42 s","time":1750086000,"reqid":2})");
  EXPECT_NE(client.ask(R"({"type":"RD","codes":["US:AAPL"]})").find(R"("msg":"OK")"), std::string::npos);
}

}  // namespace
}  // namespace qos::api::serving
