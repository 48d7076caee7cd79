// Many clients, and clients that misbehave.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "e2e/json.hpp"
#include "e2e/test_server.hpp"

namespace qos::e2e {
namespace {

using namespace std::chrono_literals;

void allow_descriptors(rlim_t wanted) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_cur >= wanted) return;
  if (limit.rlim_max < wanted) GTEST_SKIP() << "at most " << limit.rlim_max << " descriptors here";
  limit.rlim_cur = wanted;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST(Load, a_thousand_connections_all_hear_the_same_trade) {
  allow_descriptors(4'000);
  if (IsSkipped()) return;
  TestServer server{[](server::Config& config) { config.io_threads = 2; }};
  std::vector<WsClient> clients;
  for (int number = 0; number < 1'000; ++number) {
    clients.push_back(server.connect());
    clients.back().ask(R"({"type":"T","codes":["HK:700"]})");
  }
  server.say(trade_at(server.id("HK:700"), "600.5", 200, kMonday + 1s));
  for (auto& client : clients)
    ASSERT_EQ(client.receive().value_or(""),
              R"({"tp":"T","c":"HK:700","p":"600.5","v":"200","ts":1767578401,"d":1})");
}

TEST(Load, a_reader_that_stops_is_closed_and_the_others_miss_nothing) {
  TestServer server{[](server::Config& config) {
    config.http.outbox_hard_bytes = 256 << 10;
    config.http.outbox_soft_bytes = 128 << 10;
  }};
  auto stopped = server.connect();
  auto reading = server.connect();
  for (auto* client : {&stopped, &reading}) client->ask(R"({"type":"T","codes":["HK:700"]})");
  // More than the kernel buffers and the outbox hold together: the stopped client must be given up.
  constexpr int kTrades = 150'000;
  int heard = 0;
  for (int trade = 0; trade < kTrades; ++trade) {
    server.say(trade_at(server.id("HK:700"), "600.5", 100 + trade, kMonday + 1s));
    if (trade % 100 != 99) continue;
    for (; heard <= trade; ++heard) {
      const auto push = reading.receive();
      ASSERT_TRUE(push) << "the reader was closed after " << heard;
      ASSERT_EQ(at(*push, "/v"), '"' + std::to_string(100 + heard) + '"');
    }
  }
  int before_close = 0;
  while (stopped.receive()) ++before_close;
  EXPECT_LT(before_close, kTrades) << "the stopped client was sent everything: its outbox had no bound";
}

}  // namespace
}  // namespace qos::e2e
