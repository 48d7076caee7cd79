#include "feed/binance/recorded_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qos::feed::binance {
namespace {

constexpr auto kSecond = from_unix_seconds(1'617'647'797);

TEST(RecordedLine, knows_the_shapes_people_record_in) {
  struct Row {
    std::string_view line;
    RecordedMessage message;
  };
  const Row rows[] = {
      {R"(1723161255030314667 {"e":"trade"})",
       {.json = R"({"e":"trade"})", .ts_recv = from_unix_nanos(1'723'161'255'030'314'667)}},
      {R"({"stream":"a@trade","data":{}})", {.json = R"({"stream":"a@trade","data":{}})"}},
      {R"({"t":5,"e":"trade"})", {.json = R"({"t":5,"e":"trade"})"}},
      {"  [1]\r", {.json = "[1]"}},
      {R"(1617647797.5963788: {"e":"x"})",
       {.json = R"({"e":"x"})", .ts_recv = kSecond + std::chrono::nanoseconds{596'378'800}}},
      {R"(1617647797: {"e":"x"})", {.json = R"({"e":"x"})", .ts_recv = kSecond}},
      {R"(https://fapi.binance.com/fapi/v1/depth?symbol=BATUSDT&limit=1000 -> 1617647797.5: {"lastUpdateId":3})",
       {.json = R"({"lastUpdateId":3})",
        .ts_recv = kSecond + std::chrono::milliseconds{500},
        .symbol = "BATUSDT"}},
      {R"(https://fapi.binance.com/fapi/v1/depth?limit=1000&symbol=BATUSDT -> 1617647797: {})",
       {.json = "{}", .ts_recv = kSecond, .symbol = "BATUSDT"}},
      {R"({"t":"recv","conn":"c","ts":1617647797.25,"data":"{\"e\":\"tr\u0061de\"}"})",
       {.json = R"({"e":"trade"})", .ts_recv = kSecond + std::chrono::milliseconds{250}}},
      {R"({ "t" : "recv", "ts": 1617647797, "data": "{}"})", {.json = "{}", .ts_recv = kSecond}},
      {R"({"t":"http","ts":1617647797.0,"url":"https://x/depth?symbol=B&limit=5","data":"{}"})",
       {.json = "{}", .ts_recv = kSecond, .symbol = "B"}},
  };
  for (const auto& row : rows) {
    RecordedLineParser parser;
    const auto message = parser.parse(row.line);
    ASSERT_TRUE(message) << row.line << ": " << message.error().message;
    ASSERT_TRUE(*message) << row.line;
    EXPECT_EQ(**message, row.message) << row.line;
  }
}

TEST(RecordedLine, passes_over_lines_that_are_no_message) {
  for (const std::string_view line :
       {"", "   ", "\r", "configuration: {\"trades\":[]}",
        "wss://fstream.binance.com/stream?streams=a@trade <-> 161.5",
        "https://fapi.binance.com/fapi/v1/exchangeInfo -> 1617647797.5: {}", R"({"t":"header","format":2})",
        R"({"t":"connect","ts":1.5,"addr":"wss://x"})",
        R"({"t":"http","ts":1.5,"url":"https://x/exchangeInfo","data":"{}"})"}) {
    RecordedLineParser parser;
    const auto message = parser.parse(line);
    ASSERT_TRUE(message) << line << ": " << message.error().message;
    EXPECT_FALSE(*message) << line;
  }
}

TEST(RecordedLine, refuses_what_has_no_shape_and_says_why) {
  struct Row {
    std::string_view line;
    std::string_view named;
  };
  const Row rows[] = {
      {"hello", "no known shape"},
      {"1723161255x30314667 {}", "is no time"},
      {"1723161255.5 {}", "is no time"},
      {"0 {}", "is no time"},
      {"99999999999999999999 {}", "is no time"},
      {"9999999999: {}", "is no time"},
      {"https://x/depth?symbol=B -> soon: {}", "is no time"},
      {R"({"t":"recv","ts":1.5,"data":"{}")", "no JSON"},
      {R"({"t":"recv","ts":1.5,"data":{}})", "data is no string"},
      {R"({"t":"recv","ts":"now","data":"{}"})", "ts is no time"},
      {R"({"t":"recv","ts":-1,"data":"{}"})", "ts is no time"},
      {R"({"t":"recv","ts":1e300,"data":"{}"})", "ts is no time"},
      {R"({"t":"http","ts":1.5,"data":"{}"})", "has no url"},
  };
  for (const auto& row : rows) {
    RecordedLineParser parser;
    const auto message = parser.parse(row.line);
    ASSERT_FALSE(message) << row.line;
    EXPECT_THAT(message.error().message, testing::HasSubstr(row.named)) << row.line;
  }
}

}  // namespace
}  // namespace qos::feed::binance
