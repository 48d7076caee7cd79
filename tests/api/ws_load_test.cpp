// Many clients, slow clients, and clients that come and go while the market speaks.
#include <gtest/gtest.h>

#include <malloc.h>

#include <fstream>
#include <random>
#include <thread>

#include "api/server_fixture.hpp"
#include "api/socket_client.hpp"

namespace qos::api::serving {
namespace {

using namespace std::chrono_literals;

// The n of a push of snapshots or trades: its price.
std::uint64_t number_of(const std::string& push) {
  const std::string_view price = push.starts_with(R"({"tp":"S")") ? R"("lp":")" : R"("p":")";
  const auto at = push.find(price);
  if (!(push.starts_with(R"({"tp":"S")") || push.starts_with(R"({"tp":"T")")) || at == std::string::npos)
    throw std::runtime_error{"no push: " + push};
  return std::stoull(push.substr(at + price.size()));
}

// The promise of protocol section 5 under load: every subscriber sees the answer, then every trade once and
// in order, or the state and later ever newer ones, while the market never stops; after the answer to its
// unsubscription it sees none.
class EverySubscriber : public ::testing::TestWithParam<char> {};
INSTANTIATE_TEST_SUITE_P(WsLoad, EverySubscriber, ::testing::Values('S', 'T'));

TEST_P(EverySubscriber, sees_every_change_or_newer_ones_in_order) {
  ServerOptions options;
  options.loops = 2;
  options.outbox_grace = 1h;
  House house{options};
  house.publish("US:AAPL", 1);
  std::jthread market{[&](const std::stop_token& over) {
    for (std::uint64_t n = 2; !over.stop_requested(); ++n) {
      house.publish("US:AAPL", n);
      if (n % 8 == 0) std::this_thread::sleep_for(50us);  // leaves the clients some of two cores
    }
  }};
  std::vector<std::jthread> clients;
  std::atomic<int> streams{0};
  for (int number = 0; number < 4; ++number)
    clients.emplace_back([&house, &streams, number, topic = GetParam()] {
      const auto follows = [topic](std::uint64_t next, std::uint64_t last) {
        return topic == 'T' ? next == last + 1 : next > last;
      };
      const auto command = [topic](std::string_view end) {
        return R"({"type":")" + (topic + std::string{end}) + R"(","codes":["US:AAPL"]})";
      };
      std::mt19937_64 random{static_cast<std::uint64_t>(number)};
      WsClient client{house.port()};
      for (int round = 0; round < 25; ++round) {
        ASSERT_TRUE(
            client.ask(command("")).starts_with(R"({"type":")" + std::string{topic} + R"(","msg":"OK")"));
        std::uint64_t last = number_of(client.hear());
        for (auto pushes = random() % 200; pushes > 0; --pushes) {
          const std::uint64_t next = number_of(client.hear());
          ASSERT_TRUE(follows(next, last)) << next << " after " << last;
          last = next;
        }
        client.say(command("C"));
        std::string heard = client.hear();
        for (; heard.starts_with(R"({"tp")"); heard = client.hear()) {
          ASSERT_TRUE(follows(number_of(heard), last));
          last = number_of(heard);
        }
        ASSERT_TRUE(heard.starts_with(R"({"type":")" + std::string{topic} + R"(C","msg":"OK")")) << heard;
        ASSERT_TRUE(client.ask(R"({"type":"H"})").starts_with(R"({"type":"H")")) << "a push after the answer";
        streams.fetch_add(1);
      }
    });
  clients.clear();
  EXPECT_EQ(streams.load(), 100);
}

// One subscriber never reads. The others get everything, and it is told 4008 if it reads again in time.
TEST(WsLoad, closes_a_client_that_does_not_read_and_serves_the_others) {
  ServerOptions options;
  options.outbox_hard_bytes = 200'000;
  House house{options};
  house.publish("US:AAPL", 1);
  WsClient slow{house.port(), "good", 4'096};
  WsClient quick{house.port()};
  for (auto* client : {&slow, &quick}) client->ask(R"({"type":"T","codes":["US:AAPL"]})");
  std::uint64_t n = 1;
  while (house.counters().slow_consumers.value() == 0) {
    ASSERT_LT(n, 2'000'000U) << "the kernel cannot hold that much";
    for (int burst = 0; burst < 100; ++burst) house.publish("US:AAPL", ++n);
    for (int burst = 99; burst >= 0; --burst)
      ASSERT_EQ(number_of(quick.hear()), n - static_cast<std::uint64_t>(burst));
  }
  std::uint64_t last = 1;
  for (;;) {
    const auto frame = slow.read_frame();
    if (frame.opcode == 8) {
      EXPECT_EQ(frame.close_code(), 4008);
      break;
    }
    ASSERT_EQ(number_of(frame.payload), ++last) << "what came before the end has no hole";
  }
  EXPECT_TRUE(slow.at_end());
  house.publish("US:AAPL", ++n);
  EXPECT_EQ(number_of(quick.hear()), n);
}

// A subscriber of snapshots that does not read costs one of them, is not closed, and has the latest when it
// reads again; told the numbers of its pushes, it is told what it was spared.
class ClientThatStops : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(WsLoad, ClientThatStops, ::testing::Bool());

TEST_P(ClientThatStops, is_sent_the_latest_snapshot_when_it_reads_again) {
  ServerOptions options;
  options.outbox_hard_bytes = 200'000;
  House house{options};
  house.publish("US:AAPL", 1);
  WsClient slow{house.port(), "good", 4'096};
  if (GetParam()) slow.ask(R"({"type":"X","ext":["seq"]})");
  slow.ask(R"({"type":"S","codes":["US:AAPL"]})");
  EXPECT_EQ(number_of(slow.hear()), 1U);
  std::uint64_t n = 1;
  while (house.counters().frames_superseded.value() < 10'000) house.publish("US:AAPL", ++n);
  const auto member_of = [](const std::string& push, std::string_view name) {
    const auto at = push.find(name);
    return at == std::string::npos ? std::uint64_t{0} : std::stoull(push.substr(at + name.size()));
  };
  std::uint64_t last = 1;
  std::uint64_t merged = 0;
  while (last < n) {
    const auto push = slow.hear();
    ASSERT_GT(number_of(push), last);
    if (GetParam()) {
      EXPECT_EQ(member_of(push, R"("seq":)") % 1'000'000'000, number_of(push) % 1'000'000'000);
      ASSERT_EQ(member_of(push, R"("merged":)"), number_of(push) - last - 1) << "every hole is told";
      merged += number_of(push) - last - 1;
    } else {
      ASSERT_EQ(push.find("merged"), std::string::npos);
    }
    last = number_of(push);
  }
  if (GetParam()) {
    EXPECT_EQ(merged, house.counters().frames_superseded.value());
  }
  EXPECT_EQ(house.counters().slow_consumers.value(), 0U);
}

// Nine megabytes or so, more than the kernel holds for a client that does not read.
std::string question_of_a_long_answer() {
  std::string codes;
  for (int number = 100'000; number < 102'000; ++number)
    codes += (codes.empty() ? "SZ:" : ",") + std::to_string(number);
  std::string questions;
  for (int round = 0; round < 11; ++round)
    questions += (round == 0 ? R"({"c":")" : R"(,{"c":")") + codes + R"(","co":4,"kt":1})";
  return R"({"type":"RK","kline_reqs":[)" + questions + "]}";
}

TEST(WsLoad, delivers_an_answer_longer_than_the_outbox_to_a_client_that_reads) {
  ServerOptions options;
  options.outbox_soft_bytes = 10'000;
  options.outbox_hard_bytes = 20'000;
  options.max_frame_bytes = 1 << 20;
  House house{options};
  for (int number = 100'000; number < 102'000; ++number) house.publish("SZ:" + std::to_string(number), 7);
  WsClient client{house.port(), "good", 4'096};
  client.ask(R"({"type":"S","codes":["US:AAPL"]})");
  for (std::uint64_t round = 1; round <= 2; ++round) {
    client.say(question_of_a_long_answer());
    const auto answer = client.hear();
    EXPECT_TRUE(answer.starts_with(R"({"type":"RK","msg":"OK","data":[{"c":"SZ:100000","k":[{)"));
    EXPECT_TRUE(answer.ends_with(R"("kt":1}]}]})"));
    EXPECT_GT(answer.size(), 5'000'000U);
    house.publish("US:AAPL", round);
    EXPECT_EQ(number_of(client.hear()), round);
  }
  EXPECT_EQ(house.counters().slow_consumers.value(), 0U);
}

TEST(WsLoad, closes_a_client_that_asks_on_and_does_not_read_the_answers) {
  ServerOptions options;
  options.max_frame_bytes = 1 << 20;
  House house{options};
  for (int number = 100'000; number < 102'000; ++number) house.publish("SZ:" + std::to_string(number), 7);
  WsClient client{house.port(), "good", 4'096};
  const auto question = question_of_a_long_answer();
  int asked = 0;
  for (; asked < 50 && house.counters().slow_consumers.value() == 0; ++asked) {
    const auto commands = house.counters().ws_commands.value();
    client.say(question);
    while (house.counters().ws_commands.value() == commands && house.counters().slow_consumers.value() == 0)
      std::this_thread::yield();
  }
  EXPECT_LE(asked, 3) << "the kernel's, the one that is excused, and one too many";
}

TEST(WsLoad, gives_up_on_a_client_that_stays_above_soft_for_the_grace_time) {
  ServerOptions options;
  options.outbox_soft_bytes = 10'000;
  options.outbox_hard_bytes = 100'000'000;
  options.outbox_grace = 5s;
  House house{options};
  WsClient slow{house.port(), "good", 4'096};
  slow.ask(R"({"type":"T","codes":["US:AAPL"]})");
  // Enough to fill the kernel's buffers and some of ours, then silence: only the clock goes on.
  for (std::uint64_t n = 1; n < 100'000; ++n) house.publish("US:AAPL", n);
  const std::uint64_t sent = house.counters().frames_sent.value();
  while (house.counters().frames_sent.value() < 100'000) std::this_thread::yield();
  EXPECT_EQ(house.counters().slow_consumers.value(), 0U) << sent;
  house.clock.advance(5s + 1ms);
  while (house.counters().slow_consumers.value() == 0) std::this_thread::yield();
  house.clock.advance(6s);
  while (house.counters().websockets_open.value() > 0) std::this_thread::yield();
}

// The outbox holds less than all first states together; the small one less than the room they have by
// default.
class FirstStatesRoom : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(WsLoad, FirstStatesRoom, ::testing::Values(300'000, 20'000));

TEST_P(FirstStatesRoom, is_enough_to_subscribe_to_two_thousand_codes_in_one_command) {
  ServerOptions options;
  options.outbox_hard_bytes = GetParam();
  House house{options};
  std::string codes;
  for (int number = 100'000; number < 102'000; ++number) {
    house.publish("SZ:" + std::to_string(number), 5);
    codes += (codes.empty() ? "SZ:" : ",") + std::to_string(number);
  }
  WsClient client{house.port()};
  for (const auto* topic : {"S", "D", "K"}) {
    client.say(R"({"type":")" + std::string{topic} + R"(","kt":1,"codes":[")" + codes + R"("]})");
    ASSERT_TRUE(client.hear().starts_with(R"({"type":")" + std::string{topic} + R"(","msg":"OK")"));
    for (int number = 100'000; number < 102'000; ++number) {
      const auto push = client.hear();
      ASSERT_TRUE(
          push.starts_with(R"({"tp":")" + std::string{topic} + R"(","c":"SZ:)" + std::to_string(number)))
          << push;
    }
  }
  EXPECT_EQ(house.counters().slow_consumers.value(), 0U);
}

// What waits when a subscription ends stays where it is: a later one of the same channel must not overtake
// its own beginning.
TEST(WsLoad, keeps_the_order_of_a_channel_that_is_subscribed_anew_while_its_pushes_wait) {
  House house;
  house.publish("US:AAPL", 1);
  WsClient slow{house.port(), "good", 4'096};
  slow.ask(R"({"type":"X","ext":["seq"]})");
  slow.ask(R"({"type":"S","codes":["US:AAPL"]})");
  std::uint64_t n = 1;
  while (house.counters().frames_superseded.value() < 100) house.publish("US:AAPL", ++n);
  slow.say(R"({"type":"SC","codes":["US:AAPL"]})");
  slow.say(R"({"type":"S","codes":["US:AAPL"]})");
  // Two answers of X and S, and these two.
  while (house.counters().ws_commands.value() < 4) std::this_thread::yield();
  const std::uint64_t first = n;
  for (int count = 0; count < 1'000; ++count) house.publish("US:AAPL", ++n);
  std::uint64_t last = 0;
  bool ended = false;
  bool began = false;
  while (!began || last < n) {
    const auto heard = slow.hear();
    if (heard.starts_with(R"({"type":"SC")")) {
      ended = true;
      EXPECT_LE(last, first);
      continue;
    }
    if (heard.starts_with(R"({"type":"S",)")) {
      began = true;
      last = 0;
      continue;
    }
    ASSERT_TRUE(!ended || began) << "a push between: " << heard;
    ASSERT_GT(number_of(heard), last) << heard;
    last = number_of(heard);
  }
  EXPECT_TRUE(began);
}

// Whatever is gathered for, nothing waits for longer than the bound.
TEST(WsLoad, sends_what_it_has_gathered_when_the_bound_is_reached) {
  ServerOptions options;
  options.updates_per_flush = 3;
  options.gather = 2ms;
  House house{options};
  WsClient client{house.port()};
  client.ask(R"({"type":"T","codes":["US:AAPL"]})");
  for (std::uint64_t n = 1; n <= 3; ++n) house.publish("US:AAPL", n);
  for (std::uint64_t n = 1; n <= 3; ++n)
    EXPECT_EQ(number_of(client.hear()), n) << "as many as are gathered for";
  while (house.counters().frames_sent.value() < 4) std::this_thread::yield();
  house.publish("US:AAPL", 4);
  while (house.fanout().waiting(0) > 0) std::this_thread::yield();
  EXPECT_EQ(house.counters().frames_sent.value(), 4U) << "the clock stands still; one was the answer";
  house.clock.advance(2ms);
  EXPECT_EQ(number_of(client.hear()), 4U);
}

// A client that unsubscribes while its first states still wait, and subscribes again, gets each state once.
TEST(WsLoad, forgets_first_states_that_are_unsubscribed_before_they_were_sent) {
  House house;
  house.publish("US:AAPL", 1);
  house.publish("US:TSLA", 1);
  WsClient client{house.port()};
  client.send(masked_frame(0x81, R"({"type":"S","codes":["US:AAPL,TSLA"]})") +
              masked_frame(0x81, R"({"type":"SC","codes":["US:AAPL,TSLA"]})") +
              masked_frame(0x81, R"({"type":"S","codes":["US:TSLA"]})") +
              masked_frame(0x81, R"({"type":"H"})"));
  std::vector<std::string> states;
  for (int frames = 0; frames < 5; ++frames)
    if (auto heard = client.hear(); heard.starts_with(R"({"tp")")) states.push_back(heard);
  ASSERT_EQ(states.size(), 1U);
  EXPECT_TRUE(states[0].starts_with(R"({"tp":"S","c":"US:TSLA")"));
  house.publish("US:AAPL", 2);
  EXPECT_TRUE(client.ask(R"({"type":"H"})").starts_with(R"({"type":"H")"));
}

std::size_t resident_bytes() {
  std::ifstream status{"/proc/self/status"};
  for (std::string word; status >> word;)
    if (word == "VmRSS:") {
      std::size_t kilobytes = 0;
      status >> kilobytes;
      return kilobytes * 1024;
    }
  return 0;
}

TEST(WsLoad, serves_a_thousand_connections_and_remembers_little_of_each) {
  constexpr std::size_t kClients = 1'000;
  ServerOptions options;
  options.loops = 2;
  House house{options};
  std::string codes;
  for (int number = 100'000; number < 100'010; ++number) {
    codes += (codes.empty() ? "SZ:" : ",") + std::to_string(number);
    house.publish("SZ:" + std::to_string(number), 1);
  }
  const auto subscribe = R"({"type":"S","codes":[")" + codes + R"("]})";
  std::vector<std::unique_ptr<WsClient>> clients;
  clients.reserve(kClients);
  ::malloc_trim(0);
  const std::size_t before = resident_bytes();
  for (std::size_t number = 0; number < kClients; ++number) {
    auto& client = *clients.emplace_back(std::make_unique<WsClient>(house.port()));
    ASSERT_EQ(client.answer.status, 101);
    client.ask(subscribe);
    for (int states = 0; states < 10; ++states) ASSERT_EQ(number_of(client.hear()), 1U);
  }
  const std::size_t after = resident_bytes();
  EXPECT_EQ(house.counters().websockets_open.value(), static_cast<std::int64_t>(kClients));
  RecordProperty("resident_bytes_per_connection", static_cast<int>((after - before) / kClients));
  for (std::uint64_t n = 2; n < 12; ++n) {
    house.publish("SZ:100000", n);
    for (auto& client : clients) ASSERT_EQ(number_of(client->hear()), n);
  }
  clients.clear();
  while (house.counters().websockets_open.value() > 0) std::this_thread::yield();
  EXPECT_EQ(house.fanout().listeners({house.instrument("SZ:100000").id, channel::Topic::snapshot, 0}), 0U);
  // The clients of the test live in the same process and are counted too.
  std::printf("%zu resident bytes a connection of ten subscriptions, its test client included\n",
              (after - before) / kClients);
}

}  // namespace
}  // namespace qos::api::serving
