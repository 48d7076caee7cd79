// What is wrong with a request is said: which member, where, what was expected, what was seen.
#include <gtest/gtest.h>

#include "query_fakes.hpp"

namespace qos::api {
namespace {

struct Row {
  Endpoint endpoint;
  std::string_view body;
  std::string_view message;  // after "invalid request: "
};

constexpr std::string_view kNotJson = "not JSON (";
constexpr auto kInfo = Endpoint::instrument_info;
constexpr auto kSnap = Endpoint::snapshot;
constexpr auto kDepth = Endpoint::depth;
constexpr auto kTrade = Endpoint::trade;
constexpr auto kKline = Endpoint::kline;
constexpr auto kHistory = Endpoint::history;
constexpr auto kCalendar = Endpoint::market_calendar;
constexpr auto kActions = Endpoint::corporate_actions;
constexpr auto kProducts = Endpoint::product_list;

const Row kRows[] = {
    {kSnap, "", "expected a JSON object, seen nothing"},
    {kSnap, " \r\n\t", "expected a JSON object, seen nothing"},
    {kSnap, "[]", "expected a JSON object, seen an array"},
    {kSnap, "null", "expected a JSON object, seen null"},
    {kSnap, "\"codes\"", "expected a JSON object, seen \"codes\""},
    {kSnap, "17", "expected a JSON object, seen 17"},
    {kSnap, "{", kNotJson},
    {kSnap, R"({"codes":["US:AAPL"])", kNotJson},
    {kSnap, R"({"codes":["US:AAPL"]}})", kNotJson},
    {kSnap, R"({"codes":["US:AAPL",]})", kNotJson},
    {kSnap, R"({'codes':['US:AAPL']})", kNotJson},
    {kSnap, R"({codes:["US:AAPL"]})", kNotJson},
    {kSnap, "{\"codes\":[\"US:\xFF\"]}", kNotJson},
    {kSnap, R"({"codes":["US:AAPL"]} {"codes":["US:TSLA"]})", kNotJson},
    {kSnap, R"({"codes":["US:AAPL"],"x":1e999})", kNotJson},
    {kSnap, R"({"codes":["US:AAPL"],"kt":1001,reqid":1})", kNotJson},
    {kSnap, "{}", "codes: expected an array of strings, not empty, seen nothing"},
    {kSnap, R"({"codes":null})", "codes: expected an array of strings, not empty, seen null"},
    {kSnap, R"({"codes":"US:AAPL"})", "codes: expected an array of strings, not empty, seen \"US:AAPL\""},
    {kSnap, R"({"codes":{}})", "codes: expected an array of strings, not empty, seen an object"},
    {kSnap, R"({"codes":[]})", "codes: expected an array of strings, not empty, seen an empty one"},
    {kSnap, R"({"codes":["US:AAPL",7]})", "codes[1]: expected a string, seen 7"},
    {kSnap, R"({"codes":["US:AAPL",["US:AAPL"]]})", "codes[1]: expected a string, seen an array"},
    {kSnap, R"({"codes":["US:AAPL","AAPL"]})", "codes[1]: malformed code 'AAPL'"},
    {kSnap, R"({"codes":["XX:1"]})", "codes[0]: malformed code 'XX:1'"},
    {kSnap, R"({"codes":["US:"]})", "codes[0]: malformed code 'US:'"},
    {kSnap, R"({"codes":["US:AAPL,,TSLA"]})", "codes[0]: malformed code ''"},
    {kSnap, R"({"codes":["HK:7OO"]})", "codes[0]: malformed code 'HK:7OO'"},
    {kSnap, R"({"codes":["SH:60051"]})", "codes[0]: malformed code 'SH:60051'"},
    {kSnap, R"({"codes":["US:A\u0000B"]})", "codes[0]: malformed code"},
    {kSnap, R"({"codes":["US:A\"B"]})", "codes[0]: malformed code"},
    {kSnap, R"({"codes":["US:AAPL"],"strict":1})", "strict: expected true or false, seen 1"},
    {kSnap, R"({"codes":["US:AAPL"],"strict":"yes"})", "strict: expected true or false, seen \"yes\""},
    {kDepth, R"({"codes":["US:AAPL"],"levels":0})", "levels: expected an integer from 1 to 1000000, seen 0"},
    {kDepth, R"({"codes":["US:AAPL"],"levels":"5"})",
     "levels: expected an integer from 1 to 1000000, seen \"5\""},
    {kTrade, R"({"codes":["US:AAPL"]})", "count: expected an integer from 1 to 50, seen nothing"},
    {kTrade, R"({"codes":["US:AAPL"],"count":0})", "count: expected an integer from 1 to 50, seen 0"},
    {kTrade, R"({"codes":["US:AAPL"],"count":51})", "count: expected an integer from 1 to 50, seen 51"},
    {kTrade, R"({"codes":["US:AAPL"],"count":-1})", "count: expected an integer from 1 to 50, seen -1"},
    {kTrade, R"({"codes":["US:AAPL"],"count":1.5})",
     "count: expected an integer from 1 to 50, seen the fraction 1.5"},
    {kTrade, R"({"codes":["US:AAPL"],"count":18446744073709551615})",
     "count: expected an integer from 1 to 50, seen 18446744073709551615"},
    {kTrade, R"({"codes":["US:AAPL"],"count":true})", "count: expected an integer from 1 to 50, seen true"},
    {kKline, R"({"codes":["US:AAPL"]})", "kline_reqs: expected an array of objects, not empty, seen nothing"},
    {kKline, R"({"kline_reqs":[]})",
     "kline_reqs: expected an array of objects, not empty, seen an empty one"},
    {kKline, R"({"kline_reqs":{"c":"US:AAPL"}})",
     "kline_reqs: expected an array of objects, not empty, seen an object"},
    {kKline, R"({"kline_reqs":["US:AAPL"]})", "kline_reqs[0]: expected an object, seen \"US:AAPL\""},
    {kKline, R"({"kline_reqs":[{"co":1,"kt":1}]})", "kline_reqs[0].c: expected a string, seen nothing"},
    {kKline, R"({"kline_reqs":[{"c":["US:AAPL"],"co":1,"kt":1}]})",
     "kline_reqs[0].c: expected a string, seen an array"},
    {kKline, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1},{"c":"AAPL","co":1,"kt":1}]})",
     "kline_reqs[1].c: malformed code 'AAPL'"},
    {kKline, R"({"kline_reqs":[{"c":"US:AAPL","kt":1}]})",
     "kline_reqs[0].co: expected an integer from 1 to 1000, seen nothing"},
    {kKline, R"({"kline_reqs":[{"c":"US:AAPL","co":0,"kt":1}]})",
     "kline_reqs[0].co: expected an integer from 1 to 1000, seen 0"},
    {kKline, R"({"kline_reqs":[{"c":"US:AAPL","co":1001,"kt":1}]})",
     "kline_reqs[0].co: expected an integer from 1 to 1000, seen 1001"},
    {kKline, R"({"kline_reqs":[{"c":"US:AAPL","co":1}]})",
     "kline_reqs[0].kt: expected an integer from 1 to 2001, seen nothing"},
    {kKline, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":2}]})",
     "kline_reqs[0].kt: expected one of 1, 5, 15, 30, 60, 120, 240, 1001, 1007, 1030, 2001, seen 2"},
    {kKline, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1,"a":3}]})",
     "kline_reqs[0].a: expected an integer from 0 to 2, seen 3"},
    {kKline, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1,"fill":2}]})",
     "kline_reqs[0].fill: expected an integer from 0 to 1, seen 2"},
    {kKline, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1,"fill":true}]})",
     "kline_reqs[0].fill: expected an integer from 0 to 1, seen true"},
    {kKline, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1,"ses":0}]})",
     "kline_reqs[0].ses: expected an integer from 1 to 4, seen 0"},
    {kKline, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1,"ses":3}]})",
     "kline_reqs[0].ses: expected 1 night, 2 pre-market or 4 after hours, seen 3"},
    {kKline, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":5,"ses":2}]})",
     "kline_reqs[0].kt: expected 1, as ses is there, seen 5"},
    {kKline, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1,"ses":2,"fill":1}]})",
     "kline_reqs[0].fill: expected 0, as ses is there, seen 1"},
    {kKline, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1}],"ext":"closed"})",
     "ext: expected an array of strings, seen \"closed\""},
    {kKline, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1}],"ext":["closed",null]})",
     "ext[1]: expected a string, seen null"},
    {kHistory, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1,"e":1}],"ext":["ses"]})",
     "ext[0]: expected one of turnover, closed, lim, lag, seen \"ses\""},
    {kActions, R"({"codes":[]})", "codes: expected an array of strings, not empty, seen an empty one"},
    {kActions, R"({"codes":["AAPL"]})", "codes[0]: malformed code 'AAPL'"},
    {kActions, R"({"codes":["US:AAPL"],"method":"Ratio"})",
     "method: expected \"ratio\" or \"subtract\", seen \"Ratio\""},
    {kActions, R"({"codes":["US:AAPL"],"method":1})", "method: expected a string, seen 1"},
    {kHistory, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1}]})",
     "kline_reqs[0].e: expected an integer from 0 to 9223372035, seen nothing"},
    {kHistory, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1,"e":"2025-06-06"}]})",
     "kline_reqs[0].e: expected an integer from 0 to 9223372035, seen \"2025-06-06\""},
    {kHistory, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1,"e":-1}]})",
     "kline_reqs[0].e: expected an integer from 0 to 9223372035, seen -1"},
    {kInfo, R"({"market":["US"]})", "codes: expected an array of strings, not empty, seen nothing"},
    {kCalendar, "{}", "market: expected an array of strings, not empty, seen nothing"},
    {kCalendar, R"({"market":"US"})", "market: expected an array of strings, not empty, seen \"US\""},
    {kCalendar, R"({"market":["US","LSE"]})",
     "market[1]: expected one of US, HK, SH, SZ, CF, FX, IX, CM, seen \"LSE\""},
    {kProducts, R"({"market":[""]})", "market[0]: expected one of US, HK, SH, SZ, CF, FX, IX, CM, seen \"\""},
    {kProducts, R"({"market":["US"],"lang":"de"})", "lang: expected \"zh\" or \"en\", seen \"de\""},
    {kProducts, R"({"market":["US"],"page":0})", "page: expected an integer from 1 to 1000000000, seen 0"},
    {kProducts, R"({"market":["US"],"size":10001})", "size: expected an integer from 1 to 10000, seen 10001"},
    {kProducts, R"({"market":["US"],"q":7})", "q: expected a string, seen 7"},
};

TEST(MalformedRequest, is_told_which_member_and_what_was_expected_and_seen) {
  fakes::House house;
  for (const auto& [endpoint, body, message] : kRows) {
    const auto answer = house.ask(endpoint, body);
    ASSERT_FALSE(answer) << body;
    EXPECT_EQ(answer.error().kind, ErrorKind::invalid_request) << body;
    const auto expected = "invalid request: " + std::string{message};
    EXPECT_TRUE(answer.error().message.starts_with(expected)) << body << "\n" << answer.error().message;
  }
}

TEST(MalformedRequest, is_refused_however_deep_it_nests) {
  fakes::House house;
  for (const char* opening : {"[", R"({"a":)"}) {
    std::string body = R"({"codes":["US:AAPL"],"deep":)";
    for (int level = 0; level < 100'000; ++level) body += opening;
    EXPECT_TRUE(house.said(Endpoint::snapshot, body).starts_with("invalid request: not JSON"));
  }
  // What is deep but closed is refused too, what is as deep as a client may reasonably go is ignored.
  const auto nested = [](std::size_t depth) {
    return R"({"codes":["HK:1"],"deep":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_TRUE(house.ask(Endpoint::snapshot, nested(20)));
  EXPECT_FALSE(house.ask(Endpoint::snapshot, nested(100)));
}

TEST(MalformedRequest, is_not_repeated_at_length) {
  fakes::House house;
  const std::string long_text(100'000, 'x');
  for (const auto& body : {R"({"codes":")" + long_text + "\"}", R"({"codes":["US:)" + long_text + "\"]}"})
    EXPECT_LT(house.said(Endpoint::snapshot, body).size(), 600U);
  std::string chinese;
  for (int n = 0; n < 1'000; ++n) chinese += "黄";
  const auto said = house.said(Endpoint::snapshot, R"({"codes":")" + chinese + "\"}");
  EXPECT_TRUE(said.ends_with("黄…\"")) << said;
}

TEST(MalformedRequest, leaves_the_parser_ready_for_the_next_one) {
  fakes::House house;
  EXPECT_FALSE(house.ask(Endpoint::snapshot, R"({"codes":[)"));
  EXPECT_TRUE(house.ask(Endpoint::snapshot, R"({"codes":["US:AAPL"]})"));
}

TEST(Request, of_a_mebibyte_is_read) {
  fakes::House house;
  const auto body = R"({"padding":")" + std::string(1U << 20U, ' ') + R"(","codes":["HK:1"]})";
  EXPECT_EQ(house.said(Endpoint::snapshot, body),
            R"([{"c":"HK:1","lp":"0","o":"0","h":"0","l":"0","ts":0,"v":"0","t":"0","s":0}])");
}

TEST(Request, is_too_large_beyond_what_the_parser_takes) {
  fakes::House house;
  const auto answer = house.ask(Endpoint::snapshot, std::string((16U << 20U) + 1, ' '));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::request_too_large);
}

TEST(Request, may_send_null_for_what_is_optional) {
  fakes::House house;
  EXPECT_TRUE(house.ask(Endpoint::depth, R"({"codes":["HK:1"],"levels":null,"strict":null})"));
  EXPECT_TRUE(
      house.ask(Endpoint::product_list, R"({"market":["HK"],"lang":null,"q":null,"page":null,"size":null})"));
}

}  // namespace
}  // namespace qos::api
