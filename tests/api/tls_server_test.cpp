// HTTPS and wss through the real server.
#include <gtest/gtest.h>

#include <thread>

#include "api/server_fixture.hpp"
#include "api/socket_client.hpp"
#include "support/tls_peer.hpp"

namespace qos::api::serving {
namespace {

using namespace std::chrono_literals;

class TlsServer : public ::testing::Test {
 protected:
  static ServerOptions with_tls(const io::TlsCertificate& certificate, ServerOptions options = {}) {
    options.tls_listen = {"127.0.0.1:0"};
    options.certificate = &certificate;
    return options;
  }
  SocketClient dial() { return SocketClient{house_.tls_port(), 0, files_.certificate}; }
  const io::TlsCounters& counters() const { return house_.counters().tls; }

  test::TempFolder folder_;
  io::TlsFiles files_ = test::write_tls_files(folder_.path());
  std::unique_ptr<io::TlsCertificate> certificate_ = io::TlsCertificate::load(files_).value();
  House house_{with_tls(*certificate_)};
};

std::string post(std::string_view path, std::string_view body, std::string_view headers = "") {
  return "POST " + std::string{path} + "?key=good HTTP/1.1\r\nHost: x\r\n" + std::string{headers} +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

constexpr std::string_view kCodes = R"({"codes":["US:AAPL"]})";

TEST_F(TlsServer, answers_and_waits_for_the_next_request) {
  house_.publish("US:AAPL", 7);
  auto client = dial();
  for (int round = 0; round < 3; ++round) {
    client.send(post("/snapshot", kCodes));
    const auto answer = read_http_answer(client);
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body.starts_with(R"({"msg":"OK","data":[{"c":"US:AAPL","lp":"7",)")) << answer.body;
  }
  SocketClient plain{house_.port()};
  plain.send(post("/snapshot", kCodes));
  EXPECT_EQ(read_http_answer(plain).status, 200) << "beside it, as before";
  EXPECT_EQ(counters().handshakes.value(), 1U);
}

// More requests in one go than a read of the loop's takes in one piece, and then the end.
TEST_F(TlsServer, answers_what_was_pipelined_before_the_end_and_says_farewell) {
  auto client = dial();
  std::string requests;
  const std::string padding = "X-Padding: " + std::string(3'000, 'p') + "\r\n";
  for (int number = 0; number < 100; ++number) requests += post("/snapshot", kCodes, padding);
  std::jthread sender{[&] {
    client.send(requests);
    client.send_end();
  }};
  sender.join();
  for (int number = 0; number < 100; ++number) ASSERT_EQ(read_http_answer(client).status, 200) << number;
  EXPECT_TRUE(client.at_end()) << "with a farewell: an end without one throws";
}

TEST_F(TlsServer, sends_an_answer_of_megabytes_to_a_slow_reader) {
  std::string codes;
  for (int number = 100'000; number < 102'000; ++number)
    codes += (codes.empty() ? "SZ:" : ",") + std::to_string(number);
  const auto request = post("/snapshot", R"({"codes":[")" + codes + R"("]})", "Connection: close\r\n");
  SocketClient plain{house_.port()};
  plain.send(request);
  const auto expected = read_http_answer(plain).body;
  ASSERT_GT(expected.size(), 100'000U);
  SocketClient client{house_.tls_port(), 4'096, files_.certificate};
  client.send(request);
  EXPECT_TRUE(read_http_answer(client).body == expected);
  EXPECT_TRUE(client.at_end());
}

TEST_F(TlsServer, pushes_over_a_websocket) {
  WsClient client{house_.tls_port(), "good", 0, files_.certificate};
  EXPECT_EQ(client.answer.status, 101);
  client.ask(R"({"type":"T","codes":["US:AAPL"],"reqid":1})");
  for (std::uint64_t n = 1; n < 100; ++n) {
    house_.publish("US:AAPL", n);
    EXPECT_TRUE(client.hear().starts_with(R"({"tp":"T","c":"US:AAPL","p":")")) << n;
  }
  client.send(masked_frame(0x88, "\x03\xe8"));
  EXPECT_EQ(client.read_frame().opcode, 8);
  EXPECT_TRUE(client.at_end());
}

// The handshake of HTTP and the first commands in one piece: what is read ahead belongs to the WebSocket.
TEST_F(TlsServer, hears_commands_that_came_with_the_upgrade) {
  auto client = dial();
  std::string all = WsClient::handshake("good");
  constexpr int kCommands = 400;
  for (int number = 0; number < kCommands; ++number)
    all +=
        masked_frame(0x81, R"({"type":"H","reqid":)" + std::to_string(number) + "}" + std::string(200, ' '));
  client.send(all);
  EXPECT_EQ(read_http_answer(client).status, 101);
  const auto last = R"("reqid":)" + std::to_string(kCommands - 1) + "}";
  EXPECT_TRUE(client.read_through(last).ends_with(last));
}

TEST_F(TlsServer, plain_http_on_its_port_is_ended_and_counted) {
  SocketClient client{house_.tls_port()};
  client.send("GET /snapshot HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(counters().plain_http.value(), 1U);
  EXPECT_EQ(counters().handshake_failures.value(), 1U);
}

// A crowd that begins and says no more hinders nobody, and is gone after ten seconds.
TEST_F(TlsServer, a_handshake_that_hangs_is_closed_after_ten_seconds) {
  std::vector<SocketClient> hanging;
  for (int number = 0; number < 50; ++number) {
    hanging.emplace_back(house_.tls_port());
    hanging.back().send(std::string_view{"\x16\x03\x01\x02\x00\x01", number % 7U});
  }
  auto client = dial();
  client.send(post("/snapshot", kCodes));
  EXPECT_EQ(read_http_answer(client).status, 200);
  house_.clock.advance(9s);
  client.send(post("/snapshot", kCodes));
  EXPECT_EQ(read_http_answer(client).status, 200);
  EXPECT_EQ(counters().handshake_failures.value(), 0U);
  house_.clock.advance(2s);
  for (auto& each : hanging) EXPECT_TRUE(each.at_end());
  client.send(post("/snapshot", kCodes));
  EXPECT_EQ(read_http_answer(client).status, 200) << "one that has shaken hands may idle for longer";
  EXPECT_EQ(counters().handshake_failures.value(), 50U);
}

TEST_F(TlsServer, shows_a_renewed_certificate_to_who_comes_next) {
  auto before = dial();
  const auto old = io::read_file(files_.certificate).value();
  test::write_tls_files(folder_.path(), 2);
  EXPECT_EQ(certificate_->renew(), io::TlsCertificate::Renewal::taken);
  auto after = dial();
  for (auto* client : {&before, &after}) {
    client->send(post("/snapshot", kCodes));
    EXPECT_EQ(read_http_answer(*client).status, 200);
  }
  const auto old_file = folder_ / "old.pem";
  std::ofstream{old_file} << old;
  EXPECT_THROW((SocketClient{house_.tls_port(), 0, old_file}), std::runtime_error);
}

TEST_F(TlsServer, closes_clients_with_a_farewell_when_it_stops) {
  WsClient client{house_.tls_port(), "good", 0, files_.certificate};
  auto idle = dial();
  std::jthread stopper{[&] { house_.server().stop(); }};
  EXPECT_EQ(client.read_frame().close_code(), 1012);
  client.send(masked_frame(0x88, "\x03\xf4"));
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(idle.at_end());
}

TEST(TlsServerOptions, tls_without_a_certificate_is_an_error) {
  ServerOptions options;
  options.tls_listen = {"127.0.0.1:0"};
  EXPECT_THROW(House{options}, std::runtime_error);
}

}  // namespace
}  // namespace qos::api::serving
