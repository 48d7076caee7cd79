// The pages of docs/api are a contract: every request on them is sent as it stands, and what comes back has
// the members and types that the page shows, no more and no fewer.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <map>
#include <set>

#include "e2e/json.hpp"
#include "e2e/test_server.hpp"
#include "io/file.hpp"
#include "store/reference_rows.hpp"

namespace qos::e2e {
namespace {

struct Example {
  std::string page;
  std::string title;  // of the page: "/snapshot" or "S"
  std::string request;
  std::string answer;
  std::vector<std::string> pushes;
};

// The ```json block after `at`; moves `at` behind it.
std::string block_after(const std::string& text, std::size_t& at) {
  const auto open = text.find("```json\n", at);
  if (open == std::string::npos) return {};
  const auto start = open + 8;
  const auto end = text.find("```", start);
  at = end == std::string::npos ? text.size() : end + 3;
  return text.substr(start, end - start);
}

std::vector<Example> examples_of(const std::filesystem::path& page) {
  const auto text = io::read_file(page).value();
  std::vector<Example> examples;
  std::string title;
  std::size_t line_start = 0;
  while (line_start < text.size()) {
    const auto line_end = std::min(text.find('\n', line_start), text.size());
    const auto line = std::string_view{text}.substr(line_start, line_end - line_start);
    line_start = line_end + 1;
    if (title.empty() && line.starts_with("# ")) title = line.substr(2);
    if (line == "Request:") {
      examples.push_back({.page = page.filename().string(), .title = title});
      examples.back().request = block_after(text, line_start);
    } else if (line == "Answer:" && !examples.empty()) {
      examples.back().answer = block_after(text, line_start);
    } else if (line == "Push:" && !examples.empty()) {
      examples.back().pushes.push_back(block_after(text, line_start));
    }
  }
  return examples;
}

// The type of a command: {"type":"SC",…} -> SC.
std::string type_of(std::string_view command) {
  const auto quoted = at(command, "/type");
  return quoted.size() < 2 ? quoted : quoted.substr(1, quoted.size() - 2);
}

std::vector<Example> all_examples() {
  std::vector<std::filesystem::path> pages;
  for (const auto& entry : std::filesystem::directory_iterator{QOS_SOURCE_DIR "/docs/api"})
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  std::ranges::sort(pages);
  std::vector<Example> all;
  for (const auto& page : pages)
    for (auto& example : examples_of(page)) all.push_back(std::move(example));
  return all;
}

// Every path in a document with the type found there: "/data/*/pq/lp" -> string. Names that are data, such as
// the markets of a calendar, count as "*".
void shape(const simdjson::dom::element& value, const std::string& path, std::set<std::string>& out) {
  using Type = simdjson::dom::element_type;
  static const std::set<std::string_view> kMarkets{"US", "HK", "SH", "SZ", "CF", "FX", "IX", "CM"};
  switch (value.type()) {
    case Type::OBJECT:
      for (const auto& [name, member] : simdjson::dom::object(value))
        shape(member, path + "/" + (kMarkets.contains(name) ? "*" : std::string{name}), out);
      return;
    case Type::ARRAY:
      out.insert(path + " array");
      for (const auto item : simdjson::dom::array(value)) shape(item, path + "/*", out);
      return;
    case Type::STRING:
      out.insert(path + " string");
      return;
    case Type::INT64:
    case Type::UINT64:
      out.insert(path + " integer");
      return;
    default:
      out.insert(path + " " + simdjson::minify(value));
      return;
  }
}

std::set<std::string> shape_of(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded{text};
  std::set<std::string> out;
  if (parser.parse(padded).get(root) == simdjson::SUCCESS)
    shape(root, "", out);
  else
    ADD_FAILURE() << "no JSON: " << text;
  return out;
}

// What a page of a command shows is there; the data of its endpoint may have more, which the endpoint's page
// shows.
void expect_shown(const std::string& page, const std::string& sent, const std::string& shown) {
  const auto actual = shape_of(sent);
  for (const auto& part : shape_of(shown))
    EXPECT_TRUE(actual.contains(part)) << page << ": " << part << " in " << sent;
}

// A whole day in every market, night to after hours, before the pages' examples are asked.
class Docs : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<TestServer>(
        [](server::Config& config) {
          config.feed = {
              "simulated:seed=3,hours=real,rate=0.02,from=2026-01-04T20:00:00-05:00,"
              "until=2026-01-05T20:00:00-05:00,speed=max"};
        },
        kMonday + std::chrono::hours{23});
    server_->settle_after_feeds_end();
    load_the_split_of_the_page();
  }
  static void load_the_split_of_the_page() {
    auto rows = store::ReferenceRows::open(server_->folder() / "reference.sqlite");
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_TRUE(
        rows->put(std::vector{market::CodedAction{.code = {market::Market::US, "AAPL"},
                                                  .action = {.ex_date = std::chrono::year{2020} / 8 / 31,
                                                             .split = {4, 1},
                                                             .previous_close = Price::parse("499.23"),
                                                             .source = "made up"}}}));
    TestServer::wait_until([] {
      const auto answer = server_->post("/corporate-actions", R"({"codes":["US:AAPL"]})");
      return at(answer.body, "/data/0/actions") != "[]";
    });
  }
  static void TearDownTestSuite() { server_.reset(); }

  static std::unique_ptr<TestServer> server_;
};
std::unique_ptr<TestServer> Docs::server_;

TEST_F(Docs, every_endpoint_and_command_has_a_page_with_an_example) {
  std::set<std::string> titles;
  for (const auto& example : all_examples()) {
    titles.insert(example.title);
    if (!example.title.starts_with('/')) titles.insert(type_of(example.request));
  }
  for (const char* title : {"/snapshot",
                            "/depth",
                            "/trade",
                            "/kline",
                            "/history",
                            "/instrument-info",
                            "/market-calendar",
                            "/product-list",
                            "/corporate-actions",
                            "/explain",
                            "/register",
                            "H",
                            "S",
                            "T",
                            "D",
                            "K",
                            "SC",
                            "TC",
                            "DC",
                            "KC",
                            "RS",
                            "RT",
                            "RD",
                            "RK",
                            "RH",
                            "RI",
                            "X"})
    EXPECT_TRUE(titles.contains(title)) << title;
}

TEST_F(Docs, every_http_example_is_answered_in_the_shape_its_page_shows) {
  for (const auto& example : all_examples()) {
    if (!example.title.starts_with('/')) continue;
    const auto answer = server_->post(example.title, example.request);
    EXPECT_EQ(shape_of(answer.body), shape_of(example.answer))
        << example.page << "\nrequest: " << example.request << "\nanswer: " << answer.body.substr(0, 2'000);
  }
}

TEST_F(Docs, every_command_example_is_answered_and_pushed_with_what_its_page_shows) {
  for (const auto& example : all_examples()) {
    if (example.title.starts_with('/')) continue;
    auto client = server_->connect();
    const auto answer = client.ask(example.request);
    expect_shown(example.page, answer, example.answer);
    // Trades are pushed as they come, and the market has closed: there is none to wait for.
    if (type_of(example.request) == "T") continue;
    for (const auto& shown : example.pushes) {
      const auto push = client.receive();
      ASSERT_TRUE(push) << example.page << ": no push came";
      expect_shown(example.page, *push, shown);
    }
  }
}

}  // namespace
}  // namespace qos::e2e
