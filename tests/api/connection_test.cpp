// HTTP/1.1 as clients really speak it, over real sockets.
#include <gtest/gtest.h>

#include <thread>

#include "api/http/gzip.hpp"
#include "api/server_fixture.hpp"
#include "api/socket_client.hpp"

namespace qos::api::serving {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kCodes = R"({"codes":["US:AAPL"]})";

std::string post(std::string_view path, std::string_view body, std::string_view headers = "") {
  return "POST " + std::string{path} + "?key=good HTTP/1.1\r\nHost: x\r\n" + std::string{headers} +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

std::string gzipped(std::string_view text) {
  return http::Deflater{}.gzip(text);
}
std::string gunzipped(std::string_view text) {
  return std::get<std::string>(http::inflate_gzip(text, 100'000'000));
}

TEST(HttpConnection, answers_and_waits_for_the_next_request) {
  House house;
  house.publish("US:AAPL", 7);
  SocketClient client{house.port()};
  for (int round = 0; round < 3; ++round) {
    client.send(post("/snapshot", kCodes));
    const auto answer = read_http_answer(client);
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body.starts_with(R"({"msg":"OK","data":[{"c":"US:AAPL","lp":"7",)")) << answer.body;
    EXPECT_EQ(answer.header("content-type"), "application/json; charset=utf-8");
    EXPECT_EQ(answer.header("date"), "Mon, 16 Jun 2025 15:00:00 GMT");
    EXPECT_EQ(answer.header("connection"), "");
  }
  EXPECT_EQ(house.counters().http_requests.value(), 3U);
  EXPECT_EQ(house.counters().http_errors.value(), 0U);
  EXPECT_EQ(house.counters().connections.value(), 1U);
}

// Three requests in one stream, one of them wrong, cut at every byte: the answers keep the order.
TEST(HttpConnection, answers_pipelined_requests_in_order_however_they_are_cut) {
  House house;
  const std::string stream = post("/snapshot", kCodes) + "\r\n" + post("/nowhere", "") +
                             "POST /depth?key=good HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked \r\n\r\n"
                             "5;ext=1\r\n{\"cod\r\n10\r\nes\":[\"US:AAPL\"]}\r\n0\r\nTrailer: x\r\n\r\n";
  const auto expect_answers = [](SocketClient& client) {
    EXPECT_TRUE(read_http_answer(client).body.starts_with(R"({"msg":"OK","data":[{"c":"US:AAPL")"));
    const auto second = read_http_answer(client);
    EXPECT_EQ(second.status, 404);
    EXPECT_TRUE(second.body.starts_with(R"({"msg":"not found: /nowhere")")) << second.body;
    const auto third = read_http_answer(client);
    EXPECT_EQ(third.status, 200) << third.body;
    EXPECT_NE(third.body.find(R"("b":[])"), std::string::npos) << third.body;
  };
  SocketClient client{house.port()};
  client.send(stream);
  expect_answers(client);
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    client.send(stream.substr(0, cut));
    client.send(stream.substr(cut));
    expect_answers(client);
  }
  for (const char byte : stream) client.send({&byte, 1});
  expect_answers(client);
}

TEST(HttpConnection, closes_when_the_client_asks_for_it_or_is_old) {
  House house;
  for (const auto* version_and_header : {"1.1\r\nConnection: close", "1.0", "1.0\r\nConnection: close"}) {
    SocketClient client{house.port()};
    client.send("POST /snapshot?key=good HTTP/" + std::string{version_and_header} +
                "\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    const auto answer = read_http_answer(client);
    EXPECT_EQ(answer.header("connection"), "close") << version_and_header;
    EXPECT_TRUE(client.at_end()) << version_and_header;
  }
  SocketClient client{house.port()};
  for (int round = 0; round < 2; ++round) {
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(read_http_answer(client).header("connection"), "keep-alive");
  }
}

TEST(HttpConnection, tells_a_waiting_client_to_continue) {
  House house;
  SocketClient client{house.port()};
  const auto request = post("/snapshot", kCodes, "Expect: 100-continue\r\n");
  const auto head = request.find("\r\n\r\n") + 4;
  client.send(request.substr(0, head));
  EXPECT_EQ(client.read_through("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(request.substr(head));
  EXPECT_EQ(read_http_answer(client).status, 200);
}

TEST(HttpConnection, answers_a_client_that_has_closed_its_half) {
  House house;
  SocketClient client{house.port()};
  client.send(post("/snapshot", kCodes));
  client.send_end();
  EXPECT_EQ(read_http_answer(client).status, 200);
  EXPECT_TRUE(client.at_end());
}

TEST(HttpConnection, unpacks_gzip_requests_and_refuses_bad_ones) {
  ServerOptions options;
  options.max_body_bytes = 10'000;
  House house{options};
  SocketClient client{house.port()};
  const auto ask = [&](const std::string& body, const char* encoding = "gzip") {
    client.send(post("/snapshot", body, "Content-Encoding: " + std::string{encoding} + "\r\n"));
    const auto answer = read_http_answer(client);
    return std::to_string(answer.status) + " " + answer.body;
  };
  const std::string good = gzipped(kCodes);
  EXPECT_TRUE(ask(good).starts_with(R"(200 {"msg":"OK")"));
  EXPECT_TRUE(ask(good, "GZip").starts_with("200 "));
  EXPECT_TRUE(ask(std::string{kCodes}, "identity").starts_with("200 "));
  for (std::size_t cut = 0; cut < good.size(); ++cut)
    EXPECT_TRUE(ask(good.substr(0, cut)).starts_with(R"(400 {"msg":"invalid request: Content-Encoding)"))
        << cut;
  std::string flipped = good;
  flipped[good.size() - 5] ^= 1;  // in the checksum
  EXPECT_TRUE(ask(flipped).starts_with("400 "));
  EXPECT_TRUE(ask(good + "x").starts_with("400 "));
  EXPECT_TRUE(ask(std::string{kCodes}).starts_with("400 "));
  EXPECT_TRUE(ask(good, "br").starts_with(R"(400 {"msg":"invalid request: Content-Encoding: expected gzip)"));
  // 10 MB of spaces in 10 kB: refused as soon as it passes the limit.
  EXPECT_TRUE(ask(gzipped(std::string(5'000'000, ' '))).starts_with(R"(413 {"msg":"request too large)"));
}

TEST(HttpConnection, packs_long_answers_for_clients_that_take_them) {
  House house;
  std::string codes;
  for (int number = 100'000; number < 102'000; ++number)
    codes += (codes.empty() ? "SZ:" : ",") + std::to_string(number);
  const std::string body = R"({"codes":[")" + codes + R"("]})";
  SocketClient client{house.port()};
  client.send(post("/snapshot", body));
  const auto plain = read_http_answer(client);
  EXPECT_EQ(plain.header("content-encoding"), "");
  client.send(post("/snapshot", body, "Accept-Encoding: br, gzip;q=0.5\r\n"));
  const auto packed = read_http_answer(client);
  EXPECT_EQ(packed.header("content-encoding"), "gzip");
  EXPECT_LT(packed.body.size(), plain.body.size() / 3);
  EXPECT_EQ(gunzipped(packed.body), plain.body);
  EXPECT_NE(plain.body.find("SZ:101999"), std::string::npos);
  client.send(post("/snapshot", body, "Accept-Encoding: gzip;q=0, *\r\n"));
  EXPECT_EQ(read_http_answer(client).header("content-encoding"), "");
  client.send(post("/snapshot", kCodes, "Accept-Encoding: gzip\r\n"));
  EXPECT_EQ(read_http_answer(client).header("content-encoding"), "") << "a short answer gains nothing";
}

TEST(HttpConnection, sends_no_body_with_the_answer_to_head) {
  House house;
  SocketClient client{house.port()};
  client.send("HEAD /snapshot HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = read_http_answer(client, false);
  EXPECT_EQ(head.status, 405);
  EXPECT_EQ(head.header("allow"), "POST");
  EXPECT_NE(head.header("content-length"), "0");
  client.send(post("/snapshot", kCodes));
  EXPECT_EQ(read_http_answer(client).status, 200) << "the next answer begins where the headers ended";
}

TEST(HttpConnection, refuses_malformed_requests_with_a_body_and_closes) {
  House house;
  const std::string long_header = "X: " + std::string(9'000, 'x') + "\r\n";
  const std::string many_headers = [] {
    std::string out;
    for (int count = 0; count < 1'000; ++count) out += "A: b234567890\r\n";
    return out;
  }();
  for (const std::string& bad : {
           std::string{"nonsense\r\n\r\n"},
           std::string{"POST\r\n\r\n"},
           std::string{"POST /snapshot\r\n\r\n"},
           std::string{"POST /snapshot HTTP/2.0\r\n\r\n"},
           std::string{"POST /snapshot HTTP/1.1 \r\n\r\n"},
           std::string{"P\x01ST / HTTP/1.1\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nno colon\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nbad name: x\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nContent-Length: ten\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"},
           std::string{"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
           std::string{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nTransfer-Encoding: x\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nTransfer-Encoding: x\r\nContent-Length: 5\r\n\r\nhello"},
           std::string{"POST / HTTP/1.1\r\nTransfer-Encoding: x\r\nContent-Length: 5\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nTransfer-Encoding:\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
                       "0\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "0\r\n\r\n"},
           std::string{"POST / HTTP/1.1\r\nA: \x01\r\n\r\n"},
           std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS client on the wrong port\r\n\r\n"},
           "POST / HTTP/1.1\r\n" + long_header + "\r\n",
           "POST / HTTP/1.1\r\n" + many_headers + "\r\n",
           "POST /" + std::string(20'000, 'x') + " HTTP/1.1\r\n\r\n",
           std::string(40'000, 'A'),
       }) {
    SCOPED_TRACE(bad.substr(0, 80));
    SocketClient client{house.port()};
    client.send(bad);
    const auto answer = read_http_answer(client);
    EXPECT_EQ(answer.status, 400) << bad.substr(0, 60);
    EXPECT_TRUE(answer.body.starts_with(R"({"msg":"invalid request: malformed HTTP request)")) << answer.body;
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_TRUE(client.at_end()) << bad.substr(0, 60);
  }
  EXPECT_EQ(house.counters().http_errors.value(), house.counters().http_requests.value());
}

TEST(HttpConnection, refuses_a_body_over_the_limit_before_it_has_come) {
  ServerOptions options;
  options.max_body_bytes = 1'000;
  House house{options};
  for (const std::string& bad :
       {std::string{"POST /snapshot HTTP/1.1\r\nContent-Length: 1001\r\n\r\n"},
        std::string{"POST /snapshot HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n"},
        "POST /snapshot HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + std::string(1'024, 'x')}) {
    SocketClient client{house.port()};
    client.send(bad);
    const auto answer = read_http_answer(client);
    EXPECT_EQ(answer.status, 413);
    EXPECT_TRUE(answer.body.starts_with(R"({"msg":"request too large: )")) << answer.body;
    EXPECT_TRUE(client.at_end());
  }
  SocketClient client{house.port()};
  client.send(post("/snapshot", std::string(1'000 - kCodes.size(), ' ') + std::string{kCodes}));
  EXPECT_EQ(read_http_answer(client).status, 200) << "the limit itself is allowed";
}

// One byte now and then must not hold a connection for ever: only whole requests count.
TEST(HttpConnection, closes_a_connection_without_a_whole_request_for_the_idle_time) {
  ServerOptions options;
  options.http_idle_timeout = 10s;
  House house{options};
  SocketClient drips{house.port()};
  SocketClient asks{house.port()};
  const auto request = post("/snapshot", kCodes);
  for (int second = 0; second < 10; ++second) {
    drips.send(request.substr(static_cast<std::size_t>(second), 1));
    asks.send(request);
    EXPECT_EQ(read_http_answer(asks).status, 200);
    house.clock.advance(1s);
  }
  house.clock.advance(1ms);
  EXPECT_TRUE(drips.at_end());
  asks.send(request);
  EXPECT_EQ(read_http_answer(asks).status, 200);
  house.clock.advance(10s + 1ms);
  EXPECT_TRUE(asks.at_end());
}

// Some megabytes, more than the kernel holds for a client that does not read.
std::string request_of_a_long_answer() {
  std::string codes;
  for (int number = 100'000; number < 102'000; ++number)
    codes += (codes.empty() ? "SZ:" : ",") + std::to_string(number);
  std::string questions;
  for (int round = 0; round < 11; ++round)
    questions += (round == 0 ? R"({"c":")" : R"(,{"c":")") + codes + R"(","co":4,"kt":1})";
  return post("/kline", R"({"ext":["turnover"],"kline_reqs":[)" + questions + "]}");
}

TEST(HttpConnection, lets_a_slow_client_finish_an_answer_and_cuts_one_that_takes_nothing) {
  ServerOptions options;
  options.http_idle_timeout = 10s;
  House house{options};
  for (int number = 100'000; number < 102'000; ++number) house.publish("SZ:" + std::to_string(number), 7);
  SocketClient client{house.port(), 4'096};
  client.send(request_of_a_long_answer());
  const auto head = client.read_through("\r\n\r\n");
  std::size_t left = std::stoul(head.substr(head.find("Content-Length: ") + 16));
  const auto read_some = [&] {
    const auto size = std::min<std::size_t>(left, 65'536);
    client.read(size);
    left -= size;
  };
  const auto sent = [&] { return house.counters().bytes_sent.value(); };
  // A step begins with what was sent in the one before, so two of them must be less than the idle time.
  for (int step = 0; step < 5; ++step) {
    house.clock.advance(4s);
    for (const auto before = sent(); sent() == before;) {
      ASSERT_GT(left, 0U) << "the kernel held the whole answer: a longer one is needed";
      read_some();
    }
  }
  while (left > 0) read_some();
  client.send(post("/snapshot", kCodes));
  EXPECT_EQ(read_http_answer(client).status, 200);

  SocketClient idle{house.port(), 4'096};
  idle.send(request_of_a_long_answer());
  idle.read_through("\r\n\r\n");
  // What the kernel still took of itself was progress.
  while (house.counters().connections_open.value() > 0) {
    house.clock.advance(11s);
    std::this_thread::yield();
  }
}

// A client that only sends is not read further than its answers have room; when it reads at last, nothing is
// missing.
TEST(HttpConnection, holds_back_a_client_that_does_not_read_its_answers) {
  House house;
  SocketClient client{house.port(), 4'096};
  constexpr int kRequests = 30'000;
  std::jthread sender{[&] {
    std::string all;
    for (int number = 0; number < kRequests; ++number)
      all += "GET /" + std::to_string(number) + " HTTP/1.1\r\n\r\n";
    client.send(all);
  }};
  for (int number = 0; number < kRequests; ++number) {
    const auto answer = read_http_answer(client);
    ASSERT_TRUE(answer.body.starts_with(R"({"msg":"not found: /)" + std::to_string(number) + "\""))
        << answer.body;
  }
}

TEST(HttpConnection, refuses_connections_over_the_limit_and_takes_new_ones_when_there_is_room) {
  ServerOptions options;
  options.max_connections = 2;
  House house{options};
  SocketClient first{house.port()};
  SocketClient second{house.port()};
  for (auto* client : {&first, &second}) {
    client->send(post("/snapshot", kCodes));
    EXPECT_EQ(read_http_answer(*client).status, 200);
  }
  EXPECT_TRUE(SocketClient{house.port()}.at_end());
  EXPECT_EQ(house.counters().refused_connections.value(), 1U);
  first.disconnect();
  while (house.counters().connections_open.value() > 1) std::this_thread::yield();
  SocketClient third{house.port()};
  third.send(post("/snapshot", kCodes));
  EXPECT_EQ(read_http_answer(third).status, 200);
}

TEST(HttpConnection, sends_200_for_everything_if_configured) {
  ServerOptions options;
  options.http_status = HttpStatus::always_200;
  House house{options};
  SocketClient client{house.port()};
  client.send("POST /nowhere HTTP/1.1\r\n\r\nnonsense\r\n\r\n");
  for (int answers = 0; answers < 2; ++answers) {
    const auto answer = read_http_answer(client);
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(answer.body.find(answers == 0 ? R"("code":404)" : R"("code":400)"), std::string::npos)
        << answer.body;
  }
}

TEST(Server, spreads_connections_over_its_loops_and_stops_twice) {
  ServerOptions options;
  options.loops = 3;
  House house{options};
  std::vector<std::unique_ptr<SocketClient>> clients;
  for (int count = 0; count < 9; ++count) {
    clients.push_back(std::make_unique<SocketClient>(house.port()));
    clients.back()->send(post("/snapshot", kCodes));
    EXPECT_EQ(read_http_answer(*clients.back()).status, 200);
  }
  house.server().stop();
  for (auto& client : clients) EXPECT_TRUE(client->at_end());
  EXPECT_EQ(house.counters().connections_open.value(), 0);
  house.server().stop();
}

TEST(Server, says_why_it_cannot_bind) {
  House house;
  channel::Fanout fanout{{.loops = 1, .instruments = 1}};
  market::CalendarTable calendars;
  market::InstrumentTable instruments;
  CounterViews views{0};
  Health health;
  const history::Klines klines{instruments, calendars, &views, nullptr, {}};
  const Services services{instruments, calendars, views, klines, health, house.clock};
  const auto bind = [&](ServerOptions options) {
    return Server::bind(std::move(options), services, house.gate, fanout);
  };
  const auto taken = house.server().addresses().front();
  EXPECT_EQ(bind({.listen = {taken}}).error().message, "cannot bind " + taken + ": Address already in use");
  EXPECT_NE(bind({.listen = {"localhost"}}).error().message.find("\"localhost\" is no address"),
            std::string::npos);
  EXPECT_NE(bind({.listen = {"127.0.0.1:0"}, .loops = 2}).error().message.find("2 I/O loops"),
            std::string::npos);
  const auto both = bind({.listen = {"127.0.0.1:0", "[::1]:0"}});
  ASSERT_TRUE(both);
  EXPECT_TRUE((*both)->addresses()[1].starts_with("[::1]:"));
}

}  // namespace
}  // namespace qos::api::serving
