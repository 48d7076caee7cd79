// Every row of the error table, and bodies that are wrong in every way we could think of.
#include <gtest/gtest.h>

#include "e2e/json.hpp"
#include "e2e/test_server.hpp"

namespace qos::e2e {
namespace {

using namespace std::chrono_literals;

void expect_error(const HttpAnswer& answer, int status, int code, std::string_view begins) {
  EXPECT_EQ(answer.status, status) << answer.body;
  EXPECT_EQ(at(answer.body, "/code"), std::to_string(code)) << answer.body;
  EXPECT_EQ(at(answer.body, "/msg").substr(1, begins.size()), begins) << answer.body;
  EXPECT_EQ(at(answer.body, "/data"), "") << "an error has no data";
}

constexpr const char* kSnapshot = R"({"codes":["HK:700"]})";

TEST(Errors, a_key_that_is_absent_unknown_expired_or_disabled_is_told_apart) {
  TestServer server;
  HttpClient client{server.address()};
  expect_error(client.post("/snapshot", kSnapshot), 401, 401, "Key invalid.");
  expect_error(client.post("/snapshot", kSnapshot, {{"key", "nonsense"}}), 401, 401, "Key invalid.");
  const auto key = server.new_key("free");
  ASSERT_TRUE(server.pipeline().gate().disable(key));
  expect_error(client.post("/snapshot", kSnapshot, {{"key", key}}), 401, 4012, "Key disabled.");
  const auto other = server.new_key("free");
  server.clock.advance(15 * 24h);
  expect_error(HttpClient{server.address()}.post("/snapshot", kSnapshot, {{"key", other}}), 401, 4011,
               "Key expired.");
}

TEST(Errors, an_unknown_path_is_404_and_another_method_405) {
  TestServer server;
  HttpClient client{server.address()};
  expect_error(client.post("/nothing", kSnapshot, {{"key", server.key()}}), 404, 404, "not found");
  const auto answer = client.request("GET", "/snapshot", "", {{"key", server.key()}});
  expect_error(answer, 405, 405, "method not allowed");
  EXPECT_EQ(answer.headers.at("allow"), "POST");
}

TEST(Errors, a_body_over_the_limit_is_413) {
  TestServer server{[](server::Config& config) { config.http.max_body_bytes = 4'096; }};
  const auto answer = server.post("/snapshot", "{\"codes\":[\"" + std::string(5'000, 'A') + "\"]}");
  expect_error(answer, 413, 413, "request too large");
}

TEST(Errors, beyond_the_plan_is_429_with_headers_that_say_when_to_come_back) {
  TestServer server;
  const auto key = server.new_key("free");
  HttpClient client{server.address()};
  for (int request = 0; request < 30; ++request)
    ASSERT_EQ(client.post("/snapshot", kSnapshot, {{"key", key}}).status, 200) << request;
  const auto refused = client.post("/snapshot", kSnapshot, {{"key", key}});
  expect_error(refused, 429, 429, "too many requests");
  EXPECT_EQ(refused.headers.at("ratelimit-limit"), "30");
  EXPECT_EQ(refused.headers.at("ratelimit-remaining"), "0");
  EXPECT_EQ(refused.headers.at("ratelimit-reset"), "60");
  EXPECT_EQ(refused.headers.at("retry-after"), "60");
  EXPECT_EQ(client.post("/depth", kSnapshot, {{"key", key}}).status, 200)
      << "each endpoint has its own minute";
  server.clock.advance(60s);
  EXPECT_EQ(HttpClient{server.address()}.post("/snapshot", kSnapshot, {{"key", key}}).status, 200);

  std::string codes;
  for (std::size_t row = 0; row < 11; ++row)
    codes += (row == 0 ? "\"" : ",\"") + server.instrument(row).code.to_string() + "\"";
  expect_error(HttpClient{server.address()}.post("/snapshot", "{\"codes\":[" + codes + "]}", {{"key", key}}),
               429, 429, "too many products");
}

TEST(Errors, a_stale_market_is_503_only_for_those_who_ask_strictly) {
  TestServer server;
  server.apply(trade_at(server.id("HK:700"), "600", 100, kMonday));
  constexpr const char* kStrict = R"({"codes":["HK:700"],"strict":true})";
  EXPECT_EQ(server.post("/snapshot", kStrict).status, 200);
  server.clock.advance(61s);
  expect_error(server.post("/snapshot", kStrict), 503, 503, "not ready");
  EXPECT_EQ(server.post("/snapshot", kSnapshot).status, 200);
}

TEST(Errors, always_200_sends_200_for_every_answer_and_keeps_the_code) {
  TestServer server{[](server::Config& config) { config.http.status = server::HttpStatus::always_200; }};
  HttpClient client{server.address()};
  expect_error(client.post("/snapshot", kSnapshot), 200, 401, "Key invalid.");
  expect_error(client.post("/nothing", kSnapshot), 200, 404, "not found");
}

TEST(Errors, malformed_bodies_are_refused_with_the_member_and_the_reason) {
  TestServer server;
  HttpClient client{server.address()};
  const struct {
    const char* path;
    const char* body;
  } rows[] = {
      {"/snapshot", ""},
      {"/snapshot", "{"},
      {"/snapshot", "nonsense"},
      {"/snapshot", "[]"},
      {"/snapshot", "null"},
      {"/snapshot", "{}"},
      {"/snapshot", R"({"codes":null})"},
      {"/snapshot", R"({"codes":"HK:700"})"},
      {"/snapshot", R"({"codes":{}})"},
      {"/snapshot", R"({"codes":[]})"},
      {"/snapshot", R"({"codes":[700]})"},
      {"/snapshot", R"({"codes":[null]})"},
      {"/snapshot", R"({"codes":[""]})"},
      {"/snapshot", R"({"codes":["AAPL"]})"},
      {"/snapshot", R"({"codes":["XX:1"]})"},
      {"/snapshot", R"({"codes":["US:"]})"},
      {"/snapshot", R"({"codes":["US:AAPL,"]})"},
      {"/snapshot", R"({"codes":["US:<script>"]})"},
      {"/snapshot", R"({"codes":["SH:1"]})"},
      {"/snapshot", "{\"codes\":[\"HK:7\xff\"]}"},
      {"/snapshot", R"({"codes":["HK:700"]}})"},
      {"/depth", R"({"codes":["HK:700"],"levels":0})"},
      {"/depth", R"({"codes":["HK:700"],"levels":"5"})"},
      {"/trade", R"({"codes":["HK:700"]})"},
      {"/trade", R"({"codes":["HK:700"],"count":0})"},
      {"/trade", R"({"codes":["HK:700"],"count":51})"},
      {"/trade", R"({"codes":["HK:700"],"count":1.5})"},
      {"/trade", R"({"codes":["HK:700"],"count":"1"})"},
      {"/kline", R"({"codes":["HK:700"]})"},
      {"/kline", R"({"kline_reqs":{}})"},
      {"/kline", R"({"kline_reqs":[1]})"},
      {"/kline", R"({"kline_reqs":[{"c":"HK:700","co":1,"a":0}]})"},
      {"/kline", R"({"kline_reqs":[{"c":"HK:700","co":1,"a":3,"kt":1}]})"},
      {"/kline", R"({"kline_reqs":[{"c":"HK:700","co":-1,"a":0,"kt":1}]})"},
      {"/kline", R"({"kline_reqs":[{"c":"HK:700","co":1,"a":0,"kt":3}]})"},
      {"/history", R"({"kline_reqs":[{"c":"HK:700","co":1,"a":0,"kt":1}]})"},
      {"/history", R"({"kline_reqs":[{"c":"HK:700","co":1,"a":0,"kt":1,"e":"now"}]})"},
      {"/market-calendar", R"({"market":[]})"},
      {"/market-calendar", R"({"market":["MARS"]})"},
      {"/product-list", R"({"market":["US"],"page":0})"},
      {"/product-list", R"({"market":["US"],"lang":"xx"})"},
      {"/register", R"({"email":"nonsense"})"},
      {"/register", R"({"mail":"a@b.c"})"},
  };
  for (const auto& row : rows) {
    const auto answer = client.post(row.path, row.body, {{"key", server.key()}});
    EXPECT_EQ(answer.status, 400) << row.path << " " << row.body << " -> " << answer.body;
    EXPECT_EQ(at(answer.body, "/msg").substr(0, 17), "\"invalid request:")
        << row.body << " -> " << answer.body;
    EXPECT_GT(at(answer.body, "/msg").size(), 25U) << "it says what: " << answer.body;
  }
}

TEST(Errors, bytes_that_are_no_http_are_answered_and_closed) {
  TestServer server;
  HttpClient client{server.address()};
  for (const char* bytes :
       {"nonsense\r\n\r\n", "POST /snapshot\r\n\r\n", "POST /snapshot HTTP/9.9\r\n\r\n",
        "POST /snapshot HTTP/1.1\r\nContent-Length: x\r\n\r\n", "\x16\x03\x01\x02\x00\r\n\r\n"}) {
    const auto answer = client.raw(bytes);
    EXPECT_NE(answer.find(" 400 "), std::string::npos) << bytes << " -> " << answer;
  }
  EXPECT_EQ(server.post("/snapshot", kSnapshot).status, 200);
}

}  // namespace
}  // namespace qos::e2e
