// A key that travels sees another world beside the live one: its views, its clock, its pushes.
#include "api/worlds.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "api/server_fixture.hpp"
#include "api/socket_client.hpp"

namespace qos::api::serving {
namespace {

// 2019-02-01T01:30:00Z.
constexpr std::int64_t kThen = 1'548'984'600;

// The market of another time, with the live one's reference data.
struct Past {
  explicit Past(House& house)
      : fanout{{.loops = 1, .instruments = house.instruments().size()}},
        views{house.instruments().size()},
        klines{house.instruments(), house.calendars(), &views, nullptr, {}},
        services{.instruments = house.instruments(),
                 .calendars = house.calendars(),
                 .views = views,
                 .klines = klines,
                 .health = health,
                 .clock = clock},
        world{services, fanout} {
    health.set_ready(true);
    health.set_epoch(5'000);
  }
  void publish(const market::Instrument& of, std::uint64_t n) {
    views.at(of.id).set(n);
    fanout.publish({of.id, channel::Topic::snapshot}, {Sequence{n}, n},
                   [&](std::string& out) { json::append_snapshot_body(out, of, snapshot_at(n)); });
  }
  io::ManualClock clock{from_unix_seconds(kThen)};
  channel::Fanout fanout;
  CounterViews views;
  Health health;
  history::Klines klines;
  Services services;
  World world;
};

class FakeWorlds final : public Worlds {
 public:
  std::shared_ptr<const World> of(const access::Grant& grant) override {
    const std::scoped_lock lock{mutex_};
    if (!past_ || !grant.nature.travel) return nullptr;
    return {past_, &past_->world};
  }
  void set(std::shared_ptr<Past> past) {
    const std::scoped_lock lock{mutex_};
    past_ = std::move(past);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<Past> past_;
};

struct WorldsTest : testing::Test {
  WorldsTest() : house{{}, {.worlds = &worlds}} {
    house.gate.add("travels", {});
    house.gate.set_nature({.travel = access::Travel{.at = from_unix_seconds(kThen)}}, "travels");
    past = std::make_shared<Past>(house);
    worlds.set(past);
  }
  HttpAnswer post(const std::string& key, const std::string& path, const std::string& body) {
    SocketClient client{house.port()};
    client.send("POST " + path + " HTTP/1.1\r\nHost: x\r\nkey: " + key +
                "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return read_http_answer(client);
  }
  const market::Instrument& apple() const { return house.instrument("US:AAPL"); }

  FakeWorlds worlds;
  House house;
  std::shared_ptr<Past> past;
};

TEST_F(WorldsTest, calls_and_calendars_are_of_the_world_of_the_key) {
  house.publish("US:AAPL", 9);
  past->publish(apple(), 4);
  const std::string codes = R"({"codes":["US:AAPL"]})";
  EXPECT_TRUE(post("good", "/snapshot", codes).body.contains(R"("lp":"9")"));
  EXPECT_TRUE(post("travels", "/snapshot", codes).body.contains(R"("lp":"4")"));
  EXPECT_TRUE(post("good", "/market-calendar", R"({"market":["US"]})").body.contains("20250616,F"));
  const auto calendar = post("travels", "/market-calendar", R"({"market":["US"]})").body;
  EXPECT_TRUE(calendar.contains("20190201,F")) << calendar;
  EXPECT_FALSE(calendar.contains("20250616")) << calendar;
}

TEST_F(WorldsTest, a_websocket_shows_its_world_beside_a_live_one) {
  house.publish("US:AAPL", 9);
  past->publish(apple(), 4);
  WsClient live{house.port()};
  WsClient then{house.port(), "travels"};
  EXPECT_EQ(live.ask(R"({"type":"S","codes":["US:AAPL"]})"), R"({"type":"S","msg":"OK","time":1750086000})");
  EXPECT_EQ(then.ask(R"({"type":"S","codes":["US:AAPL"]})"), R"({"type":"S","msg":"OK","time":1548984600})");
  EXPECT_TRUE(live.hear().contains(R"("lp":"9")"));
  EXPECT_TRUE(then.hear().contains(R"("lp":"4")"));
  past->publish(apple(), 5);
  EXPECT_TRUE(then.hear().contains(R"("lp":"5")"));
  house.publish("US:AAPL", 10);
  EXPECT_TRUE(live.hear().contains(R"("lp":"10")"));
  EXPECT_TRUE(then.ask(R"({"type":"RS","codes":["US:AAPL"]})").contains(R"("lp":"5")"));
  past->clock.advance(std::chrono::hours{1});
  EXPECT_EQ(then.ask(R"({"type":"H"})"), R"({"type":"H","msg":"OK","time":1548988200})");
  // Numbers are of its world too.
  EXPECT_TRUE(then.ask(R"({"type":"X","ext":["seq"]})").contains(R"("epoch":5000)"));
}

TEST_F(WorldsTest, a_world_that_is_not_there_is_asked_for_again) {
  worlds.set(nullptr);
  const auto answer = post("travels", "/snapshot", R"({"codes":["US:AAPL"]})");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "1");
  EXPECT_EQ(answer.body,
            R"({"msg":"not ready: the past that this key travels in is being made ready","code":503})");
  const WsClient refused{house.port(), "travels"};
  EXPECT_EQ(refused.answer.status, 503);
  EXPECT_EQ(refused.answer.header("retry-after"), "1");
  worlds.set(past);
  const WsClient taken{house.port(), "travels"};
  EXPECT_EQ(taken.answer.status, 101);
}

TEST_F(WorldsTest, a_world_lives_as_long_as_a_connection_shows_it_and_no_longer) {
  past->publish(apple(), 4);
  const std::weak_ptr<Past> weak = past;
  {
    WsClient client{house.port(), "travels"};
    worlds.set(nullptr);
    past->publish(apple(), 5);
    past.reset();
    EXPECT_TRUE(client.ask(R"({"type":"RS","codes":["US:AAPL"]})").contains(R"("lp":"5")"));
    EXPECT_FALSE(weak.expired());
  }
  while (!weak.expired()) std::this_thread::yield();
  // The next one is a world of its own.
  past = std::make_shared<Past>(house);
  past->publish(apple(), 7);
  worlds.set(past);
  WsClient client{house.port(), "travels"};
  client.ask(R"({"type":"S","codes":["US:AAPL"]})");
  EXPECT_TRUE(client.hear().contains(R"("lp":"7")"));
}

// The loop leaves a world and comes back while its market goes on.
TEST_F(WorldsTest, a_world_can_be_left_and_entered_while_its_market_goes_on) {
  std::jthread market{[&](const std::stop_token& over) {
    for (std::uint64_t n = 1; !over.stop_requested(); ++n) {
      past->publish(apple(), n);
      std::this_thread::yield();
    }
  }};
  for (int times = 0; times < 10; ++times) {
    WsClient client{house.port(), "travels"};
    client.ask(R"({"type":"X","ext":["seq"]})");
    client.ask(R"({"type":"S","codes":["US:AAPL"]})");
    std::uint64_t last = 0;
    for (int heard = 0; heard < 50; ++heard) {
      const auto push = client.hear();
      const std::uint64_t seq = std::stoull(push.substr(push.find(R"("seq":)") + 6));
      ASSERT_TRUE(last == 0 || seq == last + 1) << push;
      last = seq;
    }
    client.disconnect();
    while (past.use_count() > 2) std::this_thread::yield();
  }
}

}  // namespace
}  // namespace qos::api::serving
