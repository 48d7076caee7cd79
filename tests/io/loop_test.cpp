#include "io/loop.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <thread>

#include "io/listener.hpp"

namespace qos::io {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<Loop> make_loop(std::chrono::milliseconds tick = 100ms) {
  auto loop = Loop::create({.tick = tick});
  EXPECT_TRUE(loop.has_value());
  return std::move(*loop);
}

struct Pair {
  Descriptor left;
  Descriptor right;
};

Pair make_pair_of_sockets() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
  return {Descriptor{ends[0]}, Descriptor{ends[1]}};
}

class Recorder : public ReadyHandler {
 public:
  explicit Recorder(std::function<void(Readiness)> action) : action_{std::move(action)} {}
  void on_ready(Readiness readiness) override {
    ++calls;
    action_(readiness);
  }
  int calls = 0;

 private:
  std::function<void(Readiness)> action_;
};

TEST(Loop, runs_what_was_posted_in_order_and_then_stops) {
  const auto loop = make_loop();
  std::vector<int> seen;
  std::jthread other{[&] {
    for (int index = 0; index < 1'000; ++index) loop->post([&seen, index] { seen.push_back(index); });
    loop->stop();
  }};
  loop->run();
  ASSERT_EQ(seen.size(), 1'000U);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST(Loop, tells_readable_writable_and_broken_apart) {
  const auto loop = make_loop();
  auto pair = make_pair_of_sockets();
  std::vector<Readiness> seen;
  Recorder recorder{[&](Readiness readiness) {
    seen.push_back(readiness);
    if (seen.size() == 1) {
      EXPECT_EQ(::send(pair.right.get(), "x", 1, 0), 1);
      loop->modify(pair.left.get(), {.read = true});
    } else if (seen.size() == 2) {
      pair.right.reset();
    } else {
      loop->remove(pair.left.get());
      loop->stop();
    }
  }};
  ASSERT_TRUE(loop->add(pair.left.get(), {.write = true}, recorder));
  loop->run();
  EXPECT_TRUE(seen[0].writable && !seen[0].readable && !seen[0].broken);
  EXPECT_TRUE(seen[1].readable && !seen[1].writable && !seen[1].broken);
  EXPECT_TRUE(seen[2].broken);
}

TEST(Loop, does_not_call_a_handler_that_another_one_removed_in_the_same_turn) {
  const auto loop = make_loop();
  auto first = make_pair_of_sockets();
  auto second = make_pair_of_sockets();
  int calls = 0;
  // Both are ready at once; whoever is called first removes the other, and a new watch takes its number.
  Recorder replacement{[](Readiness) {}};
  Recorder one{[&](Readiness) {
    ++calls;
    loop->remove(second.left.get());
    EXPECT_TRUE(loop->add(second.left.get(), {.write = false}, replacement));
    loop->stop();
  }};
  Recorder two{[&](Readiness) {
    ++calls;
    loop->remove(first.left.get());
    EXPECT_TRUE(loop->add(first.left.get(), {.write = false}, replacement));
    loop->stop();
  }};
  ASSERT_TRUE(loop->add(first.left.get(), {.write = true}, one));
  ASSERT_TRUE(loop->add(second.left.get(), {.write = true}, two));
  loop->run();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(replacement.calls, 0);
}

TEST(Loop, takes_another_turn_at_once_while_its_owner_has_more_to_do) {
  const auto loop = make_loop(1h);
  int turns = 0;
  loop->on_turn([&] {
    if (++turns == 50) loop->stop();
    return true;
  });
  loop->wake();
  loop->run();
  EXPECT_EQ(turns, 50);
}

TEST(Loop, ticks_without_any_event) {
  const auto loop = make_loop(1ms);
  int ticks = 0;
  loop->on_tick([&] {
    if (++ticks == 3) loop->stop();
  });
  loop->run();
  EXPECT_EQ(ticks, 3);
}

// Each wake-up must lead to a turn that starts after it; a lost one would leave the loop asleep for an hour.
TEST(Loop, loses_no_wake_up_between_threads) {
  const auto loop = make_loop(1h);
  constexpr int kRounds = 20'000;
  std::atomic<int> asked{0};
  std::atomic<int> served{0};
  loop->on_turn([&] {
    served.store(asked.load());
    served.notify_one();
    return false;
  });
  std::jthread other{[&] {
    for (int round = 1; round <= kRounds; ++round) {
      asked.store(round);
      loop->wake();
      for (int seen = served.load(); seen < round; seen = served.load()) served.wait(seen);
    }
    loop->stop();
  }};
  loop->run();
  EXPECT_EQ(served.load(), kRounds);
}

TEST(SocketAddress, reads_and_prints_numeric_addresses_only) {
  for (const auto* good : {"127.0.0.1:8080", "0.0.0.0:0", "[::1]:65535", "[::]:1"}) {
    const auto address = SocketAddress::parse(good);
    ASSERT_TRUE(address) << good;
    EXPECT_EQ(address->to_string(), good);
  }
  EXPECT_EQ(SocketAddress::parse("[::1]:80")->host(), "::1");
  for (const auto* bad :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8o", "::1:80", "[::1]",
        "[::1:80", "[127.0.0.1]:80", "localhost:80", "256.0.0.1:80", ":80", "[]:80"}) {
    const auto address = SocketAddress::parse(bad);
    ASSERT_FALSE(address) << bad;
    EXPECT_NE(address.error().message.find(std::string{"\""} + bad + "\""), std::string::npos);
  }
}

Descriptor connect_to(const SocketAddress& address) {
  Descriptor socket{::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)};
  EXPECT_EQ(::connect(socket.get(), address.data(), address.size()), 0);
  return socket;
}

TEST(Listener, takes_a_free_port_and_names_the_peer) {
  for (const auto* where : {"127.0.0.1:0", "[::1]:0"}) {
    const auto loop = make_loop();
    auto listener = Listener::bind(*SocketAddress::parse(where));
    ASSERT_TRUE(listener) << listener.error().message;
    const auto client = connect_to((*listener)->address());
    std::string peer;
    ASSERT_TRUE((*listener)->start(*loop, [&](Descriptor socket, const SocketAddress& from) {
      EXPECT_NE(::fcntl(socket.get(), F_GETFL) & O_NONBLOCK, 0);
      peer = from.host();
      loop->stop();
    }));
    loop->run();
    EXPECT_EQ(peer, SocketAddress::parse(where)->host());
  }
}

TEST(Listener, says_which_address_is_in_use) {
  auto first = Listener::bind(*SocketAddress::parse("127.0.0.1:0"));
  ASSERT_TRUE(first);
  const auto second = Listener::bind((*first)->address());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message,
            "cannot bind " + (*first)->address().to_string() + ": Address already in use");
}

// With every descriptor in use the waiting connection is taken and closed, instead of being reported ready
// for ever.
TEST(Listener, turns_connections_away_when_descriptors_run_out) {
  const auto loop = make_loop();
  auto listener = Listener::bind(*SocketAddress::parse("127.0.0.1:0"));
  ASSERT_TRUE(listener);
  const auto client = connect_to((*listener)->address());
  ASSERT_TRUE(
      (*listener)->start(*loop, [](Descriptor, const SocketAddress&) { FAIL() << "there was none left"; }));
  // Every number below the client's is made to be in use, and none above it allowed.
  std::vector<Descriptor> fillers;
  do fillers.emplace_back(::dup(client.get()));
  while (fillers.back().get() < client.get());
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  const rlimit full{.rlim_cur = static_cast<rlim_t>(client.get()), .rlim_max = old.rlim_max};
  loop->on_turn([&] {
    if ((*listener)->out_of_descriptors().value() > 0) loop->stop();
    return false;
  });
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &full), 0);
  loop->run();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_EQ((*listener)->out_of_descriptors().value(), 1U);
  char byte = 0;
  EXPECT_EQ(::recv(client.get(), &byte, 1, 0), 0) << "the client is told, not left waiting";
}

}  // namespace
}  // namespace qos::io
