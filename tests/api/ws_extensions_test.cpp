// Extensions of the WebSocket: who asks for them hears more, who does not hears the old bytes.
#include <gtest/gtest.h>

#include "api/server_fixture.hpp"
#include "api/socket_client.hpp"

namespace qos::api::serving {
namespace {

constexpr std::uint8_t kMinutes = 0;
constexpr std::uint8_t kExtendedMinutes = channel::kExtendedKlines;
constexpr json::KlineExtras kEverything{.turnover = true, .closed = true};

const std::string kPlain =
    R"({"tp":"K","c":"US:AAPL","o":"1","cl":"1","h":"1","l":"1","v":"0","ts":0,"kt":1)";

std::string extend(const std::string& names) {
  return R"({"type":"X","ext":)" + names + "}";
}
std::string in_force(const std::string& names) {
  return R"({"type":"X","msg":"OK","time":1750086000,"ext":)" + names + "}";
}
const std::string kSubscribe = R"({"type":"K","codes":["US:AAPL"],"kt":1})";

// Until the server has told what there is, what comes then is not sent: the state has it.
void wait_for_first_states(WsClient& client) {
  client.ask(R"({"type":"H"})");
}

// What the market thread tells of a minute: to those with and without extensions.
void publish_minute(House& house, const state::Kline& kline, bool has_new_values = true) {
  const auto& apple = house.instrument("US:AAPL");
  if (has_new_values) house.publish_kline(apple, kMinutes, kline, {});
  house.publish_kline(apple, kExtendedMinutes, kline, kEverything);
}

TEST(WsExtensions, the_answer_says_which_are_in_force) {
  House house;
  WsClient client{house.port()};
  for (const auto& [asked, given] : {std::pair<const char*, const char*>{"[]", "[]"},
                                     {R"(["turnover","closed"])", R"(["turnover","closed"])"},
                                     {R"(["turnover"])", R"(["turnover","closed"])"},
                                     {R"(["closed"])", R"(["turnover","closed"])"},
                                     {R"(["ns","ses","ns"])", R"(["ses","ns"])"},
                                     {R"(["seq"])", R"(["seq"],"epoch":0)"}})
    EXPECT_EQ(client.ask(extend(asked)), in_force(given)) << asked;
}

TEST(WsExtensions, what_is_no_list_of_names_is_refused_and_changes_nothing) {
  House house;
  house.publish("US:AAPL", 1);
  WsClient client{house.port()};
  EXPECT_EQ(client.ask(extend(R"(["closed"])")), in_force(R"(["turnover","closed"])"));
  const auto refused = [&](const std::string& command, const std::string& message) {
    EXPECT_EQ(client.ask(command),
              R"({"type":"X","msg":"invalid request: )" + message + R"(","time":1750086000})");
  };
  const std::string known = "turnover, closed, lim, lag, ses, ns, seq";
  refused(R"({"type":"X"})", "ext: expected an array of names among " + known + ", seen nothing");
  refused(R"({"type":"X","ext":null})", "ext: expected an array of names among " + known + ", seen nothing");
  refused(extend("1"), "ext: expected an array of strings, seen 1");
  refused(extend(R"({"closed":true})"), "ext: expected an array of strings, seen an object");
  refused(extend(R"(["closed",1])"), "ext[1]: expected a string, seen 1");
  refused(extend(R"(["ns","Closed"])"), "ext[1]: expected one of " + known + R"(, seen \"Closed\")");
  client.ask(kSubscribe);
  EXPECT_EQ(client.hear(), kPlain + R"(,"t":"0","n":0})");
}

TEST(WsExtensions, a_kline_says_more_and_an_old_client_hears_the_old_bytes) {
  House house;
  house.publish("US:AAPL", 1);
  WsClient old{house.port()};
  WsClient extended{house.port()};
  extended.ask(extend(R"(["turnover","closed"])"));
  old.ask(kSubscribe);
  extended.ask(kSubscribe);
  EXPECT_EQ(old.hear(), kPlain + "}");
  EXPECT_EQ(extended.hear(), kPlain + R"(,"t":"0","n":0})");

  auto kline = kline_at(1);
  kline.sequence = Sequence{2};
  kline.trades = 12;
  kline.turnover = *Turnover::parse("1234.5");
  publish_minute(house, kline);
  EXPECT_EQ(old.hear(), kPlain + "}");
  EXPECT_EQ(extended.hear(), kPlain + R"(,"t":"1234.5","n":12})");
  // That it is final is no news to an old client; that it was revised is.
  kline.sequence = Sequence{3};
  kline.closed = true;
  publish_minute(house, kline, false);
  EXPECT_EQ(extended.hear(), kPlain + R"(,"t":"1234.5","n":12,"f":1})");
  kline.sequence = Sequence{4};
  kline.revision = 2;
  publish_minute(house, kline);
  EXPECT_EQ(old.hear(), kPlain + "}");
  EXPECT_EQ(extended.hear(), kPlain + R"(,"t":"1234.5","n":12,"f":2,"rev":2})");
}

TEST(WsExtensions, a_subscription_keeps_the_form_it_began_with) {
  House house;
  house.publish("US:AAPL", 1);
  WsClient client{house.port()};
  client.ask(kSubscribe);
  EXPECT_EQ(client.hear(), kPlain + "}");
  client.ask(extend(R"(["closed","ses"])"));
  // Said again it is no second stream, and no other form.
  client.ask(kSubscribe);
  auto kline = kline_at(1);
  kline.sequence = Sequence{2};
  publish_minute(house, kline);
  EXPECT_EQ(client.hear(), kPlain + "}");
  client.ask(R"({"type":"KC","codes":["US:AAPL"],"kt":1})");
  client.ask(kSubscribe);
  EXPECT_EQ(client.hear(), kPlain + R"(,"t":"0","n":0})");
}

TEST(WsExtensions, minutes_of_extended_sessions_come_to_those_who_asked_for_ses) {
  House house;
  WsClient regular{house.port()};
  WsClient with_sessions{house.port()};
  regular.ask(extend(R"(["closed"])"));
  with_sessions.ask(extend(R"(["ses"])"));
  for (auto* client : {&regular, &with_sessions}) {
    client->ask(kSubscribe);
    wait_for_first_states(*client);
  }
  auto kline = kline_at(1);
  kline.sequence = Sequence{1};
  house.publish_kline(house.instrument("US:AAPL"), channel::kSessionMinutes, kline,
                      {.turnover = true, .closed = true, .session = StoredSeries::pre_market});
  kline.sequence = Sequence{2};
  publish_minute(house, kline);
  EXPECT_EQ(with_sessions.hear(), kPlain + R"(,"t":"0","n":0,"ses":2})");
  EXPECT_EQ(with_sessions.hear(), kPlain + "}");
  EXPECT_EQ(regular.hear(), kPlain + R"(,"t":"0","n":0})");
  // Both channels end with one command.
  with_sessions.ask(R"({"type":"KC","codes":["US:AAPL"],"kt":1})");
  EXPECT_EQ(house.fanout().listeners(
                {house.instrument("US:AAPL").id, channel::Topic::kline, channel::kSessionMinutes}),
            0U);
}

TEST(WsExtensions, other_types_have_no_extended_sessions) {
  House house;
  WsClient client{house.port()};
  client.ask(extend(R"(["ses"])"));
  client.ask(R"({"type":"K","codes":["US:AAPL"],"kt":5})");
  EXPECT_EQ(house.fanout().listeners(
                {house.instrument("US:AAPL").id, channel::Topic::kline, channel::kSessionMinutes}),
            0U);
}

TEST(WsExtensions, a_trade_tells_its_nanoseconds_to_those_who_asked_for_ns) {
  House house;
  WsClient old{house.port()};
  WsClient precise{house.port()};
  precise.ask(extend(R"(["ns"])"));
  for (auto* client : {&old, &precise}) {
    client->ask(R"({"type":"T","codes":["US:AAPL"]})");
    wait_for_first_states(*client);
  }
  const auto& apple = house.instrument("US:AAPL");
  auto trade = trade_at(3);
  trade.ts += std::chrono::nanoseconds{123'456'789};
  house.fanout().publish({apple.id, channel::Topic::trade}, Sequence{3},
                         [&](std::string& out) { json::append_trade_body(out, apple, trade); });
  house.fanout().publish({apple.id, channel::Topic::trade, channel::kPreciseTrades}, Sequence{3},
                         [&](std::string& out) { json::append_precise_trade_body(out, apple, trade); });
  const std::string plain = R"({"tp":"T","c":"US:AAPL","p":"3","v":"1","ts":3,"d":1)";
  EXPECT_EQ(old.hear(), plain + "}");
  EXPECT_EQ(precise.hear(), plain + R"(,"tn":"3123456789"})");
}

TEST(WsExtensions, the_handshake_can_ask_for_all) {
  House house;
  house.publish("US:AAPL", 1);
  const auto handshake = [](const std::string& ext) {
    std::string request = WsClient::handshake("good");
    return request.replace(request.find("key=good"), 8, "key=good&ext=" + ext);
  };
  for (const char* ext : {"2", "yes", "closed"}) {
    SocketClient refused{house.port()};
    refused.send(handshake(ext));
    EXPECT_EQ(read_http_answer(refused).body, R"({"msg":"invalid request: ?ext=: expected 0 or 1, seen \")" +
                                                  std::string{ext} + R"(\"","code":400})");
  }
  for (const auto& [ext, more] :
       {std::pair<const char*, const char*>{"1", R"(,"t":"0","n":0,"seq":1})"}, {"0", "}"}}) {
    WsClient client{house.port(), std::string{"good&ext="} + ext};
    client.ask(kSubscribe);
    EXPECT_EQ(client.hear(), kPlain + more) << ext;
  }
}

}  // namespace
}  // namespace qos::api::serving
