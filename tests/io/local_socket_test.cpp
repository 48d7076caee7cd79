#include "io/local_socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <optional>

#include "io/listener.hpp"
#include "support/temp_folder.hpp"

namespace qos::io {
namespace {

using namespace std::chrono_literals;

struct Pair {
  LocalPeer left;
  LocalPeer right;
};

Pair meet(LocalListener& listener, const std::filesystem::path& path) {
  auto left = LocalPeer::connect(path);
  EXPECT_TRUE(left) << left.error().message;
  auto right = listener.accept();
  EXPECT_TRUE(right && *right);
  return {std::move(*left), std::move(**right)};
}

std::string error_of(LocalPeer& peer) {
  const auto message = peer.receive(0ms);
  return message ? "heard " + message->text : message.error().message;
}

TEST(LocalSocket, carries_whole_messages_and_descriptors) {
  const test::TempFolder folder;
  auto listener = LocalListener::bind(folder.path() / "s");
  ASSERT_TRUE(listener) << listener.error().message;
  auto [left, right] = meet(*listener, folder.path() / "s");
  auto bound = Listener::bind(*SocketAddress::parse("127.0.0.1:0"));
  ASSERT_TRUE(bound);
  const std::array sockets{(*bound)->descriptor(), (*bound)->descriptor()};
  ASSERT_TRUE(left.send("one"));
  ASSERT_TRUE(left.send("two", sockets));
  EXPECT_EQ(right.receive(0ms)->text, "one");
  auto two = right.receive(0ms);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->text, "two");
  ASSERT_EQ(two->descriptors.size(), 2U);
  auto adopted = Listener::adopt(std::move(two->descriptors[1]));
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_EQ((*adopted)->address().to_string(), (*bound)->address().to_string());
}

TEST(LocalSocket, says_when_the_other_side_is_silent_or_gone_or_says_too_much) {
  const test::TempFolder folder;
  auto listener = LocalListener::bind(folder.path() / "s");
  ASSERT_TRUE(listener);
  EXPECT_FALSE(listener->accept()->has_value()) << "nobody waits";
  auto [left, right] = meet(*listener, folder.path() / "s");
  EXPECT_EQ(error_of(right), "silent for 0 ms");
  const std::string most(kMaxLocalMessage, 'x');
  EXPECT_FALSE(left.send(most + 'x'));
  ASSERT_TRUE(left.send(most));
  EXPECT_EQ(right.receive(0ms)->text, most);
  ASSERT_EQ(::send(left.descriptor(), (most + 'x').data(), most.size() + 1, 0),
            static_cast<ssize_t>(most.size() + 1));
  EXPECT_EQ(error_of(right), "a message beyond 16384 bytes and 128 descriptors");
  left = LocalPeer{Descriptor{}};
  EXPECT_EQ(error_of(right), "the other side is gone");
}

TEST(LocalSocket, does_not_wait_for_one_that_does_not_read) {
  const test::TempFolder folder;
  auto listener = LocalListener::bind(folder.path() / "s");
  ASSERT_TRUE(listener);
  auto [left, right] = meet(*listener, folder.path() / "s");
  const std::string most(kMaxLocalMessage, 'x');
  int sent = 0;
  while (sent < 10'000 && left.send(most)) ++sent;
  EXPECT_LT(sent, 10'000);
}

TEST(LocalSocket, is_for_its_user_alone_wherever_it_lies) {
  const test::TempFolder folder;
  const auto deep = folder.path() / std::string(120, 'd');  // longer than a socket's name can be
  std::filesystem::create_directory(deep);
  for (const auto& path : {folder.path() / "s", deep / "s"}) {
    auto listener = LocalListener::bind(path);
    ASSERT_TRUE(listener) << listener.error().message;
    struct ::stat made{};
    ASSERT_EQ(::lstat(path.c_str(), &made), 0);
    EXPECT_EQ(made.st_mode & 0777, 0600U);
    auto pair = meet(*listener, path);
    ASSERT_TRUE(pair.left.send("x"));
    EXPECT_EQ(pair.right.receive(0ms)->text, "x");
  }
}

TEST(LocalSocket, takes_the_path_of_another_one_which_then_leaves_it_alone) {
  const test::TempFolder folder;
  const auto path = folder.path() / "s";
  std::optional<LocalListener> first{std::move(*LocalListener::bind(path))};
  std::optional<LocalListener> second{std::move(*LocalListener::bind(path))};
  first.reset();
  auto pair = meet(*second, path);
  ASSERT_TRUE(pair.left.send("x"));
  second.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(LocalPeer::connect(path));
}

TEST(Listener, adopts_a_socket_that_listens_and_nothing_else) {
  auto bound = Listener::bind(*SocketAddress::parse("127.0.0.1:0"));
  ASSERT_TRUE(bound);
  const auto what_of = [](int fd) {
    const auto adopted = Listener::adopt(Descriptor{fd});
    return adopted ? "adopted" : adopted.error().message;
  };
  EXPECT_EQ(what_of(::dup((*bound)->descriptor())), "adopted");
  const std::string refused = "the socket handed over cannot be used: ";
  EXPECT_EQ(what_of(::open("/dev/null", O_RDONLY)),
            refused + "it is no socket: Socket operation on non-socket");
  EXPECT_EQ(what_of(::socket(AF_INET, SOCK_STREAM, 0)), refused + "it does not listen for TCP connections");
  EXPECT_EQ(what_of(::socket(AF_INET, SOCK_DGRAM, 0)), refused + "it does not listen for TCP connections");
  const Descriptor local{::socket(AF_UNIX, SOCK_STREAM, 0)};
  const sockaddr nameless{.sa_family = AF_UNIX, .sa_data = {}};
  ASSERT_EQ(::bind(local.get(), &nameless, sizeof nameless.sa_family), 0);
  ASSERT_EQ(::listen(local.get(), 1), 0);
  EXPECT_EQ(what_of(::dup(local.get())), refused + "it does not listen for TCP connections");
}

// Who has connected while nobody took is neither refused nor lost.
TEST(Listener, leaves_connections_in_the_kernel_while_it_is_paused) {
  auto loop = Loop::create({.tick = 1h});
  ASSERT_TRUE(loop);
  auto bound = Listener::bind(*SocketAddress::parse("127.0.0.1:0"));
  ASSERT_TRUE(bound);
  int taken = 0;
  ASSERT_TRUE((*bound)->start(**loop, [&](Descriptor, const SocketAddress&) { ++taken; }));
  (*bound)->pause();
  const auto connect = [&] {
    Descriptor socket{::socket(AF_INET, SOCK_STREAM, 0)};
    EXPECT_EQ(::connect(socket.get(), (*bound)->address().data(), (*bound)->address().size()), 0);
    return socket;
  };
  std::vector<Descriptor> clients;
  for (int count = 0; count < 100; ++count) clients.push_back(connect());
  (*loop)->turn(Loop::Tick::no);
  EXPECT_EQ(taken, 0);
  (*bound)->resume();
  (*loop)->turn(Loop::Tick::no);
  EXPECT_EQ(taken, 64) << "a turn's share";
  (*bound)->take_waiting();
  EXPECT_EQ(taken, 100);
}

}  // namespace
}  // namespace qos::io
