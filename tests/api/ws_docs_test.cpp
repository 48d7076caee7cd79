// Every example of the WebSocket's pages is sent as it stands there; the answer and the push must have the
// members that the page shows, in its order.
#include <gtest/gtest.h>

#include <simdjson.h>

#include <filesystem>
#include <set>

#include "api/server_fixture.hpp"
#include "api/socket_client.hpp"
#include "api/ws/close_code.hpp"

namespace qos::api::serving {
namespace {

using simdjson::dom::element;

struct Example {
  std::string label;  // "Request", "Answer", "Push"
  std::string json;
};

std::vector<Example> read_examples(std::string_view text) {
  std::vector<Example> examples;
  constexpr std::string_view kFence = ":\n```json\n";
  for (std::size_t fence = text.find(kFence); fence != std::string_view::npos;
       fence = text.find(kFence, fence + 1)) {
    const auto line = text.rfind('\n', fence - 1) + 1;
    const auto start = fence + kFence.size();
    examples.push_back({std::string{text.substr(line, fence - line)},
                        std::string{text.substr(start, text.find("\n```", start) - start)}});
  }
  return examples;
}

// {"a":1,"b":[{"c":"x"}]} -> {a,b[{c}]}: names and nesting; of an array's elements the first.
std::string shape_of(element value) {
  if (simdjson::dom::object object; value.get_object().get(object) == simdjson::SUCCESS) {
    std::string out = "{";
    for (const auto field : object) out += std::string{field.key} + shape_of(field.value) + ",";
    return out + "}";
  }
  if (simdjson::dom::array array; value.get_array().get(array) == simdjson::SUCCESS)
    return "[" + (array.size() == 0 ? "" : shape_of(array.at(0).value_unsafe())) + "]";
  return value.is_string() ? "\"" : "";
}

std::string shape_of(const std::string& json) {
  simdjson::dom::parser parser;
  element value;
  if (parser.parse(json).get(value) != simdjson::SUCCESS) return "no JSON: " + json;
  return shape_of(value);
}

std::string text_of(const std::filesystem::path& page) {
  auto text = io::read_file(page);
  if (!text) throw std::runtime_error{text.error().message};
  return *text;
}

TEST(DocsWebSocket, every_example_is_answered_and_pushed_as_its_page_shows) {
  std::set<std::string> commands;
  for (const auto& file : std::filesystem::directory_iterator(QOS_SOURCE_DIR "/docs/api")) {
    const auto name = file.path().filename().string();
    if (!name.starts_with("cmd_")) continue;
    const auto examples = read_examples(text_of(file.path()));
    ASSERT_GE(examples.size(), 2U) << name;
    House house;
    house.publish("US:AAPL", 1);
    WsClient client{house.port()};
    for (const auto& [label, json] : examples) {
      SCOPED_TRACE(name + ": " + json);
      if (label == "Request") {
        client.say(json);
        commands.insert(json.substr(9, json.find('"', 9) - 9));
        continue;
      }
      if (label == "Push" && name == "cmd_t.md") house.publish("US:AAPL", 2);
      EXPECT_EQ(shape_of(client.hear()), shape_of(json));
    }
  }
  EXPECT_EQ(commands, (std::set<std::string>{"H", "S", "SC", "T", "TC", "D", "DC", "K", "KC", "RS", "RT",
                                             "RD", "RK", "RH", "RI", "X"}));
}

TEST(DocsWebSocket, the_pages_of_pushes_show_what_is_pushed) {
  House house;
  house.publish("US:AAPL", 1);
  WsClient client{house.port()};
  for (const auto& [page, type] :
       {std::pair{"snapshot", "S"}, {"trade", "T"}, {"depth", "D"}, {"kline", "K"}}) {
    const auto examples =
        read_examples(text_of(QOS_SOURCE_DIR "/docs/api/push_" + std::string{page} + ".md"));
    ASSERT_EQ(examples.size(), 1U);
    client.ask(R"({"type":")" + std::string{type} + R"(","codes":["US:AAPL"],"kt":1})");
    if (*type == 'T') house.publish("US:AAPL", 2);
    std::string pushed = client.hear();
    while (!pushed.starts_with(R"({"tp":")" + std::string{type})) pushed = client.hear();
    EXPECT_EQ(shape_of(pushed), shape_of(examples[0].json)) << page;
  }
}

TEST(DocsWebSocket, the_page_of_close_codes_has_every_code) {
  const auto page = text_of(QOS_SOURCE_DIR "/docs/api/close_codes.md");
  using ws::CloseCode;
  for (const auto code : {CloseCode::normal, CloseCode::going_away, CloseCode::protocol_error,
                          CloseCode::invalid_text, CloseCode::message_too_big, CloseCode::service_restart,
                          CloseCode::key_ended, CloseCode::slow_consumer})
    EXPECT_NE(page.find("\n| " + std::to_string(static_cast<int>(code)) + " |"), std::string::npos);
}

}  // namespace
}  // namespace qos::api::serving
