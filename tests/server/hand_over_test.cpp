// The conversation between a running server and its successor, over real sockets, with everything that may go
// wrong in it.
#include "server/hand_over.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "support/temp_folder.hpp"

namespace qos::server {
namespace {

using namespace std::chrono_literals;
using Outcome = HandOverDoor::Outcome;

constexpr HandOverPatience kPatient{.request = 20s, .stop = 20s, .ready = 20s};

std::unique_ptr<io::Listener> bind(std::string_view where = "127.0.0.1:0") {
  auto bound = io::Listener::bind(*io::SocketAddress::parse(where));
  EXPECT_TRUE(bound) << bound.error().message;
  return std::move(*bound);
}

// A server that is nothing but two sockets and a data folder that it has or has not.
class Running {
 public:
  explicit Running(const HandOverPatience& patience = kPatient)
      : door_{std::move(*HandOverDoor::open(folder_.path(), counters, patience))} {}

  // Until the next who knocks was served.
  Outcome serve(int interrupt = -1) {
    return door_.serve({.listening =
                            [this] {
                              return std::vector<api::Server::Listening>{{"127.0.0.1:0", first->descriptor()},
                                                                         {"0.0.0.0:0", second->descriptor()}};
                            },
                        .give_up_data = [this] { has_data = false; }},
                       interrupt);
  }
  // Waits until somebody knocks.
  Outcome serve_next() {
    pollfd knocks{door_.descriptor(), POLLIN, 0};
    EXPECT_EQ(::poll(&knocks, 1, 20'000), 1);
    return serve();
  }
  const std::filesystem::path& folder() const { return folder_.path(); }
  io::LocalPeer connect() const { return std::move(*io::LocalPeer::connect(hand_over_path(folder()))); }

  HandOverCounters counters;
  std::unique_ptr<io::Listener> first = bind();
  std::unique_ptr<io::Listener> second = bind("0.0.0.0:0");
  std::atomic<bool> has_data{true};

 private:
  test::TempFolder folder_;
  HandOverDoor door_;
};

// What the running server says to a peer that says these things and goes.
Outcome serve_one_that_says(Running& running, const std::vector<std::string>& sayings) {
  auto peer = running.connect();
  for (const auto& saying : sayings) EXPECT_TRUE(peer.send(saying));
  // What it is told still reaches it, so that it is what it said that counts.
  ::shutdown(peer.descriptor(), SHUT_WR);
  return running.serve();
}

TEST(HandOver, gives_the_sockets_first_and_the_data_when_asked_to) {
  Running running;
  std::jthread old{[&] { EXPECT_EQ(running.serve_next(), Outcome::done); }};
  auto asked = Succession::ask(running.folder(), kPatient);
  ASSERT_TRUE(asked) << asked.error().message;
  ASSERT_TRUE(*asked);
  auto& succession = **asked;
  auto sockets = succession.sockets_for({"127.0.0.1:0"});
  ASSERT_TRUE(sockets) << sockets.error().message;
  ASSERT_EQ(sockets->size(), 1U);
  EXPECT_EQ(sockets->front().listener->address().to_string(), running.first->address().to_string());
  EXPECT_TRUE(running.has_data) << "nothing has happened yet";
  ASSERT_TRUE(succession.take());
  EXPECT_FALSE(running.has_data);
  succession.ready();
  old.join();
  EXPECT_EQ(running.counters.refused.value() + running.counters.failed.value(), 0U);
}

TEST(HandOver, finds_a_socket_by_its_bound_address_and_binds_what_is_new) {
  Running running;
  std::jthread old{[&] { EXPECT_EQ(running.serve_next(), Outcome::done); }};
  auto asked = Succession::ask(running.folder(), kPatient);
  ASSERT_TRUE(asked && *asked);
  const auto address = running.first->address().to_string();
  auto sockets = (*asked)->sockets_for({address, "[::1]:0"});
  ASSERT_TRUE(sockets) << sockets.error().message;
  EXPECT_EQ((*sockets)[0].listener->address().to_string(), address);
  EXPECT_EQ((*sockets)[1].listener->address().host(), "::1");
  ASSERT_TRUE((*asked)->take());
  (*asked)->ready();
}

TEST(HandOver, an_address_in_use_ends_it_before_anything_has_happened) {
  Running running;
  const auto taken = bind();
  std::jthread old{[&] { EXPECT_EQ(running.serve_next(), Outcome::kept); }};
  {
    auto asked = Succession::ask(running.folder(), kPatient);
    ASSERT_TRUE(asked && *asked);
    const auto sockets = (*asked)->sockets_for({taken->address().to_string()});
    ASSERT_FALSE(sockets);
    EXPECT_NE(sockets.error().message.find("Address already in use"), std::string::npos);
  }
  old.join();
  EXPECT_TRUE(running.has_data);
}

TEST(HandOver, nobody_there_is_no_error) {
  const test::TempFolder folder;
  auto asked = Succession::ask(folder.path());
  ASSERT_TRUE(asked);
  EXPECT_FALSE(*asked);
  EXPECT_FALSE(Succession::somebody_serves(folder.path()));
}

// Every message cut at every byte, and then more of what is none: the server goes on with all that it has.
TEST(HandOver, half_a_message_and_garbage_change_nothing) {
  Running running;
  const std::string request = "qos take-over 1";
  const std::string stop = "stop";
  std::uint64_t refused = 0;
  const auto expect_kept = [&](const std::vector<std::string>& sayings) {
    EXPECT_EQ(serve_one_that_says(running, sayings), Outcome::kept) << sayings.back();
    EXPECT_TRUE(running.has_data);
    EXPECT_EQ(running.counters.refused.value(), ++refused);
  };
  for (std::size_t size = 1; size < request.size(); ++size) expect_kept({request.substr(0, size)});
  for (std::size_t size = 1; size < stop.size(); ++size) expect_kept({request, stop.substr(0, size)});
  expect_kept({request});
  expect_kept({"stop"});
  expect_kept({"ready"});
  expect_kept({request, "ready"});
  expect_kept({request + "1"});
  expect_kept({"qos take-over 2"});
  expect_kept({std::string(16'000, '\x07')});
  expect_kept({request, std::string(16'000, '\0')});
  EXPECT_EQ(running.counters.failed.value(), 0U);
}

TEST(HandOver, says_why_not) {
  Running running;
  const auto answer_to = [&](std::string_view request) {
    auto peer = running.connect();
    EXPECT_TRUE(peer.send(request));
    running.serve();
    return peer.receive(0ms)->text;
  };
  EXPECT_EQ(answer_to("qos take-over 2"), "no: version 1 of the hand-over is spoken here, not \"2\"");
  EXPECT_EQ(answer_to("\x01hello"), "no: expected a request, seen \"?hello\"");
}

TEST(HandOver, does_not_wait_for_ever_for_one_that_is_silent) {
  Running running{{.request = 1ms, .stop = 1ms, .ready = 1ms}};
  auto silent = running.connect();
  EXPECT_EQ(running.serve(), Outcome::kept);
  auto halfway = running.connect();
  ASSERT_TRUE(halfway.send("qos take-over 1"));
  EXPECT_EQ(running.serve(), Outcome::kept);
  EXPECT_TRUE(running.has_data);
  auto never_ready = running.connect();
  ASSERT_TRUE(never_ready.send("qos take-over 1"));
  ASSERT_TRUE(never_ready.send("stop"));
  EXPECT_EQ(running.serve(), Outcome::lost);
  EXPECT_EQ(running.counters.refused.value(), 2U);
  EXPECT_EQ(running.counters.failed.value(), 1U);
}

TEST(HandOver, a_successor_that_dies_after_stop_is_lost_whatever_it_said_of_ready) {
  const std::string ready = "ready";
  for (std::size_t size = 0; size < ready.size(); ++size) {
    Running running;
    std::vector<std::string> sayings{"qos take-over 1", "stop"};
    if (size > 0) sayings.push_back(ready.substr(0, size));
    EXPECT_EQ(serve_one_that_says(running, sayings), Outcome::lost) << size;
    EXPECT_FALSE(running.has_data);
    EXPECT_EQ(running.counters.failed.value(), 1U);
  }
  Running running;
  auto successor = running.connect();
  for (const auto* saying : {"qos take-over 1", "stop", "ready"}) ASSERT_TRUE(successor.send(saying));
  EXPECT_EQ(running.serve(), Outcome::done) << "the same with all of it";
}

TEST(HandOver, turns_away_a_second_successor_and_goes_on_with_the_first) {
  Running running;
  auto first = running.connect();
  auto second = running.connect();
  ASSERT_TRUE(second.send("qos take-over 1"));
  std::jthread old{[&] { EXPECT_EQ(running.serve_next(), Outcome::done); }};
  EXPECT_EQ(second.receive(20s)->text, "no: a hand-over is under way");
  ASSERT_TRUE(first.send("qos take-over 1"));
  EXPECT_EQ(first.receive(20s)->descriptors.size(), 2U);
  auto third = Succession::ask(running.folder(), kPatient);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().message, "hand-over: the running server says no: a hand-over is under way");
  ASSERT_TRUE(first.send("stop"));
  EXPECT_EQ(first.receive(20s)->text, "yours");
  ASSERT_TRUE(first.send("ready"));
  old.join();
  EXPECT_EQ(running.counters.refused.value(), 2U);
}

TEST(HandOver, a_signal_ends_the_waiting) {
  Running running;
  const io::Descriptor signal{::eventfd(1, 0)};
  auto silent = running.connect();
  EXPECT_EQ(running.serve(signal.get()), Outcome::kept);
  EXPECT_TRUE(running.has_data);
}

// What a successor hears may be as wrong as what it says.
TEST(Succession, says_what_it_did_not_understand) {
  const test::TempFolder folder;
  auto listener = io::LocalListener::bind(hand_over_path(folder.path()));
  ASSERT_TRUE(listener);
  const auto socket = bind();
  const io::Descriptor null{::open("/dev/null", O_RDONLY)};
  const auto heard = [&](std::string_view answer, const std::vector<int>& descriptors = {}) {
    std::string error;
    std::jthread successor{[&] {
      auto asked = Succession::ask(folder.path(), {.request = 20s, .stop = 20s, .ready = 20s});
      error = asked ? "understood" : asked.error().message;
    }};
    for (;;) {
      auto peer = listener->accept();
      if (!peer || !*peer) continue;
      EXPECT_EQ((*peer)->receive(20s)->text, "qos take-over 1");
      EXPECT_TRUE((*peer)->send(answer, descriptors));
      break;
    }
    successor.join();
    return error;
  };
  const std::string begin = "hand-over: the running server: ";
  const std::string offer = "sockets\n127.0.0.1:0\n";
  EXPECT_EQ(heard(offer, {socket->descriptor()}), "understood");
  EXPECT_EQ(heard("no: because"), "hand-over: the running server says no: because");
  EXPECT_EQ(heard("hello"), begin + "expected an offer of sockets, seen \"hello\"");
  EXPECT_EQ(heard(offer), begin + "offered an address without its socket: \"127.0.0.1:0?\"");
  EXPECT_EQ(heard("sockets\n", {socket->descriptor()}),
            begin + "offered 1 sockets, but not as many addresses");
  EXPECT_EQ(heard(offer, {null.get()}),
            begin + "the socket handed over cannot be used: it is no socket: Socket operation on non-socket");
  for (std::size_t size = 1; size < offer.size(); ++size)
    EXPECT_TRUE(heard(offer.substr(0, size), {socket->descriptor()}).starts_with(begin)) << size;
}

}  // namespace
}  // namespace qos::server
