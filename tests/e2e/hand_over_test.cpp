// An upgrade of the running binary, and its end: nobody is refused, nothing is missed.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <regex>
#include <thread>

#include "e2e/program.hpp"
#include "e2e/recording.hpp"
#include "server/hand_over.hpp"
#include "support/temp_folder.hpp"

namespace qos::e2e {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kFeed = "simulated:past=off,hours=always";

std::string part(const std::string& text, const char* pattern) {
  std::smatch match;
  return std::regex_search(text, match, std::regex{pattern}) ? match[1].str() : std::string{};
}

std::vector<std::string> serve(const test::TempFolder& folder, std::vector<std::string> more = {}) {
  std::vector<std::string> command{QOS_BINARY, "serve",
                                   "--listen", "127.0.0.1:0",
                                   "--data",   folder.path().string(),
                                   "--feed",   std::string{kFeed},
                                   "--set",    "admin.listen='127.0.0.1:0'",
                                   "--set",    "http.drain_ms=1000"};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

struct Server {
  explicit Server(const std::vector<std::string>& command) : program{command} {
    const auto text = program.wait_for("curl -s");
    address = part(text, "http://([0-9.:]+)\n");
    key = part(text, "key +([0-9a-f]{32})\n");
  }
  Program program;
  std::string address;
  std::string key;
};

// Connects anew all the time, as fast as it can.
class Newcomers {
 public:
  Newcomers(const std::string& address, const std::string& key)
      : http_{[this, address, key](const std::stop_token& stop) {
          knock(stop, http_answers, [&] {
            const auto answer =
                HttpClient{address}.post("/snapshot", R"({"codes":["HK:700"]})", {{"key", key}});
            if (answer.status != 200)
              throw std::runtime_error{fmt::format("{}: {}", answer.status, answer.body)};
          });
        }},
        websocket_{[this, address, key](const std::stop_token& stop) {
          knock(stop, handshakes, [&] {
            WsClient client{address, "/ws?key=" + key};
            client.send(R"({"type":"H"})");
            // It may be asked to leave before its command is read; then it was served all the same.
            if (!client.receive() && client.close_code() != 1012) throw std::runtime_error{"no answer to H"};
          });
        }} {}

  std::atomic<int> http_answers{0};
  std::atomic<int> handshakes{0};
  std::vector<std::string> failures() {
    const std::scoped_lock lock{mutex_};
    return failures_;
  }
  // How long a newcomer waited at most.
  std::chrono::milliseconds longest() const { return std::chrono::milliseconds{longest_.load()}; }

 private:
  void knock(const std::stop_token& stop, std::atomic<int>& count, const std::function<void()>& visit) {
    while (!stop.stop_requested()) {
      const auto begun = std::chrono::steady_clock::now();
      try {
        visit();
        ++count;
      } catch (const std::exception& problem) {
        const std::scoped_lock lock{mutex_};
        failures_.emplace_back(problem.what());
      }
      const auto took =
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
      auto longest = longest_.load();
      while (longest < took.count() && !longest_.compare_exchange_weak(longest, took.count())) continue;
    }
  }

  std::mutex mutex_;
  std::vector<std::string> failures_;
  std::atomic<std::int64_t> longest_{0};
  std::jthread http_;
  std::jthread websocket_;
};

TEST(HandOver, refuses_nobody_and_loses_nothing) {
  const test::TempFolder folder;
  auto old = std::make_unique<Server>(serve(folder));
  ASSERT_FALSE(old->key.empty());
  const auto address = old->address;
  const auto key = old->key;
  Recording recording{{"HK:700", "US:AAPL", "CF:BTCUSDT"}};
  const auto target = fmt::format("/ws?key={}&ext=1", key);
  auto client = std::make_unique<WsClient>(address, target);
  recording.subscribe(*client);
  Newcomers newcomers{address, key};
  for (int upgrade = 0; upgrade < 2; ++upgrade) {
    const auto pushes = recording.pushes();
    while (recording.pushes() < pushes + 200) ASSERT_TRUE(recording.take(*client));
    const auto before = newcomers.http_answers.load();
    auto next = std::make_unique<Server>(serve(folder, {"--take-over"}));
    ASSERT_EQ(next->address, address) << "the same socket";
    while (recording.take(*client)) continue;
    EXPECT_EQ(client->close_code(), 1012);
    const auto ended = old->program.wait_for_end();
    EXPECT_EQ(ended.exit_code, 0);
    old = std::move(next);
    client = std::make_unique<WsClient>(address, target);
    recording.subscribe(*client);  // fails unless all that was missed can be sent, and without a hole
    const auto some_more = newcomers.http_answers.load() + 10;
    while (newcomers.http_answers.load() < some_more) ASSERT_TRUE(recording.take(*client));
    EXPECT_GT(newcomers.http_answers.load(), before);
  }
  EXPECT_EQ(newcomers.failures(), std::vector<std::string>{});
  EXPECT_GT(newcomers.handshakes.load(), 0);
  fmt::print("{} HTTP and {} WebSocket newcomers in two upgrades; the longest waited {} ms\n",
             newcomers.http_answers.load(), newcomers.handshakes.load(), newcomers.longest().count());
  EXPECT_EQ(old->program.stop(SIGTERM).exit_code, 0);
  const auto verify = run_program({QOS_BINARY, "journal", "verify", (folder.path() / "journal").string()});
  EXPECT_EQ(verify.exit_code, 0) << verify.out << verify.err;
}

TEST(HandOver, a_plain_start_on_a_folder_in_use_names_the_way) {
  const test::TempFolder folder;
  Server server{serve(folder)};
  const auto refused = run_program(serve(folder));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("--take-over"), std::string::npos) << refused.err;
  EXPECT_EQ(HttpClient{server.address}.request("GET", "/health", "").status, 200);
  EXPECT_EQ(server.program.stop(SIGTERM).exit_code, 0);
}

TEST(HandOver, with_nobody_to_take_over_from_it_starts_as_always) {
  const test::TempFolder folder;
  Server server{serve(folder, {"--take-over"})};
  EXPECT_EQ(HttpClient{server.address}.request("GET", "/health", "").status, 200);
  EXPECT_EQ(server.program.stop(SIGTERM).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(server::hand_over_path(folder.path())));
}

// A successor that cannot use the folder's new configuration ends before anything has happened; one that is
// lost after the folder was given up leaves nobody to serve, which must show.
TEST(HandOver, a_successor_that_fails_is_told_apart_by_when) {
  const test::TempFolder folder;
  Server server{serve(folder)};
  WsClient client{server.address, "/ws?key=" + server.key};
  const auto refused = run_program(serve(folder, {"--take-over", "--listen", "192.0.2.1:80"}));
  EXPECT_EQ(refused.exit_code, 1) << "an address that is not of this machine";
  client.ask(R"({"type":"H"})");
  EXPECT_EQ(HttpClient{server.address}.request("GET", "/health", "").status, 200);

  auto lost = io::LocalPeer::connect(server::hand_over_path(folder.path()));
  ASSERT_TRUE(lost);
  ASSERT_TRUE(lost->send("qos take-over 1"));
  ASSERT_TRUE(lost->receive(kPatience));
  ASSERT_TRUE(lost->send("stop"));
  EXPECT_EQ(lost->receive(kPatience)->text, "yours");
  client.ask(R"({"type":"H"})");
  *lost = io::LocalPeer{io::Descriptor{}};
  while (client.receive()) continue;
  EXPECT_EQ(client.close_code(), 1012);
  EXPECT_EQ(server.program.wait_for_end().exit_code, 1);
  Server again{serve(folder)};
  EXPECT_EQ(again.program.stop(SIGTERM).exit_code, 0);
}

TEST(Drain, a_second_signal_makes_an_end_at_once) {
  const test::TempFolder folder;
  Server server{serve(folder, {"--set", "http.drain_ms=600000"})};
  WsClient first{server.address, "/ws?key=" + server.key};
  WsClient second{server.address, "/ws?key=" + server.key};
  server.program.signal(SIGTERM);
  // One of the two is asked at once. The other would have minutes.
  std::atomic<int> gone{0};
  const auto wait = [&](WsClient& client) {
    while (client.receive()) continue;
    EXPECT_EQ(client.close_code(), 1012);
    ++gone;
  };
  std::jthread one{[&] { wait(first); }};
  std::jthread other{[&] { wait(second); }};
  while (gone == 0) std::this_thread::yield();
  EXPECT_EQ(gone, 1);
  server.program.signal(SIGINT);
  EXPECT_EQ(server.program.wait_for_end().exit_code, 0);
}

}  // namespace
}  // namespace qos::e2e
