// From a whole HTTP request to a whole answer, and every row of the error table.
#include "api/http/routes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query_fakes.hpp"

namespace qos::api::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr std::string_view kHk1 = R"({"codes":["HK:1"]})";
constexpr std::string_view kOk =
    R"({"msg":"OK","data":[{"c":"HK:1","lp":"0","o":"0","h":"0","l":"0","ts":0,"v":"0","t":"0","s":0}]})";

class Routes : public ::testing::Test {
 protected:
  Response send(Request request) { return respond(request, house.context); }
  std::string said(std::string_view target, std::string_view body, std::string_view key = "good") {
    const auto response = house.post(target, body, key);
    return fmt::format("{} {}", response.status, response.body);
  }

  fakes::House house;
};

TEST_F(Routes, an_answer_is_ok_and_data_and_what_is_missing) {
  EXPECT_EQ(said("/snapshot", kHk1), fmt::format("200 {}", kOk));
  EXPECT_EQ(
      said("/snapshot", R"({"codes":["US:NOPE","HK:1,HK:99999"]})"),
      R"(200 {"msg":"OK","data":[{"c":"HK:1","lp":"0","o":"0","h":"0","l":"0","ts":0,"v":"0","t":"0","s":0}],"missing":["US:NOPE","HK:99999"]})");
}

TEST_F(Routes, every_endpoint_has_its_path_and_its_permission) {
  using access::Permission;
  EXPECT_EQ(said("/depth", kHk1), R"(200 {"msg":"OK","data":[{"c":"HK:1","b":[],"a":[],"ts":0}]})");
  EXPECT_EQ(said("/trade", R"({"codes":["HK:1"],"count":1})"), R"(200 {"msg":"OK","data":[]})");
  EXPECT_EQ(said("/kline", R"({"kline_reqs":[{"c":"HK:1","co":1,"kt":1}]})"),
            R"(200 {"msg":"OK","data":[{"c":"HK:1","k":[]}]})");
  EXPECT_EQ(said("/history", R"({"kline_reqs":[{"c":"HK:1","co":1,"kt":1,"e":1}]})"),
            R"(200 {"msg":"OK","data":[{"c":"HK:1","k":[]}]})");
  EXPECT_EQ(said("/instrument-info", R"({"codes":["CF:BTCUSDT"]})"),
            R"(200 {"msg":"OK","data":[{"c":"CF:BTCUSDT","e":"BINANCE","tc":"USDT"}]})");
  EXPECT_EQ(said("/product-list", R"({"market":["CM"]})"),
            R"(200 {"msg":"OK","data":{"CM":[{"code":"CM:XAUUSD","name":"黄金"}]}})");
  EXPECT_TRUE(said("/market-calendar", R"({"market":["HK"]})")
                  .starts_with(R"(200 {"msg":"OK","data":{"HK":["20250616,F",)"));
  EXPECT_THAT(
      house.gate.taken_permissions,
      ElementsAre(Permission::depth, Permission::trade, Permission::kline, Permission::history,
                  Permission::instrument_info, Permission::instrument_info, Permission::instrument_info));
}

TEST_F(Routes, health_needs_no_key_and_says_what_the_disk_does) {
  const auto health = [&] {
    const auto response = send({.method = "GET", .target = "/health"});
    return fmt::format("{} {}", response.status, response.body);
  };
  EXPECT_EQ(health(), R"(200 {"msg":"OK","data":{"ready":true,"draining":false,"journal":"off"}})");
  bool failing = false;
  house.health.watch_journal([&] { return failing; });
  EXPECT_EQ(health(), R"(200 {"msg":"OK","data":{"ready":true,"draining":false,"journal":"ok"}})");
  failing = true;
  EXPECT_EQ(health(), R"(200 {"msg":"OK","data":{"ready":true,"draining":false,"journal":"failing"}})");
  house.health.set_ready(false);
  EXPECT_EQ(health(), R"(503 {"msg":"OK","data":{"ready":false,"draining":false,"journal":"failing"}})");
  house.health.set_ready(true);
  house.health.set_draining(true);
  EXPECT_EQ(health(), R"(503 {"msg":"OK","data":{"ready":true,"draining":true,"journal":"failing"}})");
}

TEST_F(Routes, an_unknown_path_is_not_found_before_anything_else) {
  EXPECT_EQ(said("/nope?key=good", "", ""), R"(404 {"msg":"not found: /nope","code":404})");
  EXPECT_EQ(said("/", "", ""), R"(404 {"msg":"not found: /","code":404})");
  EXPECT_EQ(said("/snapshot/", kHk1), R"(404 {"msg":"not found: /snapshot/","code":404})");
  EXPECT_EQ(said("/\"\n\xFF", ""), "404 {\"msg\":\"not found: /\\\"\\n\xEF\xBF\xBD\",\"code\":404}");
  EXPECT_EQ(send({.method = "GET", .target = "/nope"}).status, 404);
}

TEST_F(Routes, another_method_is_refused_before_the_key_is_looked_at) {
  for (const char* method : {"GET", "PUT", "HEAD", "post", ""}) {
    const auto response = send({.method = method, .target = "/snapshot"});
    EXPECT_EQ(response.status, 405);
    EXPECT_EQ(response.body, R"({"msg":"method not allowed: /snapshot asks with POST","code":405})");
    EXPECT_THAT(response.headers, ElementsAre(Pair("Allow", "POST")));
  }
}

TEST_F(Routes, a_key_is_invalid_expired_or_disabled) {
  EXPECT_EQ(said("/snapshot", kHk1, ""), R"(401 {"msg":"Key invalid.","code":401})");
  EXPECT_EQ(said("/snapshot", "no json", "unknown"), R"(401 {"msg":"Key invalid.","code":401})");
  EXPECT_EQ(said("/snapshot", kHk1, "old"), R"(401 {"msg":"Key expired.","code":4011})");
  EXPECT_EQ(said("/snapshot", kHk1, "off"), R"(401 {"msg":"Key disabled.","code":4012})");
  EXPECT_THAT(house.post("/snapshot", kHk1, "off").headers, IsEmpty());
}

TEST_F(Routes, a_key_is_found_in_header_query_and_bearer_in_this_order) {
  const auto status = [&](Request request) {
    request.method = "POST";
    request.body = kHk1;
    return send(request).status;
  };
  EXPECT_EQ(status({.target = "/snapshot", .key_header = "good"}), 200);
  EXPECT_EQ(status({.target = "/snapshot", .key_header = " good "}), 200);
  EXPECT_EQ(status({.target = "/snapshot?key=good"}), 200);
  EXPECT_EQ(status({.target = "/snapshot?a=b&key=good&key=bad"}), 200);
  EXPECT_EQ(status({.target = "/snapshot?key=%67o%6Fd"}), 200);
  EXPECT_EQ(status({.target = "/snapshot", .authorization = "Bearer good"}), 200);
  EXPECT_EQ(status({.target = "/snapshot", .authorization = "bEARER  good "}), 200);
  EXPECT_EQ(status({.target = "/snapshot?key=good", .key_header = "bad"}), 401);
  EXPECT_EQ(status({.target = "/snapshot?key=bad", .authorization = "Bearer good"}), 401);
  EXPECT_EQ(status({.target = "/snapshot?key=", .key_header = "", .authorization = "Bearer good"}), 200);
  EXPECT_EQ(status({.target = "/snapshot", .authorization = "Basic good"}), 401);
  EXPECT_EQ(status({.target = "/snapshot", .authorization = "Bearer"}), 401);
  EXPECT_EQ(status({.target = "/snapshot?monkey=good"}), 401);
  EXPECT_EQ(status({.target = "/snapshot?key=goo%6"}), 401);
  EXPECT_EQ(status({.target = "/snapshot?key=%"}), 401);
  EXPECT_EQ(status({.target = "/snapshot?"}), 401);
  EXPECT_EQ(status({.target = "/snapshot?&&&key=good"}), 200);
  EXPECT_EQ(status({.target = "http://example.com:8080/snapshot?key=good"}), 200);
}

TEST_F(Routes, a_path_ends_where_the_query_begins) {
  EXPECT_EQ(path_of("/snapshot?key=K"), "/snapshot");
  EXPECT_EQ(path_of("/snapshot"), "/snapshot");
  EXPECT_EQ(path_of("/a?b?c"), "/a");
  EXPECT_EQ(path_of("http://host/depth?x=/y"), "/depth");
  EXPECT_EQ(path_of("http://host"), "/");
  EXPECT_EQ(path_of("*"), "*");
  EXPECT_EQ(path_of(""), "");
}

TEST_F(Routes, a_body_that_is_wrong_is_an_invalid_request) {
  EXPECT_EQ(said("/snapshot", R"({"codes":["AA\"PL"]})").substr(0, 53),
            R"(400 {"msg":"invalid request: codes[0]: malformed code)");
  EXPECT_EQ(said("/trade", R"({"codes":["HK:1"],"count":51})"),
            R"(400 {"msg":"invalid request: count: expected an integer from 1 to 50, seen 51","code":400})");
}

TEST_F(Routes, a_quota_is_told_with_every_answer_it_applies_to) {
  const auto quota = [](const char* remaining) {
    return ElementsAre(Pair("RateLimit-Limit", "5"), Pair("RateLimit-Remaining", remaining),
                       Pair("RateLimit-Reset", "42"));
  };
  EXPECT_THAT(house.post("/snapshot", kHk1, "small").headers, quota("4"));
  EXPECT_THAT(house.post("/snapshot", "{", "small").headers, quota("3"));
  house.health.set_ready(false);
  EXPECT_THAT(house.post("/snapshot", kHk1, "small").headers, quota("2"));
  EXPECT_THAT(house.post("/snapshot", kHk1, "good").headers, IsEmpty());
}

TEST_F(Routes, a_plan_that_is_exceeded_says_when_to_come_back) {
  const auto too_many = house.post("/snapshot", R"({"codes":["US:A,B,C,D"]})", "small");
  EXPECT_EQ(too_many.status, 429);
  EXPECT_EQ(too_many.body, R"({"msg":"too many products: 4 in this request, the plan allows 3","code":429})");
  EXPECT_THAT(too_many.headers, ElementsAre(Pair("Retry-After", "42"), Pair("RateLimit-Limit", "5"),
                                            Pair("RateLimit-Remaining", "4"), Pair("RateLimit-Reset", "42")));
  house.gate.taken = 5;
  const auto too_often = house.post("/snapshot", "no json at all", "small");
  EXPECT_EQ(too_often.status, 429);
  EXPECT_EQ(too_often.body, R"({"msg":"too many requests: 5 a minute","code":429})");
  EXPECT_THAT(too_often.headers,
              ElementsAre(Pair("Retry-After", "42"), Pair("RateLimit-Limit", "5"),
                          Pair("RateLimit-Remaining", "0"), Pair("RateLimit-Reset", "42")));
}

TEST_F(Routes, a_limit_without_a_window_asks_to_wait_a_minute) {
  house.gate.small->limits.fill({.product_count = 1});
  EXPECT_THAT(house.post("/snapshot", R"({"codes":["US:A,B"]})", "small").headers,
              ElementsAre(Pair("Retry-After", "60")));
}

TEST_F(Routes, a_server_that_recovers_is_not_ready) {
  house.health.set_ready(false);
  EXPECT_EQ(said("/snapshot", kHk1), R"(503 {"msg":"not ready: the server is recovering","code":503})");
}

TEST_F(Routes, clients_that_insist_get_200_for_everything) {
  house.options.http_status = HttpStatus::always_200;
  EXPECT_EQ(said("/nope", ""), R"(200 {"msg":"not found: /nope","code":404})");
  EXPECT_EQ(send({.method = "GET", .target = "/snapshot"}).status, 200);
  EXPECT_EQ(said("/snapshot", kHk1, "old"), R"(200 {"msg":"Key expired.","code":4011})");
  EXPECT_TRUE(said("/snapshot", "{").starts_with(R"(200 {"msg":"invalid request: )"));
  EXPECT_EQ(said("/snapshot", kHk1), fmt::format("200 {}", kOk));
  house.gate.taken = 5;
  const auto response = house.post("/snapshot", kHk1, "small");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.front(), (std::pair<std::string, std::string>{"Retry-After", "42"}));
}

struct ErrorCase {
  ErrorKind kind;
  int status;
  int code;
  std::string_view begins;
};

// The table of docs/api/errors.md, once more by hand.
TEST(ErrorTable, has_a_status_a_code_and_a_text_for_each_kind) {
  constexpr ErrorCase kCases[] = {
      {ErrorKind::invalid_request, 400, 400, "invalid request"},
      {ErrorKind::key_invalid, 401, 401, "Key invalid."},
      {ErrorKind::key_expired, 401, 4011, "Key expired."},
      {ErrorKind::key_disabled, 401, 4012, "Key disabled."},
      {ErrorKind::not_found, 404, 404, "not found"},
      {ErrorKind::method_not_allowed, 405, 405, "method not allowed"},
      {ErrorKind::request_too_large, 413, 413, "request too large"},
      {ErrorKind::too_many_requests, 429, 429, "too many requests"},
      {ErrorKind::too_many_products, 429, 429, "too many products"},
      {ErrorKind::too_many_connections, 429, 429, "too many connections"},
      {ErrorKind::not_ready, 503, 503, "not ready"},
  };
  for (const auto& [kind, status, code, begins] : kCases) {
    const auto response = error_response(make_error(kind), HttpStatus::by_class);
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.body, fmt::format(R"({{"msg":"{}","code":{}}})", begins, code));
    EXPECT_EQ(error_response(make_error(kind), HttpStatus::always_200).status, 200);
  }
  EXPECT_EQ(make_error(ErrorKind::not_ready, "why").message, "not ready: why");
  EXPECT_EQ(make_error(ErrorKind::key_expired, "Why.").message, "Key expired. Why.");
}

}  // namespace
}  // namespace qos::api::http
