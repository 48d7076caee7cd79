#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "e2e/test_server.hpp"
#include "io/file.hpp"
#include "support/tls_peer.hpp"

namespace qos::e2e {
namespace {

using namespace std::chrono_literals;

TEST(Metrics, count_what_happened) {
  TestServer server{[](server::Config& config) { config.admin.listen = "127.0.0.1:0"; }};
  server.apply(trade_at(server.id("HK:700"), "600.5", 200, kMonday + 1s));
  server.post("/snapshot", R"({"codes":["HK:700"]})");
  server.post("/snapshot", "nonsense");
  HttpClient page{"127.0.0.1:" + std::to_string(server.pipeline().metrics_port())};
  const auto text = page.request("GET", "/metrics", "").body;
  for (const char* line :
       {"qos_ready 1", "qos_state_events_total 1", "qos_http_requests_total 2", "qos_http_errors_total 1"})
    EXPECT_NE(text.find(line), std::string::npos) << line << " in\n" << text;
}

TEST(Metrics, every_one_is_documented_and_every_documented_one_exists) {
  const test::TempFolder folder;
  const auto files = test::write_tls_files(folder.path());
  TestServer server{[&](server::Config& config) {
    config.admin.listen = "127.0.0.1:0";
    config.tls = {.listen = {"127.0.0.1:0"}, .certificate = files.certificate, .key = files.key};
  }};
  HttpClient page{"127.0.0.1:" + std::to_string(server.pipeline().metrics_port())};
  const auto text = page.request("GET", "/metrics", "").body;
  const auto docs = io::read_file(QOS_SOURCE_DIR "/docs/metrics.md").value();
  const auto names_in = [](const std::string& where, const std::regex& pattern) {
    std::set<std::string> names;
    for (std::sregex_iterator at{where.begin(), where.end(), pattern}, end; at != end; ++at)
      names.insert((*at)[1]);
    return names;
  };
  const auto documented = names_in(docs, std::regex{"`(qos_[a-z_]+)`"});
  auto served = names_in(text, std::regex{"# TYPE (qos_[a-z_]+) "});
  EXPECT_EQ(documented, served);
}

}  // namespace
}  // namespace qos::e2e
