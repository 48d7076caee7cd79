// The same pushes by every path: whatever lies between the server and a client, it is told the same bytes. A
// new path is a new row of kPaths.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "api/packed_client.hpp"
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

// The key "own" pays for a context of its own.
const std::array kPaths{
    Path{"plain", [](const Ports& ports) { return std::make_unique<WsClient>(ports.plain); }},
    Path{"plain, a small window",
         [](const Ports& ports) { return std::make_unique<WsClient>(ports.plain, "good", 4'096); }},
    Path{"packed for all", [](const Ports& ports) { return std::make_unique<PackedClient>(ports.plain); }},
    Path{"packed for all, a small window",
         [](const Ports& ports) { return std::make_unique<PackedClient>(ports.plain, "good", 4'096); }},
    Path{"packed for one",
         [](const Ports& ports) { return std::make_unique<PackedClient>(ports.plain, "own"); }},
    Path{"packed for one, a small window",
         [](const Ports& ports) { return std::make_unique<PackedClient>(ports.plain, "own", 4'096); }},
    Path{"TLS",
         [](const Ports& ports) { return std::make_unique<WsClient>(ports.tls, "good", 0, ports.trusted); }},
    Path{"TLS, a small window",
         [](const Ports& ports) {
           return std::make_unique<WsClient>(ports.tls, "good", 4'096, ports.trusted);
         }},
    Path{"TLS, packed for all, a small window",
         [](const Ports& ports) {
           return std::make_unique<PackedClient>(ports.tls, "good", 4'096, ports.trusted);
         }},
    Path{"TLS, packed for one, a small window",
         [](const Ports& ports) {
           return std::make_unique<PackedClient>(ports.tls, "own", 4'096, ports.trusted);
         }},
};

constexpr std::array<std::string_view, 4> kCommands{
    R"({"type":"T","codes":["US:AAPL","HK:700"],"reqid":1})",
    R"({"type":"S","codes":["US:AAPL","HK:700"],"reqid":2})",
    R"({"type":"D","codes":["US:AAPL","HK:700"],"reqid":3})",
    R"({"type":"K","codes":["US:AAPL","HK:700"],"kt":1,"reqid":4})",
};

// A house that offers every path.
struct Doors {
  explicit Doors(ServerOptions options = {}) : house{with_tls(std::move(options))} {
    access::Plan plan;
    plan.compression = access::Compression::own;
    house.gate.add("own", plan);
  }
  Ports ports() { return {house.port(), house.tls_port(), files.certificate}; }

  test::TempFolder folder;
  io::TlsFiles files = test::write_tls_files(folder.path());
  std::unique_ptr<io::TlsCertificate> certificate = io::TlsCertificate::load(files).value();
  House house;

 private:
  ServerOptions with_tls(ServerOptions options) {
    options.tls_listen = {"127.0.0.1:0"};
    options.certificate = certificate.get();
    return options;
  }
};

std::string channel_of(const std::string& text) {
  return text.substr(0, text.find(',', text.find(R"("c":)")));
}

// The texts up to and with the last push of every channel, by channel, in the order in which they came.
std::map<std::string, std::vector<std::string>> hear_all(WsClient& client, std::size_t expected) {
  std::map<std::string, std::vector<std::string>> heard;
  for (std::size_t count = 0; count < expected; ++count) {
    std::string text = client.hear();
    auto& channel = heard[channel_of(text)];
    channel.push_back(std::move(text));
  }
  return heard;
}

// Who asks for numbers hears another form of K-lines.
void happen(House& house, std::string_view code, std::uint64_t n) {
  house.publish(code, n);
  constexpr std::uint8_t kMinutes = market::index_of(market::KlineType::m1) + channel::kExtendedKlines;
  house.publish_kline(house.instrument(code), kMinutes, kline_at(n), {});
}

class DeliveryPaths : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Numbered, DeliveryPaths, ::testing::Bool());

TEST_P(DeliveryPaths, tell_every_client_the_same_bytes) {
  Doors doors;
  House& house = doors.house;
  const Ports ports = doors.ports();

  std::vector<std::unique_ptr<WsClient>> clients;
  for (const auto& path : kPaths) {
    clients.push_back(path.dial(ports));
    if (GetParam()) clients.back()->ask(R"({"type":"X","ext":["seq"]})");
    for (const auto command : kCommands) clients.back()->ask(command);
  }
  constexpr std::uint64_t kEvents = 500;
  // Rounds small enough that nothing conflates: what a client is spared for its slowness is another test's.
  constexpr std::uint64_t kRound = 25;
  std::vector<std::map<std::string, std::vector<std::string>>> heard(clients.size());
  for (std::uint64_t n = 1; n <= kEvents; ++n) {
    happen(house, "US:AAPL", n);
    happen(house, "HK:700", n);
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

std::uint64_t member_of(const std::string& push, std::string_view name) {
  const auto at = push.find(name);
  return at == std::string::npos ? 0 : std::stoull(push.substr(at + name.size()));
}

// Clients that do not read while much happens are spared most of it, by each path another part; what each is
// told was told to others too, but for the number of what it was spared, and all end with the same state.
TEST_P(DeliveryPaths, end_with_the_same_state_for_clients_that_stopped_reading) {
  ServerOptions options;
  options.outbox_hard_bytes = 200'000;
  Doors doors{options};
  House& house = doors.house;
  const Ports ports = doors.ports();
  constexpr std::string_view kSubscribe = R"({"type":"S","codes":["US:AAPL","HK:700"]})";
  for (const auto& path : kPaths) {
    if (std::string_view{path.name}.find("small window") == std::string_view::npos) continue;
    house.publish("US:AAPL", 1);
    house.publish("HK:700", 1);
    const auto slow = path.dial(ports);
    WsClient quick{ports.plain};
    for (auto* client : {slow.get(), &quick}) {
      if (GetParam()) client->ask(R"({"type":"X","ext":["seq"]})");
      client->ask(kSubscribe);
      for (int state = 0; state < 2; ++state) client->hear();
    }
    std::map<std::string, std::map<std::uint64_t, std::string>> told;
    std::uint64_t n = 1;
    const auto superseded = [&] { return house.counters().frames_superseded.value(); };
    for (const auto before = superseded(); superseded() < before + 5'000;) {
      for (int burst = 0; burst < 50; ++burst) {
        house.publish("US:AAPL", ++n);
        house.publish("HK:700", n);
      }
      for (int push = 0; push < 100; ++push) {
        const auto text = quick.hear();
        told[channel_of(text)][member_of(text, R"("lp":")")] = text;
      }
    }
    std::map<std::string, std::uint64_t> last;
    std::uint64_t spared = 0;
    while (last.size() < 2 || std::ranges::any_of(last, [&](const auto& each) { return each.second < n; })) {
      std::string text = slow->hear();
      auto& previous = last.try_emplace(channel_of(text), 1).first->second;
      const auto number = member_of(text, R"("lp":")");
      ASSERT_GT(number, previous) << path.name;
      if (const auto merged = text.find(R"(,"merged":)"); merged != std::string::npos) {
        EXPECT_EQ(member_of(text, R"("merged":)"), number - previous - 1);
        text.erase(merged, text.size() - 1 - merged);
      } else if (GetParam()) {
        EXPECT_EQ(number, previous + 1);
      }
      ASSERT_EQ(text, told[channel_of(text)][number]) << path.name;
      spared += number - previous - 1;
      previous = number;
    }
    EXPECT_GE(spared, 5'000U) << path.name;
  }
  EXPECT_EQ(house.counters().slow_consumers.value(), 0U);
}

}  // namespace
}  // namespace qos::api::serving
