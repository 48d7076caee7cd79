// The extension seq: pushes say which of their code and channel they are, without a hole from the first
// state on; who does not ask hears the old bytes.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

#include "api/server_fixture.hpp"
#include "api/socket_client.hpp"

namespace qos::api::serving {
namespace {

// Microseconds since 1970, as epochs are.
constexpr std::uint64_t kEpoch = 1'767'623'400'000'000;

std::uint64_t seq_of(const std::string& push) {
  const auto at = push.find(R"("seq":)");
  return at == std::string::npos ? 0 : std::stoull(push.substr(at + 6));
}
std::string numbered(std::uint64_t n) {
  return R"(,"seq":)" + std::to_string(kEpoch + n) + "}";
}

struct WsSeq : testing::Test {
  WsSeq() { house.health().set_epoch(kEpoch); }
  void publish_trade(std::uint64_t n) {
    const auto& apple = house.instrument("US:AAPL");
    house.fanout().publish({apple.id, channel::Topic::trade}, {Sequence{n}, n},
                           [&](std::string& out) { json::append_trade_body(out, apple, trade_at(n)); });
  }
  House house;
};

TEST_F(WsSeq, answers_tell_the_epoch_where_seq_is_in_force) {
  WsClient client{house.port()};
  EXPECT_EQ(client.ask(R"({"type":"S","codes":["HK:700"],"reqid":1})"),
            R"({"type":"S","msg":"OK","time":1750086000,"reqid":1})");
  EXPECT_EQ(client.ask(R"({"type":"X","ext":["seq"],"reqid":2})"),
            R"({"type":"X","msg":"OK","time":1750086000,"reqid":2,"ext":["seq"],"epoch":1767623400000000})");
  for (const std::string type : {"S", "T", "D", "K"})
    EXPECT_EQ(client.ask(R"({"type":")" + type + R"(","codes":["US:AAPL"],"kt":1})"),
              R"({"type":")" + type + R"(","msg":"OK","time":1750086000,"epoch":1767623400000000})");
  EXPECT_EQ(client.ask(R"({"type":"SC","codes":["US:AAPL"]})"),
            R"({"type":"SC","msg":"OK","time":1750086000})");
  EXPECT_EQ(client.ask(R"({"type":"H"})"), R"({"type":"H","msg":"OK","time":1750086000})");
  EXPECT_EQ(client.ask(R"({"type":"X","ext":[]})"), R"({"type":"X","msg":"OK","time":1750086000,"ext":[]})");
}

TEST_F(WsSeq, numbers_every_channel_from_its_first_state_on_and_leaves_old_clients_alone) {
  house.publish("US:AAPL", 3);
  WsClient old{house.port()};
  WsClient client{house.port()};
  client.ask(R"({"type":"X","ext":["seq"]})");
  const auto first = [&](const std::string& command) {
    old.ask(command);
    client.ask(command);
    const std::string plain = old.hear();
    EXPECT_EQ(client.hear(), plain.substr(0, plain.size() - 1) + numbered(3));
  };
  first(R"({"type":"S","codes":["US:AAPL"]})");
  first(R"({"type":"D","codes":["US:AAPL"]})");
  for (auto* each : {&old, &client}) {
    each->ask(R"({"type":"T","codes":["US:AAPL"]})");
    each->ask(R"({"type":"H"})");
  }
  house.publish("US:AAPL", 4);
  for (int channel = 0; channel < 3; ++channel) {
    const std::string plain = old.hear();
    EXPECT_FALSE(plain.contains("seq"));
    EXPECT_EQ(client.hear(), plain.substr(0, plain.size() - 1) + numbered(4));
  }
}

// Numbers count that a K-line is final too, so whoever hears them hears that.
TEST_F(WsSeq, klines_come_with_everything_that_is_counted) {
  house.publish("US:AAPL", 1);
  WsClient client{house.port()};
  client.ask(R"({"type":"X","ext":["seq"]})");
  client.ask(R"({"type":"K","codes":["US:AAPL"],"kt":1})");
  const std::string values =
      R"({"tp":"K","c":"US:AAPL","o":"1","cl":"1","h":"1","l":"1","v":"0","ts":0,"kt":1,"t":"0","n":0)";
  EXPECT_EQ(client.hear(), values + numbered(1));
  auto kline = kline_at(1);
  kline.sequence = Sequence{2};
  kline.closed = true;
  house.publish_kline(house.instrument("US:AAPL"), channel::kExtendedKlines, kline,
                      {.turnover = true, .closed = true});
  EXPECT_EQ(client.hear(), values + R"(,"f":1)" + numbered(2));
}

TEST_F(WsSeq, a_first_state_waits_until_its_number_is_sure) {
  house.publish("US:AAPL", 1);
  auto& view = house.views().at(house.instrument("US:AAPL").id);
  view.begin_or_end_event();
  WsClient client{house.port()};
  client.ask(R"({"type":"X","ext":["seq"]})");
  client.ask(R"({"type":"S","codes":["US:AAPL"]})");
  // Others are served meanwhile, this client's own commands too.
  WsClient other{house.port()};
  for (int times = 0; times < 3; ++times) {
    other.ask(R"({"type":"H"})");
    EXPECT_TRUE(client.ask(R"({"type":"H"})").starts_with(R"({"type":"H")"));
  }
  view.begin_or_end_event();
  EXPECT_EQ(seq_of(client.hear()), kEpoch + 1);
}

// The market never rests, and the first state of each subscription is one between two pushes.
TEST_F(WsSeq, the_next_push_is_one_more_than_the_first_state) {
  std::atomic<std::uint64_t> n{0};
  std::jthread market{[&](const std::stop_token& over) {
    while (!over.stop_requested()) {
      house.publish("US:AAPL", n.fetch_add(1) + 1);
      std::this_thread::yield();
    }
  }};
  for (int times = 0; times < 30; ++times) {
    WsClient client{house.port()};
    client.ask(R"({"type":"X","ext":["seq"]})");
    client.ask(R"({"type":"S","codes":["US:AAPL"]})");
    std::uint64_t expected = 0;
    for (int heard = 0; heard < 20; ++heard) {
      const std::string push = client.hear();
      const std::uint64_t seq = seq_of(push);
      ASSERT_TRUE(heard == 0 || seq == expected) << push;
      // Values and number are of one state.
      ASSERT_TRUE(push.contains(R"("lp":")" + std::to_string(seq - kEpoch) + '"')) << push;
      expected = seq + 1;
    }
  }
}

}  // namespace
}  // namespace qos::api::serving
