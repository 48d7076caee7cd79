// The same pushes by every path: whatever lies between the server and a client, it is told the same bytes. A
// new path is a new row of kPaths.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "api/server_fixture.hpp"
#include "api/socket_client.hpp"
#include "support/tls_peer.hpp"

namespace qos::api::serving {
namespace {

// What connects, of a house that offers every path.
struct Ports {
  std::uint16_t plain;
  std::uint16_t tls;
  std::filesystem::path trusted;
};
struct Path {
  const char* name;
  std::function<std::unique_ptr<WsClient>(const Ports& ports)> dial;
};

const std::array kPaths{
    Path{"plain", [](const Ports& ports) { return std::make_unique<WsClient>(ports.plain); }},
    Path{"plain, a small window",
         [](const Ports& ports) { return std::make_unique<WsClient>(ports.plain, "good", 4'096); }},
    Path{"TLS",
         [](const Ports& ports) { return std::make_unique<WsClient>(ports.tls, "good", 0, ports.trusted); }},
    Path{"TLS, a small window",
         [](const Ports& ports) {
           return std::make_unique<WsClient>(ports.tls, "good", 4'096, ports.trusted);
         }},
};

constexpr std::array<std::string_view, 4> kCommands{
    R"({"type":"T","codes":["US:AAPL","HK:700"],"reqid":1})",
    R"({"type":"S","codes":["US:AAPL","HK:700"],"reqid":2})",
    R"({"type":"D","codes":["US:AAPL","HK:700"],"reqid":3})",
    R"({"type":"K","codes":["US:AAPL","HK:700"],"kt":1,"reqid":4})",
};

// The texts up to and with the last push of every channel, by channel, in the order in which they came.
std::map<std::string, std::vector<std::string>> hear_all(WsClient& client, std::size_t expected) {
  std::map<std::string, std::vector<std::string>> heard;
  for (std::size_t count = 0; count < expected; ++count) {
    std::string text = client.hear();
    auto& channel = heard[text.substr(0, text.find(',', text.find(R"("c":)")))];
    channel.push_back(std::move(text));
  }
  return heard;
}

TEST(DeliveryPaths, tell_every_client_the_same_bytes) {
  const test::TempFolder folder;
  const auto files = test::write_tls_files(folder.path());
  const auto certificate = io::TlsCertificate::load(files).value();
  ServerOptions options;
  options.tls_listen = {"127.0.0.1:0"};
  options.certificate = certificate.get();
  House house{options};
  const Ports ports{house.port(), house.tls_port(), files.certificate};

  std::vector<std::unique_ptr<WsClient>> clients;
  for (const auto& path : kPaths) {
    clients.push_back(path.dial(ports));
    for (const auto command : kCommands) clients.back()->ask(command);
  }
  constexpr std::uint64_t kEvents = 500;
  // Rounds small enough that nothing conflates: what a client is spared for its slowness is another test's.
  constexpr std::uint64_t kRound = 25;
  std::vector<std::map<std::string, std::vector<std::string>>> heard(clients.size());
  for (std::uint64_t n = 1; n <= kEvents; ++n) {
    house.publish("US:AAPL", n);
    house.publish("HK:700", n);
    if (n % kRound != 0) continue;
    for (std::size_t at = 0; at < clients.size(); ++at)
      for (auto& [channel, texts] : hear_all(*clients[at], kRound * 2 * kCommands.size()))
        std::ranges::move(texts, std::back_inserter(heard[at][channel]));
  }
  ASSERT_EQ(heard.front().size(), 2 * kCommands.size());
  for (const auto& [channel, texts] : heard.front()) EXPECT_EQ(texts.size(), kEvents) << channel;
  for (std::size_t at = 1; at < clients.size(); ++at)
    EXPECT_TRUE(heard[at] == heard.front()) << kPaths[at].name;
}

}  // namespace
}  // namespace qos::api::serving
