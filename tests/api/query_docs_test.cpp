// Every example of docs/api is sent as it stands there, and the answer must have the members that the page
// shows.
#include <gtest/gtest.h>

#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "query_fakes.hpp"

namespace qos::api {
namespace {

struct Example {
  std::string request;
  std::string answer;
};

struct Page {
  std::string path;  // of the endpoint: "/snapshot"
  std::vector<Example> examples;
};

std::string block_after(std::string_view text, std::string_view heading, std::size_t& from) {
  const auto at = text.find(heading, from);
  if (at == std::string_view::npos) return {};
  const auto start = at + heading.size();
  const auto end = text.find("\n```", start);
  from = end;
  return std::string{text.substr(start, end - start)};
}

Page read_page(std::string_view text) {
  Page page;
  const auto post = text.find("`POST ") + 6;
  page.path = text.substr(post, text.find('`', post) - post);
  std::size_t from = 0;
  while (true) {
    auto request = block_after(text, "\nRequest:\n```json\n", from);
    if (request.empty()) return page;
    page.examples.push_back({std::move(request), block_after(text, "\nAnswer:\n```json\n", from)});
  }
}

using simdjson::dom::element;

// The same members in every object, and arrays that are empty or not alike: values are the page's own.
void expect_same_shape(element shown, element sent, const std::string& place) {
  ASSERT_EQ(shown.type(), sent.type()) << place;
  if (simdjson::dom::object object; shown.get_object().get(object) == simdjson::SUCCESS) {
    std::vector<std::string> shown_keys;
    std::vector<std::string> sent_keys;
    for (const auto field : object) shown_keys.emplace_back(field.key);
    const simdjson::dom::object other = sent.get_object().value_unsafe();
    for (const auto field : other) sent_keys.emplace_back(field.key);
    ASSERT_EQ(shown_keys, sent_keys) << place;
    for (const auto field : object)
      expect_same_shape(field.value, sent.at_key(field.key).value_unsafe(),
                        place + "." + std::string{field.key});
  } else if (simdjson::dom::array array; shown.get_array().get(array) == simdjson::SUCCESS) {
    const simdjson::dom::array other = sent.get_array().value_unsafe();
    ASSERT_EQ(array.size() == 0, other.size() == 0) << place;
    for (std::size_t n = 0; n < std::min(array.size(), other.size()); ++n)
      expect_same_shape(array.at(n).value_unsafe(), other.at(n).value_unsafe(),
                        place + "[" + std::to_string(n) + "]");
  }
}

// A market in full swing: everything that the pages show is there.
void fill(fakes::House& house) {
  using namespace std::chrono_literals;
  house.klines.set_actions(std::make_shared<market::CorporateActionTable>(
      std::vector{market::CodedAction{.code = house.instrument("US:AAPL").code,
                                      .action = {.ex_date = 2020y / 8 / 31,
                                                 .split = {4, 1},
                                                 .previous_close = fakes::price("499.23"),
                                                 .source = "test"}}}));
  for (const char* code : {"US:AAPL", "US:TSLA", "HK:700", "SH:600519", "CF:BTCUSDT"}) {
    auto& view = house.view(code);
    view.current = fakes::snapshot("213.02", "209.68");
    view.current.pre_market = view.current.after_hours = view.current.night = fakes::part("211", "209.68");
    view.book = {
        .sequence = Sequence{1}, .ts = from_unix_seconds(1742241600), .bid_count = 2, .ask_count = 2};
    for (int n = 0; n < 2; ++n) view.tape.push_back(fakes::trade("213", "100", 1742241600 + n));
    for (const auto type : market::kKlineTypes)
      for (int n = 0; n < 2; ++n)
        view.kept_klines[type].push_back(fakes::kline(1742241600 + 60 * n, "1", "2", "3", "0.5", "10"));
    for (auto& [type, klines] : view.kept_klines) klines.front().closed = klines.back().closed = true;
    view.session_minutes[StoredSeries::pre_market] = {fakes::kline(1742217600, "1", "2", "3", "0.5", "10")};
  }
}

TEST(DocsApi, every_example_is_answered_with_the_members_that_its_page_shows) {
  fakes::House house;
  fill(house);
  std::set<std::string> paths;
  for (const auto& file : std::filesystem::directory_iterator(QOS_SOURCE_DIR "/docs/api")) {
    if (file.path().extension() != ".md") continue;
    const auto text = io::read_file(file.path());
    ASSERT_TRUE(text);
    if (!text->contains("\n`POST /")) continue;  // pages of the WebSocket, errors, the index
    const auto page = read_page(*text);
    ASSERT_FALSE(page.examples.empty()) << file.path();
    paths.insert(page.path);
    for (const auto& [request, answer] : page.examples) {
      const auto response = house.post(page.path, request);
      ASSERT_EQ(response.status, 200) << page.path << ' ' << response.body;
      simdjson::dom::parser shown_parser;
      simdjson::dom::parser sent_parser;
      element shown;
      element sent;
      ASSERT_EQ(shown_parser.parse(answer).get(shown), simdjson::SUCCESS) << page.path << ' ' << answer;
      ASSERT_EQ(sent_parser.parse(response.body).get(sent), simdjson::SUCCESS) << page.path;
      expect_same_shape(shown, sent, page.path);
    }
  }
  EXPECT_EQ(paths, (std::set<std::string>{"/corporate-actions", "/depth", "/explain", "/history",
                                          "/instrument-info", "/kline", "/market-calendar", "/product-list",
                                          "/register", "/snapshot", "/trade"}));
}

// Each row of the table is in the page, with its status, code and text.
TEST(DocsApi, the_page_of_errors_has_every_row_of_the_table) {
  const auto text = io::read_file(QOS_SOURCE_DIR "/docs/api/errors.md");
  ASSERT_TRUE(text);
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::history_unavailable); ++kind) {
    const auto& row = row_of(static_cast<ErrorKind>(kind));
    EXPECT_TRUE(text->contains(fmt::format("\n| {} | {} | `{}` |", row.status, row.code, row.begins)))
        << row.begins;
  }
}

}  // namespace
}  // namespace qos::api
