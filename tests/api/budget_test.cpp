// The extensions lim and lag: who asks for them is told with every answer, who does not gets the old bytes.
#include "api/budget.hpp"

#include <gtest/gtest.h>

#include <simdjson.h>

#include "api/server_fixture.hpp"
#include "api/socket_client.hpp"
#include "query_fakes.hpp"

namespace qos::api {
namespace {

constexpr std::string_view kCodes = R"({"codes":["US:AAPL"]})";
constexpr std::string_view kLag = R"("lag":{"us":310,"queue":12})";

std::string lim(int used, int cap = 5, int reset = 42) {
  return fmt::format(R"("lim":{{"used":{},"cap":{},"reset":{}}})", used, cap, reset);
}

class Budget : public ::testing::Test {
 protected:
  Budget() { house.context.lag = {.us = 310, .queue = 12}; }

  std::string said(std::string_view target, std::string_view body = kCodes, std::string_view key = "small") {
    return house.post(target, body, key).body;
  }
  // The answer without the extensions, from a house where as much has been asked for.
  std::string plain(std::string_view path, std::string_view body = kCodes, std::string_view key = "small") {
    fakes::House other;
    other.gate.taken = house.gate.taken == 5 ? 5 : 0;
    return other.post(path, body, key).body;
  }
  static std::string with(std::string answer, const std::string& members) {
    answer.pop_back();
    return answer + ',' + members + '}';
  }

  fakes::House house;
};

TEST_F(Budget, every_question_over_http_is_answered_with_it_where_it_is_asked_for) {
  const std::pair<const char*, const char*> questions[] = {
      {"/snapshot", R"({"codes":["US:AAPL","HK:99"]})"},
      {"/depth", R"({"codes":["US:AAPL"]})"},
      {"/trade", R"({"codes":["US:AAPL"],"count":1})"},
      {"/instrument-info", R"({"codes":["US:AAPL"]})"},
      {"/kline", R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1}]})"},
      {"/history", R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1,"e":1742241600}]})"},
      {"/market-calendar", R"({"market":["US"]})"},
      {"/product-list", R"({"market":["US"]})"},
      {"/corporate-actions", R"({"codes":["US:AAPL"]})"},
      {"/explain", R"({"c":"US:AAPL","kt":1,"ts":1742241600})"},
      {"/snapshot", "{}"},
      {"/kline", "no JSON"},
  };
  for (const auto& [path, body] : questions) {
    SCOPED_TRACE(path);
    house.gate.taken = 0;
    const std::string old = said(path, body);
    EXPECT_EQ(old, plain(path, body));
    EXPECT_EQ(old.find("\"lim\""), std::string::npos);
    EXPECT_EQ(said(fmt::format("{}?ext=1", path), body), with(old, lim(2) + "," + std::string{kLag}));
  }
}

TEST_F(Budget, a_request_too_many_is_told_too) {
  for (int n = 1; n <= 5; ++n)
    EXPECT_TRUE(said("/snapshot?ext=1").ends_with(lim(n) + "," + std::string{kLag} + "}"));
  EXPECT_EQ(said("/snapshot?ext=1"),
            R"({"msg":"too many requests: 5 a minute","code":429,)" + lim(5) + "," + std::string{kLag} + "}");
  EXPECT_EQ(said("/snapshot"), R"({"msg":"too many requests: 5 a minute","code":429})");
  EXPECT_EQ(said("/kline", R"({"kline_reqs":[],"ext":["lim"]})"),
            R"({"msg":"too many requests: 5 a minute","code":429,)" + lim(5) + "}");
}

TEST_F(Budget, the_body_of_a_question_that_has_ext_may_name_them) {
  const auto request = [](std::string_view names) {
    return fmt::format(R"({{"kline_reqs":[{{"c":"US:AAPL","co":1,"kt":1,"e":1742241600}}],"ext":{}}})",
                       names);
  };
  const std::string old = plain("/kline", request("[]"));
  EXPECT_EQ(said("/kline", request(R"(["lim"])")), with(old, lim(1)));
  EXPECT_EQ(said("/kline", request(R"(["lag"])")), with(old, std::string{kLag}));
  EXPECT_EQ(said("/history", request(R"(["lag","closed","lim"])")),
            with(old, lim(3) + "," + std::string{kLag}));
  EXPECT_EQ(said("/kline", request(R"(["lag","no"])")), plain("/kline", request(R"(["lag","no"])")))
      << "an error in ext itself";
  const std::string elsewhere = R"({"codes":["US:AAPL"],"ext":["lim","lag"]})";
  EXPECT_EQ(said("/snapshot", elsewhere), plain("/snapshot", elsewhere)) << "/snapshot has no such member";
}

TEST_F(Budget, where_nobody_was_charged_there_is_no_lim) {
  EXPECT_EQ(said("/snapshot?ext=1", kCodes, "nobody"),
            R"({"msg":"Key invalid.","code":401,)" + std::string{kLag} + "}");
  EXPECT_EQ(said("/snapshot?ext=1", kCodes, "good").find(lim(0, 0, 0)) == std::string::npos, false)
      << "an unlimited plan counts nothing";
  EXPECT_EQ(said("/snapshot?ext=0"), plain("/snapshot"));
  EXPECT_EQ(said("/snapshot?ext=x"), plain("/snapshot"));
}

}  // namespace
}  // namespace qos::api

namespace qos::api::serving {
namespace {

// Bytes of answers on a WebSocket of a plan with six commands and two snapshots a minute.
TEST(BudgetOnWebSocket, every_answer_tells_it_from_the_command_on_that_asks_for_it) {
  House house;
  house.publish("US:AAPL", 1);
  access::Plan plan;
  plan.limits[static_cast<std::size_t>(access::Permission::ws)].request_frequency = 6;
  plan.limits[static_cast<std::size_t>(access::Permission::snapshot)].request_frequency = 2;
  house.gate.add("six", plan);
  WsClient client{house.port(), "six"};
  const std::string time = R"("time":1750086000)";
  const auto told = [](int used, int cap) {
    return fmt::format(R"(,"lim":{{"used":{},"cap":{},"reset":42}}}})", used, cap);
  };
  const std::string heartbeat = R"({"type":"H","msg":"OK",)" + time;
  EXPECT_EQ(client.ask(R"({"type":"H"})"), heartbeat + "}");
  EXPECT_EQ(client.ask(R"({"type":"X","ext":["lim"]})"),
            R"({"type":"X","msg":"OK",)" + time + R"(,"ext":["lim"])" + told(1, 6));
  EXPECT_EQ(client.ask(R"({"type":"H"})"), heartbeat + told(1, 6)) << "a heartbeat takes nothing";
  const std::string one_off = R"({"type":"RS","codes":["US:AAPL"]})";
  EXPECT_TRUE(client.ask(one_off).ends_with("}]" + told(1, 2))) << "of the snapshots' minute";
  EXPECT_TRUE(client.ask("no JSON").ends_with(told(3, 6)));
  EXPECT_EQ(client.ask(R"({"type":"S","codes":["US:AAPL"]})"),
            R"({"type":"S","msg":"OK",)" + time + told(4, 6));
  EXPECT_EQ(client.hear().find("lim"), std::string::npos) << "a push is no answer";
  EXPECT_TRUE(client.ask(one_off).ends_with(told(2, 2)));
  EXPECT_EQ(client.ask(one_off),
            R"({"type":"RS","msg":"too many requests: 2 a minute for snapshot, again in 42 s",)" + time +
                told(2, 2));
  EXPECT_EQ(
      client.ask(one_off),
      R"({"type":"RS","msg":"too many requests: 6 a minute for ws, again in 42 s",)" + time + told(6, 6));
}

TEST(BudgetOnWebSocket, the_handshake_may_ask_for_all_and_x_may_switch_it_off) {
  House house;
  WsClient client{house.port(), "good&ext=1"};
  const auto answer = client.ask(R"({"type":"H"})");
  EXPECT_TRUE(answer.starts_with(
      R"({"type":"H","msg":"OK","time":1750086000,"lim":{"used":0,"cap":0,"reset":0},"lag":{"us":)"))
      << answer;
  EXPECT_TRUE(answer.ends_with("}}")) << answer;
  EXPECT_EQ(client.ask(R"({"type":"X","ext":[]})"), R"({"type":"X","msg":"OK","time":1750086000,"ext":[]})");
  EXPECT_EQ(client.ask(R"({"type":"H"})"), R"({"type":"H","msg":"OK","time":1750086000})");
}

// Two requests of one key over a real connection, in one packet: the answers keep their order and their
// counts.
TEST(BudgetOverHttp, a_connection_tells_it) {
  House house;
  house.publish("US:AAPL", 1);
  access::Plan plan;
  plan.limits[static_cast<std::size_t>(access::Permission::snapshot)].request_frequency = 1;
  house.gate.add("one", plan);
  SocketClient client{house.port()};
  const std::string body = R"({"codes":["US:AAPL"]})";
  const std::string request =
      "POST /snapshot?key=one&ext=1 HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  client.send(request + request);
  EXPECT_TRUE(read_http_answer(client).body.ends_with(
      R"(,"lim":{"used":1,"cap":1,"reset":42},"lag":{"us":0,"queue":0}})"));
  const auto refused = read_http_answer(client);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.body, R"({"msg":"too many requests: 1 a minute","code":429,)"
                          R"("lim":{"used":1,"cap":1,"reset":42},"lag":{"us":0,"queue":0}})");
}

}  // namespace
}  // namespace qos::api::serving

namespace qos::api {
namespace {

// The three examples of the page, as the server says them.
TEST(DocsApi, the_page_of_lim_and_lag_shows_what_is_told) {
  const auto page = io::read_file(QOS_SOURCE_DIR "/docs/api/lim_lag.md");
  ASSERT_TRUE(page);
  fakes::House house;
  house.context.lag = {.us = 310, .queue = 12};
  house.view("US:AAPL").current = fakes::snapshot("213.02", "209.68");
  house.gate.small->limits.fill({.request_frequency = 60});
  const auto expect_shown = [&](const std::string& said) {
    EXPECT_TRUE(page->contains("```json\n" + said + "\n```")) << said;
  };
  house.gate.taken = 2;
  expect_shown(house.post("/snapshot?ext=1", kCodes, "small").body);
  house.gate.taken = 60;
  expect_shown(house.post("/snapshot?ext=1", kCodes, "small").body);
  std::string heartbeat = R"({"type":"H","msg":"OK","time":1767623400})";
  tell_budget(heartbeat, Extensions::all(),
              access::Quota{.limit = 60, .remaining = 57, .reset = std::chrono::seconds{42}},
              {.us = 310, .queue = 12});
  expect_shown(heartbeat);
}

}  // namespace
}  // namespace qos::api
