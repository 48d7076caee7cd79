// The binary as an operator meets it.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <regex>

#include "e2e/json.hpp"
#include "e2e/program.hpp"
#include "e2e/test_server.hpp"

namespace qos::e2e {
namespace {

std::vector<std::string> serve(const test::TempFolder& folder, std::vector<std::string> more = {}) {
  std::vector<std::string> command{QOS_BINARY, "serve",           "--listen", "127.0.0.1:0",
                                   "--set",    "admin.listen=''", "--data",   folder.path().string()};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

// Without the ten years of the default market, which most tests do not look at.
std::vector<std::string> serve_without_past(const test::TempFolder& folder) {
  return serve(folder, {"--feed", "simulated:past=off"});
}

std::string part(const std::string& text, const char* pattern) {
  std::smatch match;
  return std::regex_search(text, match, std::regex{pattern}) ? match[1].str() : std::string{};
}

struct Welcome {
  std::string text, address, key, curl;
};
Welcome welcome_of(Program& program) {
  const auto text = program.wait_for("curl -s");
  return {.text = text,
          .address = part(text, "http://([0-9.:]+)\n"),
          .key = part(text, "key +([0-9a-f]{32})\n"),
          .curl = part(text, "(curl -s .*)\n")};
}

TEST(Program, prints_a_url_a_key_and_a_curl_line_that_works) {
  const test::TempFolder folder;
  Program server{serve(folder)};
  const auto welcome = welcome_of(server);
  ASSERT_FALSE(welcome.curl.empty()) << welcome.text;
  const auto curl = run_program({"/bin/sh", "-c", welcome.curl});
  EXPECT_EQ(curl.exit_code, 0) << curl.err;
  EXPECT_EQ(at(curl.out, "/msg"), R"("OK")") << curl.out;
  EXPECT_NE(at(curl.out, "/data/0/lp"), "") << "prices are there from the first moment: " << curl.out;
  EXPECT_EQ(server.stop(SIGTERM).exit_code, 0);
}

TEST(Program, keeps_keys_over_kill_9_and_takes_new_ones_beside_a_running_server) {
  const test::TempFolder folder;
  std::string demo;
  std::string made;
  const auto snapshot = [](const Welcome& welcome, const std::string& key) {
    return HttpClient{welcome.address}.post("/snapshot", R"({"codes":["HK:700"]})", {{"key", key}}).status;
  };
  {
    Program server{serve_without_past(folder)};
    const auto welcome = welcome_of(server);
    demo = welcome.key;
    const auto create =
        run_program({QOS_BINARY, "key", "create", "--plan", "free", "--data", folder.path().string()});
    EXPECT_EQ(create.exit_code, 0) << create.err;
    made = create.out.substr(0, 32);
    EXPECT_EQ(create.out, made + "\n") << "standard output is the key and nothing else";
    EXPECT_EQ(snapshot(welcome, made), 200) << "a key made beside a running server counts";
    EXPECT_EQ(server.stop(SIGKILL).exit_code, 128 + SIGKILL);
  }
  Program server{serve_without_past(folder)};
  const auto welcome = welcome_of(server);
  EXPECT_EQ(welcome.key, demo);
  EXPECT_EQ(snapshot(welcome, demo), 200);
  EXPECT_EQ(snapshot(welcome, made), 200);
  EXPECT_EQ(run_program({QOS_BINARY, "key", "disable", made, "--data", folder.path().string()}).exit_code, 0);
  EXPECT_NE(run_program({QOS_BINARY, "key", "list", "--data", folder.path().string()}).out.find("disabled"),
            std::string::npos);
}

// Sixty simulated minutes a minute and more: K-lines close all the time while it is killed.
TEST(Program, shows_every_closed_kline_again_after_kill_9) {
  const test::TempFolder folder;
  const auto command =
      serve(folder, {"--feed", "simulated:markets=CF,rate=0.5,speed=120,history=10m,seed=4"});
  const auto klines = [](const Welcome& welcome, int kt, std::int64_t until) {
    return HttpClient{welcome.address}
        .post("/history",
              fmt::format(R"({{"kline_reqs":[{{"c":"CF:BTCUSDT,ETHUSDT","co":900,"kt":{},"e":{}}}]}})", kt,
                          until),
              {{"key", welcome.key}})
        .body;
  };
  // The start of the newest K-line that is not open.
  const auto newest_closed = [&](const Welcome& welcome) {
    const auto minutes = klines(welcome, 1, 4'000'000'000);
    const auto count = minutes.find(R"({"c":"CF:ETHUSDT","k")");
    const std::regex ts{R"("ts":(\d+),"kt":1\})"};
    std::vector<std::int64_t> starts;
    const auto first = minutes.substr(0, count);
    for (std::sregex_iterator match{first.begin(), first.end(), ts}, end; match != end; ++match)
      starts.push_back(std::stoll((*match)[1].str()));
    return starts.size() < 3 ? std::int64_t{0} : starts[starts.size() - 3];
  };
  for (int round = 0; round < 4; ++round) {
    std::vector<std::string> before;
    std::int64_t until = 0;
    {
      Program server{command};
      const auto welcome = welcome_of(server);
      ASSERT_FALSE(welcome.key.empty());
      until = newest_closed(welcome);
      ASSERT_GT(until, 0);
      for (const int kt : {1, 5, 60}) before.push_back(klines(welcome, kt, until - kt * 60));
      // What was shown as closed two minutes of simulated time ago is on disk by now.
      TestServer::wait_until([&] { return newest_closed(welcome) >= until + 120; });
      server.stop(SIGKILL);
    }
    Program server{command};
    const auto welcome = welcome_of(server);
    std::size_t index = 0;
    for (const int kt : {1, 5, 60})
      EXPECT_EQ(klines(welcome, kt, until - kt * 60), before[index++]) << "round " << round << ", kt " << kt;
    server.stop(SIGKILL);
  }
}

TEST(Program, says_what_is_wrong_with_a_command_line_or_a_file_and_exits_with_2) {
  const test::TempFolder folder;
  EXPECT_EQ(run_program({QOS_BINARY, "serv"}).exit_code, 2);
  EXPECT_EQ(run_program({QOS_BINARY, "serve", "--lisen", "x"}).exit_code, 2);
  EXPECT_EQ(run_program({QOS_BINARY, "--help"}).exit_code, 0);

  const auto file = folder.path() / "qos.toml";
  std::ofstream{file} << "listen = [\"127.0.0.1:0\"]\n[http]\nmax_conections = 5\n";
  const auto refused = run_program(serve(folder, {"--config", file.string()}));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("qos.toml:3"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("max_connections"), std::string::npos) << refused.err;
}

TEST(Program, cannot_start_with_a_feed_that_is_wrong_and_exits_with_1) {
  const test::TempFolder folder;
  for (const char* feed :
       {"nonsense", "simulated:sed=1", "simulated:rate=fast", "binance_usdm", "binance_usdm:file=/nowhere"}) {
    const auto refused = run_program(serve(folder, {"--feed", feed}));
    EXPECT_NE(refused.exit_code, 0) << feed;
    EXPECT_FALSE(refused.err.empty()) << feed;
  }
}

TEST(Program, refuses_a_feed_that_would_take_another_feed_s_sessions_away) {
  const test::TempFolder folder;
  const auto refused = run_program(serve(
      folder, {"--feed", "simulated:markets=SH,hours=always", "--feed", "simulated:markets=SZ,hours=real"}));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("calendar CN"), std::string::npos) << refused.err;
}

TEST(Program, a_demo_key_that_is_switched_off_is_not_let_in_again) {
  const test::TempFolder folder;
  std::string demo;
  {
    Program server{serve_without_past(folder)};
    demo = welcome_of(server).key;
  }
  Program server{serve(folder, {"--feed", "simulated:past=off", "--set", "registration.demo_key='off'"})};
  const auto welcome = welcome_of(server);
  EXPECT_EQ(welcome.text.find("demo key"), std::string::npos) << welcome.text;
  EXPECT_EQ(HttpClient{welcome.address}.post("/snapshot", R"({"codes":["HK:700"]})", {{"key", demo}}).status,
            401);
}

TEST(Program, an_address_in_use_is_an_error_that_names_it) {
  const test::TempFolder first_folder;
  const test::TempFolder second_folder;
  Program first{serve_without_past(first_folder)};
  const auto address = welcome_of(first).address;
  const auto refused = run_program({QOS_BINARY, "serve", "--listen", address, "--set", "admin.listen=''",
                                    "--data", second_folder.path().string()});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find(address), std::string::npos) << refused.err;
}

TEST(Program, prints_its_configuration_as_a_file_it_would_take) {
  const test::TempFolder folder;
  const auto printed = run_program(serve(folder, {"--print-config"}));
  EXPECT_EQ(printed.exit_code, 0);
  const auto file = folder.path() / "qos.toml";
  std::ofstream{file} << printed.out;
  EXPECT_EQ(run_program({QOS_BINARY, "serve", "--config", file.string(), "--print-config"}).out, printed.out);
}

}  // namespace
}  // namespace qos::e2e
