// /explain over real sockets: the answer comes later, in its place.
#include "api/explain.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "api/server_fixture.hpp"
#include "api/socket_client.hpp"

namespace qos::api::serving {
namespace {

class FakeExplainer final : public Explainer {
 public:
  struct Asked {
    Query query;
    Done done;
  };
  bool ask(const Query& query, Done done) override {
    const std::scoped_lock lock{mutex_};
    if (is_full) return false;
    asked_.push_back({query, std::move(done)});
    came_.notify_all();
    return true;
  }
  Asked take() {
    std::unique_lock lock{mutex_};
    if (!came_.wait_for(lock, std::chrono::seconds{20}, [&] { return !asked_.empty(); }))
      throw std::runtime_error{"nobody asks"};
    Asked asked = std::move(asked_.front());
    asked_.pop_front();
    return asked;
  }
  std::atomic<bool> is_full{false};

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Asked> asked_;
};

std::string request(const std::string& path, const std::string& body, const std::string& headers = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: x\r\nkey: good\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
const std::string kQuestion = R"({"c":"US:AAPL","kt":1,"ts":1767623400})";

Explainer::Explanation explanation() {
  Explainer::Explanation explained;
  explained.kline = kline_at(3);
  explained.kline->closed = true;
  explained.trades = {{.sequence = Sequence{7},
                       .price = *Price::parse("213.02"),
                       .size = Quantity::from_units(100),
                       .ts = from_unix_nanos(1'767'623'400'000'000'001),
                       .trade_id = 77},
                      {.sequence = Sequence{8}, .rule = state::TradeRule::volume_only},
                      {.sequence = Sequence{9}, .rule = state::TradeRule::tape_only},
                      {.sequence = Sequence{10}, .taken_back = Sequence{12}}};
  explained.counted = 20;
  explained.left_out = 2;
  explained.more = true;
  return explained;
}

struct Explain : testing::Test {
  FakeExplainer explainer;
  House house{{}, {.explainer = &explainer}};
};

TEST_F(Explain, tells_the_trades_and_the_rules) {
  SocketClient client{house.port()};
  client.send(request("/explain", R"({"c":"US:aapl","kt":5,"ts":1767623400,"count":4,"after":6})"));
  const auto asked = explainer.take();
  EXPECT_EQ(asked.query.instrument, house.instrument("US:AAPL").id);
  EXPECT_EQ(asked.query.type, market::KlineType::m5);
  EXPECT_EQ(asked.query.start, from_unix_seconds(1'767'623'400));
  EXPECT_EQ(asked.query.count, 4U);
  EXPECT_EQ(asked.query.after, Sequence{6});
  asked.done(explanation());
  EXPECT_EQ(
      read_http_answer(client).body,
      R"({"msg":"OK","data":{"c":"US:aapl","kt":5,"ts":1767623400,)"
      R"("k":{"c":"US:aapl","o":"3","cl":"3","h":"3","l":"3","v":"0","ts":0,"kt":5,"t":"0","n":0,"f":1},)"
      R"("trades":[{"s":7,"p":"213.02","v":"100","ts":1767623400,"d":0,"tn":"1767623400000000001","id":"77","rule":"counted"},)"
      R"({"s":8,"p":"0","v":"0","ts":0,"d":0,"tn":"0","rule":"volume_only"}],)"
      R"("excluded":[{"s":9,"p":"0","v":"0","ts":0,"d":0,"tn":"0","rule":"tape_only"},)"
      R"({"s":10,"p":"0","v":"0","ts":0,"d":0,"tn":"0","rule":"taken_back","by":12}],)"
      R"("rules":{"counted":"it is in the prices, the volume and the turnover",)"
      R"("volume_only":"its condition moves no price in this market; it is in the volume and the turnover",)"
      R"("tape_only":"its condition counts nowhere in this market",)"
      R"("taken_back":"the venue took it back or corrected it"},)"
      R"("counted":20,"left_out":2,"more":10}})");
}

TEST_F(Explain, requests_behind_it_keep_their_place) {
  SocketClient client{house.port()};
  client.send(request("/explain", kQuestion) + request("/instrument-info", R"({"codes":["US:AAPL"]})") +
              request("/explain", kQuestion) + request("/nowhere", "{}"));
  const auto first = explainer.take();
  SocketClient other{house.port()};
  other.send(request("/nowhere", "{}"));
  EXPECT_EQ(read_http_answer(other).status, 404) << "others do not wait";
  first.done(Explainer::Explanation{});
  EXPECT_TRUE(read_http_answer(client).body.starts_with(R"({"msg":"OK","data":{"c":"US:AAPL","kt":1)"));
  EXPECT_TRUE(read_http_answer(client).body.starts_with(R"({"msg":"OK","data":[{"c":"US:AAPL")"));
  explainer.take().done(std::unexpected{Explainer::Failure::too_old});
  EXPECT_EQ(read_http_answer(client).body,
            R"({"msg":"not found: the trades of this K-line are older than what is kept","code":404})");
  EXPECT_EQ(read_http_answer(client).status, 404);
}

TEST_F(Explain, an_answer_may_come_when_the_client_or_the_server_has_gone) {
  std::optional<FakeExplainer::Asked> after_server;
  {
    House short_lived{{}, {.explainer = &explainer}};
    {
      SocketClient client{short_lived.port()};
      client.send(request("/explain", kQuestion));
      const auto asked = explainer.take();
      client.disconnect();
      asked.done(Explainer::Explanation{});
    }
    SocketClient client{short_lived.port()};
    client.send(request("/explain", kQuestion));
    after_server = explainer.take();
  }
  after_server->done(Explainer::Explanation{});
}

TEST_F(Explain, a_client_that_has_said_all_is_answered_and_closed) {
  SocketClient client{house.port()};
  client.send(request("/explain", kQuestion));
  client.send_end();
  explainer.take().done(Explainer::Explanation{});
  EXPECT_EQ(read_http_answer(client).status, 200);
  EXPECT_TRUE(client.at_end());
}

TEST_F(Explain, says_so_when_it_cannot) {
  SocketClient client{house.port()};
  const auto answer = [&](const std::string& body) {
    client.send(request("/explain", body));
    return read_http_answer(client);
  };
  EXPECT_EQ(answer(R"({"c":"US:NOPE","kt":1,"ts":0})").body,
            R"({"msg":"OK","data":{},"missing":["US:NOPE"]})");
  for (const auto& [body, message] :
       {std::pair<std::string, std::string>{R"({"kt":1,"ts":0})", "c: expected a string, seen nothing"},
        {R"({"c":"US:AAPL","kt":2,"ts":0})",
         "kt: expected one of 1, 5, 15, 30, 60, 120, 240, 1001, 1007, 1030, 2001, seen 2"},
        {R"({"c":"US:AAPL","kt":1})", "ts: expected an integer from 0 to 9223372035, seen nothing"},
        {R"({"c":"US:AAPL","kt":1,"ts":0,"count":0})", "count: expected an integer from 1 to 10000, seen 0"},
        {R"({"c":"US:AAPL","kt":1,"ts":0,"after":-1})",
         "after: expected an integer from 0 to 9007199254740992, seen -1"}})
    EXPECT_EQ(answer(body).body, R"({"msg":"invalid request: )" + message + R"(","code":400})");
  EXPECT_EQ(answer(R"({"c":"US:AAPL,TSLA","kt":1,"ts":0})").status, 400);
  explainer.is_full = true;
  const auto busy = answer(kQuestion);
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.header("retry-after"), "1");
  explainer.is_full = false;
  client.send(request("/explain", kQuestion));
  explainer.take().done(std::unexpected{Explainer::Failure::broken});
  EXPECT_EQ(read_http_answer(client).body,
            R"({"msg":"history unavailable: the journal cannot be read at the moment","code":5031})");
  House without;
  SocketClient other{without.port()};
  other.send(request("/explain", kQuestion));
  EXPECT_EQ(read_http_answer(other).status, 404);
}

TEST_F(Explain, an_answer_that_does_not_come_is_given_up) {
  SocketClient client{house.port()};
  client.send(request("/explain", kQuestion));
  const auto asked = explainer.take();
  house.clock.advance(std::chrono::seconds{61});
  const auto answer = read_http_answer(client);
  EXPECT_EQ(answer.status, 503);
  asked.done(Explainer::Explanation{});
  client.send(request("/nowhere", "{}"));
  EXPECT_EQ(read_http_answer(client).status, 404) << "the late answer is no answer to this";
}

}  // namespace
}  // namespace qos::api::serving
