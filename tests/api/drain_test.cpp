// A server that is told to stop asks its clients to leave, one after another, and serves them until they do.
#include <gtest/gtest.h>

#include <poll.h>

#include <thread>

#include "api/drain_pace.hpp"
#include "api/server_fixture.hpp"
#include "api/socket_client.hpp"

namespace qos::api::serving {
namespace {

using namespace std::chrono_literals;

constexpr Farewell kFarewell{.over = 5s, .patience = 2s, .reason = "the server restarts"};

// Every 100 ms, as the loop ticks.
std::vector<std::size_t> tell_all(std::size_t connections, std::chrono::milliseconds over) {
  DrainPace pace{SteadyTime{}, over};
  std::vector<std::size_t> told;
  for (auto at = 0ms; at <= over; at += 100ms) {
    told.push_back(pace.take_due(SteadyTime{at}, connections));
    connections -= told.back();
  }
  EXPECT_EQ(connections, 0U);
  return told;
}

TEST(DrainPace, spreads_any_number_evenly_over_the_time) {
  for (const std::size_t connections : {1UZ, 2UZ, 7UZ, 49UZ, 50UZ, 51UZ, 100UZ, 149UZ, 18'000UZ}) {
    const auto told = tell_all(connections, 5s);
    const std::size_t share = (connections + 49) / 50;
    std::size_t so_far = 0;
    for (std::size_t tick = 0; tick < told.size(); ++tick) {
      EXPECT_LE(told[tick], share + 1) << connections << " at tick " << tick;
      so_far += told[tick];
      // As many as a straight line says, the one at the beginning included.
      EXPECT_NEAR(static_cast<double>(so_far),
                  static_cast<double>(connections) * static_cast<double>(tick) / 50 + 1, 1.01)
          << connections << " at tick " << tick;
    }
    EXPECT_GE(told.front(), 1U) << "the first one need not wait";
  }
}

TEST(DrainPace, tells_all_at_once_where_there_is_no_time) {
  DrainPace pace{SteadyTime{}, 0ms};
  EXPECT_EQ(pace.take_due(SteadyTime{}, 1'000), 1'000U);
  EXPECT_EQ(pace.take_due(SteadyTime{}, 3), 3U) << "and whoever comes later too";
}

TEST(DrainPace, shares_the_time_that_is_left_among_those_that_are_left) {
  DrainPace pace{SteadyTime{}, 10s};
  EXPECT_EQ(pace.take_due(SteadyTime{1s}, 100), 11U);
  EXPECT_EQ(pace.take_due(SteadyTime{2s}, 9), 1U) << "eighty have left by themselves";
  EXPECT_EQ(pace.take_due(SteadyTime{2s}, 8), 0U) << "nobody is told twice";
  EXPECT_EQ(pace.take_due(SteadyTime{10s}, 7), 7U);
}

TEST(DrainPace, catches_up_when_a_tick_comes_late) {
  DrainPace pace{SteadyTime{}, 10s};
  EXPECT_EQ(pace.take_due(SteadyTime{9s}, 100), 91U);
  EXPECT_EQ(pace.take_due(SteadyTime{100s}, 9), 9U);
}

void wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error{"it does not happen"};
    std::this_thread::yield();
  }
}

bool has_something_to_read(const SocketClient& client) {
  pollfd waiting{.fd = client.native(), .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, 0) > 0;
}

TEST(Drain, every_websocket_gets_1012_in_its_time_and_pushes_go_on_until_then) {
  ServerOptions options;
  options.loops = 2;
  House house{options};
  std::vector<std::unique_ptr<WsClient>> clients;
  for (int count = 0; count < 20; ++count) {
    clients.push_back(std::make_unique<WsClient>(house.port()));
    clients.back()->ask(R"({"type":"T","codes":["US:AAPL"]})");
  }
  house.server().drain(kFarewell);
  const std::vector<std::uint64_t> straight{2,  6,  10,
                                            14, 18, 20};  // each loop has ten, and tells its first at once
  std::size_t gone = 0;
  for (std::size_t second = 0; second < straight.size(); ++second) {
    if (second > 0) house.clock.advance(1s);
    wait_until([&] { return house.counters().drained.value() >= straight[second]; });
    ASSERT_EQ(house.counters().drained.value(), straight[second]) << "after " << second << " s";
    // Who was told hears nothing but the close frame; the others hear what happens.
    house.publish("US:AAPL", second + 1);
    std::erase_if(clients, [&](const auto& client) {
      auto frame = client->read_frame();
      if (frame.opcode == 1) {
        EXPECT_NE(frame.payload.find(R"("ts":)" + std::to_string(second + 1)), std::string::npos)
            << frame.payload;
        return false;
      }
      EXPECT_EQ(frame.opcode, 8);
      EXPECT_EQ(frame.close_code(), 1012);
      EXPECT_EQ(frame.payload.substr(2), kFarewell.reason);
      client->send(masked_frame(0x88, frame.payload));
      EXPECT_TRUE(client->at_end());
      ++gone;
      return true;
    });
    EXPECT_EQ(gone, straight[second]);
  }
  EXPECT_TRUE(clients.empty());
  wait_until([&] { return house.counters().connections_open.value() == 0; });
  EXPECT_EQ(house.counters().drain_cuts.value(), 0U);
}

TEST(Drain, lets_nobody_in_but_those_who_wait_already) {
  House house;
  house.server().drain(kFarewell);
  EXPECT_THROW(SocketClient{house.port()}, std::runtime_error);
}

std::string ask_health() {
  return "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
}

TEST(Drain, an_answer_says_that_it_is_the_last_and_an_idle_connection_is_closed) {
  House house;
  SocketClient busy{house.port()};
  SocketClient idle{house.port()};
  for (auto* client : {&busy, &idle}) {
    client->send(ask_health());
    EXPECT_EQ(read_http_answer(*client).header("connection"), "");
  }
  SocketClient half{house.port()};
  const auto request = ask_health();
  half.send(request.substr(0, 20));
  // Answered by the loop behind the half request: it has arrived there.
  busy.send(ask_health());
  read_http_answer(busy);
  house.server().drain(kFarewell);
  wait_until([&] { return house.counters().drained.value() == 1; });
  // One of the three was asked at once; whichever it was, none is left without an answer that it began to ask
  // for.
  house.clock.advance(5s);
  wait_until([&] { return house.counters().drained.value() == 3; });
  EXPECT_TRUE(idle.at_end());
  EXPECT_TRUE(busy.at_end());
  EXPECT_FALSE(has_something_to_read(half));
  half.send(request.substr(20) + request);
  EXPECT_EQ(read_http_answer(half).header("connection"), "close");
  EXPECT_TRUE(half.at_end()) << "what stood behind it in line is for another server";
}

TEST(Drain, a_request_before_its_turn_gets_the_last_answer) {
  House house;
  std::vector<std::unique_ptr<SocketClient>> clients;
  for (int count = 0; count < 2; ++count) {
    clients.push_back(std::make_unique<SocketClient>(house.port()));
    clients.back()->send(ask_health());
    read_http_answer(*clients.back());
  }
  house.server().drain(kFarewell);
  wait_until([&] { return has_something_to_read(*clients[0]) || has_something_to_read(*clients[1]); });
  auto& second = has_something_to_read(*clients[0]) ? *clients[1] : *clients[0];
  second.send(ask_health());
  const auto answer = read_http_answer(second);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(second.at_end());
}

TEST(Drain, cuts_off_who_neither_answers_the_close_nor_ends_its_request) {
  House house;
  WsClient silent{house.port()};
  SocketClient half{house.port()};
  half.send("GET /health HT");
  WsClient arrived{house.port()};
  // Shorter than a session's own patience with an answer to its close frame.
  house.server().drain({.over = 2s, .patience = 2s, .reason = "the server restarts"});
  wait_until([&] { return house.counters().drained.value() == 1; });
  house.clock.advance(2s);
  wait_until([&] { return house.counters().drained.value() == 3; });
  EXPECT_EQ(arrived.read_frame().close_code(), 1012);
  arrived.disconnect();
  wait_until([&] { return house.counters().connections_open.value() == 2; });
  house.clock.advance(1'999ms);
  EXPECT_EQ(house.counters().drain_cuts.value(), 0U);
  house.clock.advance(1ms);
  wait_until([&] { return house.counters().connections_open.value() == 0; });
  EXPECT_EQ(house.counters().drain_cuts.value(), 2U);
  EXPECT_EQ(silent.read_frame().close_code(), 1012);
  EXPECT_TRUE(half.at_end());
}

TEST(Drain, stop_makes_an_end_of_it_at_once) {
  House house;
  WsClient first{house.port()};
  WsClient second{house.port()};
  house.server().drain(kFarewell);
  wait_until([&] { return house.counters().drained.value() == 1; });
  house.server().stop();  // the clock stands: the second one's time would never come
  EXPECT_EQ(first.read_frame().close_code(), 1012);
  EXPECT_EQ(second.read_frame().close_code(), 1012);
  EXPECT_EQ(house.counters().connections_open.value(), 0);
}

}  // namespace
}  // namespace qos::api::serving
