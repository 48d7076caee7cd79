// Keys with a cursor: an unchanged client that comes back is sent the trades and final K-lines it missed.
#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "api/cursors.hpp"
#include "api/server_fixture.hpp"
#include "api/socket_client.hpp"
#include "store/sqlite.hpp"
#include "support/temp_folder.hpp"

namespace qos::api::serving {
namespace {

using channel::ChannelKey;
using channel::Topic;
using std::chrono::seconds;

std::string trade_push(std::uint64_t n) {
  const std::string number = std::to_string(n);
  return R"({"tp":"T","c":"US:AAPL","p":")" + number + R"(","v":"1","ts":)" + number + R"(,"d":1})";
}
std::string kline_push(std::uint64_t n) {
  const std::string price = '"' + std::to_string(n) + '"';
  return R"({"tp":"K","c":"US:AAPL","o":)" + price + R"(,"cl":)" + price + R"(,"h":)" + price + R"(,"l":)" +
         price + R"(,"v":"0","ts":0,"kt":1})";
}

struct WsCursor : testing::Test {
  WsCursor() { start(); }
  // A server with the positions that are on disk.
  void start() {
    house.reset();
    cursors.reset();
    cursors = open();
    house = std::make_unique<House>(ServerOptions{}, House::Seams{.cursors = cursors.get()});
    house->gate.set_nature({.cursor = true, .travel = std::nullopt});
  }
  std::unique_ptr<Cursors> open() {
    return Cursors::open({.database = folder / "cursors.sqlite",
                          .report =
                              [this](std::string line) {
                                const std::scoped_lock lock{mutex};
                                reported.push_back(std::move(line));
                              }},
                         instruments, clock)
        .value();
  }
  ~WsCursor() override {
    house.reset();
    cursors.reset();
  }
  const market::Instrument& apple() const { return house->instrument("US:AAPL"); }
  ChannelKey trades() const { return {apple().id, Topic::trade, 0}; }
  std::optional<Sequence> position(const ChannelKey& channel) const {
    return cursors->position(KeyId{1}, channel);
  }
  // What the client has heard so far is confirmed: a second passes, it is pinged, and answers.
  void confirm(WsClient& client) {
    house->clock.advance(seconds{1});
    const WsFrame ping = client.read_frame();
    ASSERT_EQ(ping.opcode, 9);
    client.send(masked_frame(0x8A, ping.payload));
    client.ask(R"({"type":"H"})");
  }
  static void subscribe(WsClient& client, const std::string& type = "T") {
    ASSERT_TRUE(
        client.ask(R"({"type":")" + type + R"(","codes":["US:AAPL"],"kt":1})").contains(R"("msg":"OK")"));
  }
  // The server knows that the client has gone.
  void disconnect(WsClient& client) {
    client.disconnect();
    while (house->counters().websockets_open.value() > 0) std::this_thread::yield();
  }
  Rewind::Result past(const Rewind::Request& request, std::uint64_t until) const {
    Rewind::Result result{.pushes = {}, .until = Sequence{until}};
    for (std::uint64_t n = request.after.value() + 1; n <= until; ++n) {
      Rewind::Missed push{
          .number = request.what == Rewind::What::trades ? n : 0, .sequence = Sequence{n}, .body = {}};
      if (request.what == Rewind::What::trades)
        json::append_trade_body(push.body, apple(), trade_at(n));
      else
        json::append_kline_body(push.body, apple(), market::KlineType::m1, kline_at(n));
      result.pushes.push_back(std::move(push));
    }
    return result;
  }

  test::TempFolder folder;
  market::CalendarTable calendars = load_calendars();
  market::InstrumentTable instruments = load_instruments(calendars);
  io::ManualClock clock{from_unix_seconds(0)};  // of the writer: it writes when a test says so
  std::mutex mutex;
  std::vector<std::string> reported;
  std::unique_ptr<House> house;
  std::unique_ptr<Cursors> cursors;
};

TEST_F(WsCursor, what_was_queued_before_an_answered_ping_is_confirmed) {
  house->publish("US:AAPL", 3);
  WsClient client{house->port()};
  subscribe(client);
  EXPECT_FALSE(position(trades()));
  confirm(client);
  EXPECT_EQ(position(trades()), Sequence{3}) << "everything before the subscription is none of its business";
  house->publish("US:AAPL", 4);
  EXPECT_EQ(client.hear(), trade_push(4));
  house->clock.advance(seconds{1});
  const WsFrame ping = client.read_frame();
  house->publish("US:AAPL", 5);
  EXPECT_EQ(client.hear(), trade_push(5));
  // Pongs that answer no ping confirm nothing.
  for (const char* payload : {"", "x", "-1", "77", "99999999999999999999999"})
    client.send(masked_frame(0x8A, payload));
  client.ask(R"({"type":"H"})");
  EXPECT_EQ(position(trades()), Sequence{3});
  client.send(masked_frame(0x8A, ping.payload));
  client.ask(R"({"type":"H"})");
  EXPECT_EQ(position(trades()), Sequence{4}) << "5 came after the ping";
}

TEST_F(WsCursor, a_client_that_comes_back_is_sent_the_trades_it_missed) {
  house->publish("US:AAPL", 3);
  {
    WsClient client{house->port()};
    subscribe(client);
    confirm(client);
    disconnect(client);
  }
  house->publish("US:AAPL", 6);
  WsClient client{house->port()};
  subscribe(client);
  const auto asked = house->rewind.take();
  EXPECT_EQ(asked.request.what, Rewind::What::trades);
  EXPECT_EQ(asked.request.after, Sequence{3});
  EXPECT_EQ(asked.request.at_least, Sequence{6});
  house->publish("US:AAPL", 7);
  asked.done(past(asked.request, 7));
  for (std::uint64_t n = 4; n <= 7; ++n) EXPECT_EQ(client.hear(), trade_push(n));
  house->publish("US:AAPL", 8);
  EXPECT_EQ(client.hear(), trade_push(8));
  confirm(client);
  EXPECT_EQ(position(trades()), Sequence{8});
}

TEST_F(WsCursor, final_klines_come_before_the_one_in_progress) {
  house->publish("US:AAPL", 3);
  {
    WsClient client{house->port()};
    subscribe(client, "K");
    EXPECT_EQ(client.hear(), kline_push(3));
    confirm(client);
    disconnect(client);
  }
  // One event may change several K-lines of a type: what is sure is what was before it.
  EXPECT_EQ(position({apple().id, Topic::kline, 0}), Sequence{2});
  house->publish("US:AAPL", 6);
  WsClient client{house->port()};
  subscribe(client, "K");
  const auto asked = house->rewind.take();
  EXPECT_EQ(asked.request.what, Rewind::What::final_klines);
  EXPECT_EQ(asked.request.after, Sequence{2});
  asked.done(past(asked.request, 5));
  // Not so far: what is between would be missing.
  const auto heard = client.hear();
  EXPECT_EQ(heard, kline_push(6)) << "an ordinary subscription";
  EXPECT_EQ(house->counters().cursors_lost.value(), 1U);
}

TEST_F(WsCursor, final_klines_are_sent_as_old_clients_know_them) {
  house->publish("US:AAPL", 3);
  cursors->confirm(KeyId{1}, std::array{Cursors::Position{{apple().id, Topic::kline, 0}, Sequence{1}}});
  WsClient client{house->port()};
  subscribe(client, "K");
  const auto asked = house->rewind.take();
  house->publish("US:AAPL", 4);
  Rewind::Result result{.pushes = {}, .until = Sequence{3}};
  result.pushes = past(asked.request, 2).pushes;
  asked.done(std::move(result));
  for (std::uint64_t n = 2; n <= 4; ++n) EXPECT_EQ(client.hear(), kline_push(n));
}

TEST_F(WsCursor, positions_survive_a_restart) {
  house->publish("US:AAPL", 3);
  {
    WsClient client{house->port()};
    subscribe(client);
    confirm(client);
  }
  start();
  EXPECT_EQ(position(trades()), Sequence{3});
  house->publish("US:AAPL", 4);
  WsClient client{house->port()};
  subscribe(client);
  const auto asked = house->rewind.take();
  asked.done(past(asked.request, 4));
  EXPECT_EQ(client.hear(), trade_push(4));
}

TEST_F(WsCursor, whoever_unsubscribes_wants_nothing_of_what_follows) {
  house->publish("US:AAPL", 3);
  WsClient client{house->port()};
  subscribe(client);
  confirm(client);
  client.ask(R"({"type":"TC","codes":["US:AAPL"]})");
  EXPECT_FALSE(position(trades()));
  house->publish("US:AAPL", 9);
  subscribe(client);
  client.ask(R"({"type":"H"})");
  house->publish("US:AAPL", 10);
  EXPECT_EQ(client.hear(), trade_push(10));
  EXPECT_EQ(house->rewind.asks(), 0);
}

TEST_F(WsCursor, what_cannot_be_sent_is_counted_and_reported_and_the_stream_starts_as_ever) {
  const auto lost = [&](std::uint64_t after, std::optional<Rewind::Failure> failure) {
    cursors->confirm(KeyId{1}, std::array{Cursors::Position{trades(), Sequence{after}}});
    WsClient client{house->port()};
    subscribe(client);
    if (failure) house->rewind.take().done(std::unexpected{*failure});
    while (!cursors->counters().losts.value()) std::this_thread::yield();
    while (position(trades())) std::this_thread::yield();
    client.ask(R"({"type":"H"})");
    disconnect(client);
  };
  house->publish("US:AAPL", 10);
  lost(4, Rewind::Failure::too_old);
  EXPECT_EQ(house->counters().cursors_lost.value(), 1U);
  {
    const std::scoped_lock lock{mutex};
    ASSERT_EQ(reported.size(), 1U);
    EXPECT_EQ(reported[0], "cursor of key 1: what it missed of trades US:AAPL since event 4 cannot be sent");
  }
  // Of a journal that was taken away: events that are not there yet.
  lost(11, std::nullopt);
  EXPECT_EQ(cursors->counters().losts.value(), 2U);
}

TEST_F(WsCursor, other_keys_are_not_pinged) {
  house->gate.set_nature({});
  house->publish("US:AAPL", 3);
  WsClient client{house->port()};
  subscribe(client);
  for (int times = 0; times < 3; ++times) {
    house->clock.advance(seconds{1});
    EXPECT_TRUE(client.ask(R"({"type":"H"})").starts_with(R"({"type":"H")"));
  }
  EXPECT_FALSE(position(trades()));
}

TEST_F(WsCursor, a_client_that_does_not_answer_is_not_pinged_for_ever) {
  WsClient client{house->port()};
  for (int times = 0; times < 8; ++times) {
    house->clock.advance(seconds{1});
    EXPECT_EQ(client.read_frame().opcode, 9);
  }
  house->clock.advance(seconds{1});
  EXPECT_TRUE(client.ask(R"({"type":"H"})").starts_with(R"({"type":"H")"));
}

TEST_F(WsCursor, who_asks_for_numbers_names_its_own_position) {
  house->publish("US:AAPL", 10);
  cursors->confirm(KeyId{1}, std::array{Cursors::Position{trades(), Sequence{4}}});
  WsClient client{house->port()};
  client.ask(R"({"type":"X","ext":["seq"]})");
  subscribe(client);
  client.ask(R"({"type":"H"})");
  house->publish("US:AAPL", 11);
  EXPECT_TRUE(client.hear().contains(R"("seq":11)"));
  EXPECT_EQ(house->rewind.asks(), 0);
}

TEST_F(WsCursor, positions_rise_and_are_forgotten_on_disk_too) {
  const ChannelKey klines{apple().id, Topic::kline, 2};
  cursors->confirm(
      KeyId{1}, std::array{Cursors::Position{trades(), Sequence{7}}, Cursors::Position{klines, Sequence{8}}});
  cursors->confirm(KeyId{1}, std::array{Cursors::Position{trades(), Sequence{5}}});
  cursors->confirm(KeyId{2}, std::array{Cursors::Position{trades(), Sequence{9}}});
  ASSERT_TRUE(cursors->flush());
  cursors->forget(KeyId{1}, std::array{klines});
  ASSERT_TRUE(cursors->flush());
  start();
  EXPECT_EQ(position(trades()), Sequence{7});
  EXPECT_FALSE(position(klines));
  EXPECT_EQ(cursors->position(KeyId{2}, trades()), Sequence{9});
}

// A disk that refuses: positions stay in memory, and are written when it takes them again.
TEST_F(WsCursor, what_could_not_be_written_is_written_later) {
  auto other = store::Database::open({.path = folder / "cursors.sqlite"}).value();
  ASSERT_TRUE(other.execute("ALTER TABLE cursors RENAME TO gone"));
  cursors->confirm(KeyId{1}, std::array{Cursors::Position{trades(), Sequence{7}}});
  EXPECT_FALSE(cursors->flush());
  EXPECT_EQ(cursors->counters().write_failures.value(), 1U);
  cursors->confirm(KeyId{1}, std::array{Cursors::Position{trades(), Sequence{8}}});
  ASSERT_TRUE(other.execute("ALTER TABLE gone RENAME TO cursors"));
  ASSERT_TRUE(cursors->flush());
  start();
  EXPECT_EQ(position(trades()), Sequence{8});
}

}  // namespace
}  // namespace qos::api::serving
