// Coming back with `from`: what was missed, then what comes, each once; or the client is told that it is
// lost.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "api/server_fixture.hpp"
#include "api/socket_client.hpp"

namespace qos::api::serving {
namespace {

constexpr std::uint64_t kEpoch = 1'767'623'400'000'000;
constexpr channel::Topic kTrade = channel::Topic::trade;
const std::string kTime = R"("time":1750086000)";
const std::string kTold = R"("epoch":1767623400000000})";

std::uint64_t seq_of(const std::string& push) {
  const auto at = push.find(R"("seq":)");
  return at == std::string::npos ? 0 : std::stoull(push.substr(at + 6)) - kEpoch;
}
std::string trade_push(std::uint64_t n, const std::string& code = "US:AAPL") {
  const std::string number = std::to_string(n);
  return R"({"tp":"T","c":")" + code + R"(","p":")" + number + R"(","v":"1","ts":)" + number +
         R"(,"d":1,"seq":)" + std::to_string(kEpoch + n) + "}";
}
std::string resume(const std::string& type, std::uint64_t n, const std::string& more = "") {
  return R"({"type":")" + type + R"(","codes":["US:AAPL"],"kt":1,"from":{"US:AAPL":)" +
         std::to_string(kEpoch + n) + "}" + more + "}";
}
std::string ok(const std::string& type, const std::string& more = "") {
  return R"({"type":")" + type + R"(","msg":"OK",)" + kTime + more + "," + kTold;
}
const std::string kLost = R"(,"lost":["US:AAPL"])";
const std::string kLostLater = R"({"type":"T","msg":"resume lost","lost":["US:AAPL"],)" + kTime + "}";

struct WsResume : testing::Test {
  WsResume() { house.health().set_epoch(kEpoch); }
  // As the journal would tell it: the n-th state of a counter was the n-th push.
  static Rewind::Missed missed(const market::Instrument& of, channel::Topic topic, std::uint64_t n) {
    Rewind::Missed push{.number = n, .sequence = Sequence{n}, .body = {}};
    if (topic == kTrade) json::append_trade_body(push.body, of, trade_at(n));
    if (topic == channel::Topic::snapshot) json::append_snapshot_body(push.body, of, snapshot_at(n));
    if (topic == channel::Topic::depth) json::append_depth_body(push.body, of, depth_at(n));
    if (topic == channel::Topic::kline)
      json::append_kline_body(push.body, of, market::KlineType::m1, kline_at(n),
                              {.turnover = true, .closed = true});
    return push;
  }
  Rewind::Result past(const Rewind::Request& request, std::uint64_t until) const {
    Rewind::Result result{.pushes = {}, .until = Sequence{until}};
    for (std::uint64_t n = request.after_number + 1; n <= until; ++n)
      result.pushes.push_back(missed(apple(), request.key.topic, n));
    return result;
  }
  const market::Instrument& apple() const { return house.instrument("US:AAPL"); }
  // A client for which seq is in force, without what comes with the other extensions.
  std::unique_ptr<WsClient> connect() const {
    auto client = std::make_unique<WsClient>(house.port());
    client->ask(R"({"type":"X","ext":["seq"]})");
    return client;
  }
  House house;
};

TEST_F(WsResume, what_was_missed_comes_first_and_then_what_was_held_meanwhile) {
  house.publish("US:AAPL", 10);
  const auto client = connect();
  EXPECT_EQ(client->ask(resume("T", 4)), ok("T"));
  const auto asked = house.rewind.take();
  EXPECT_EQ(asked.request.key, (channel::ChannelKey{apple().id, kTrade, 0}));
  EXPECT_EQ(asked.request.what, Rewind::What::pushes);
  EXPECT_EQ(asked.request.after_number, 4U);
  EXPECT_EQ(asked.request.at_least, Sequence{10});
  house.publish("US:AAPL", 11);
  house.publish("US:AAPL", 12);
  // The journal was ahead of the state that was looked at: nothing may come twice.
  asked.done(past(asked.request, 11));
  for (std::uint64_t n = 5; n <= 12; ++n) EXPECT_EQ(client->hear(), trade_push(n));
  house.publish("US:AAPL", 13);
  EXPECT_EQ(client->hear(), trade_push(13));
}

TEST_F(WsResume, every_channel_can_be_resumed) {
  house.publish("US:AAPL", 3);
  const auto client = connect();
  for (const std::string type : {"S", "D", "K"}) {
    EXPECT_EQ(client->ask(resume(type, 1)), ok(type));
    const auto asked = house.rewind.take();
    asked.done(past(asked.request, 3));
    for (std::uint64_t n = 2; n <= 3; ++n) {
      const std::string push = client->hear();
      EXPECT_TRUE(push.starts_with(R"({"tp":")" + type)) << push;
      EXPECT_EQ(seq_of(push), n) << push;
    }
  }
}

TEST_F(WsResume, trades_that_the_tape_still_has_are_sent_at_once) {
  house.publish("US:AAPL", 10);
  const auto client = connect();
  EXPECT_EQ(client->ask(resume("T", 9)), ok("T"));
  EXPECT_EQ(client->hear(), trade_push(10));
  house.publish("US:AAPL", 11);
  EXPECT_EQ(client->hear(), trade_push(11));
  EXPECT_EQ(house.rewind.asks(), 0);
}

TEST_F(WsResume, whoever_missed_nothing_is_sent_nothing) {
  house.publish("US:AAPL", 10);
  const auto client = connect();
  for (const std::string type : {"T", "S"}) EXPECT_EQ(client->ask(resume(type, 10)), ok(type));
  client->ask(R"({"type":"H"})");
  house.publish("US:AAPL", 11);
  EXPECT_EQ(client->hear(), trade_push(11));
  EXPECT_EQ(seq_of(client->hear()), 11U);
  EXPECT_EQ(house.rewind.asks(), 0);
}

TEST_F(WsResume, what_is_known_to_be_lost_is_named_in_the_answer_and_the_stream_starts_as_ever) {
  house.publish("US:AAPL", 20'000);
  const auto lost = [&](const std::string& from, const std::string& more = "") {
    const auto client = connect();
    EXPECT_EQ(client->ask(R"({"type":"S","codes":["US:AAPL"],"from":{"US:AAPL":)" + from + "}" + more + "}"),
              ok("S", kLost));
    EXPECT_EQ(seq_of(client->hear()), 20'000U) << "the state";
  };
  lost("20000");             // below the epoch: of another one
  lost("1767623300000001");  // likewise
  lost(std::to_string(kEpoch + 19'999), R"(,"epoch":1767623300000000)");
  lost(std::to_string(kEpoch + 20'001));  // the future
  lost(std::to_string(kEpoch + 9'999));   // too many
  EXPECT_EQ(house.rewind.asks(), 0);
  // One fewer is not too many.
  const auto client = connect();
  EXPECT_EQ(client->ask(resume("S", 10'000, R"(,"epoch":1767623400000000)")), ok("S"));
  EXPECT_EQ(house.rewind.take().request.after_number, 10'000U);
}

TEST_F(WsResume, only_the_codes_that_are_lost_are_named) {
  house.publish("US:AAPL", 10);
  house.publish("HK:700", 5);
  const auto client = connect();
  EXPECT_EQ(
      client->ask(R"({"type":"T","codes":["HK:00700","US:AAPL","US:NOPE"],"from":{"US:AAPL":7,"HK:700":)" +
                  std::to_string(kEpoch + 4) + R"(,"US:NOPE":3},"reqid":7})"),
      R"({"type":"T","msg":"OK",)" + kTime + R"(,"reqid":7,"missing":["US:NOPE"],"lost":["US:AAPL"],)" +
          kTold);
  EXPECT_EQ(client->hear(), trade_push(5, "HK:00700"));
}

TEST_F(WsResume, a_code_that_is_heard_already_goes_on_and_is_not_called_recovered) {
  house.publish("US:AAPL", 10);
  const auto client = connect();
  EXPECT_EQ(client->ask(resume("T", 4)), ok("T"));
  // While the past is under way, and with it there: no second stream.
  EXPECT_EQ(client->ask(resume("T", 4)), ok("T", kLost));
  const auto asked = house.rewind.take();
  asked.done(past(asked.request, 10));
  for (std::uint64_t n = 5; n <= 10; ++n) EXPECT_EQ(client->hear(), trade_push(n));
  EXPECT_EQ(client->ask(resume("T", 10)), ok("T", kLost));
  house.publish("US:AAPL", 11);
  EXPECT_EQ(client->hear(), trade_push(11));
  EXPECT_EQ(house.rewind.asks(), 1);
}

// The ways in which the past can turn out not to be there, after the answer to the command.
TEST_F(WsResume, a_past_that_cannot_be_proven_is_not_told) {
  using Change = std::function<std::expected<Rewind::Result, Rewind::Failure>(Rewind::Result)>;
  const std::vector<std::pair<const char*, Change>> cases{
      {"too old", [](Rewind::Result) { return std::unexpected{Rewind::Failure::too_old}; }},
      {"broken", [](Rewind::Result) { return std::unexpected{Rewind::Failure::broken}; }},
      {"a hole",
       [](Rewind::Result result) {
         result.pushes.erase(result.pushes.begin() + 2);
         return result;
       }},
      {"the first is missing",
       [](Rewind::Result result) {
         result.pushes.erase(result.pushes.begin());
         return result;
       }},
      {"the last is missing",
       [](Rewind::Result result) {
         result.pushes.pop_back();
         return result;
       }},
      {"nothing",
       [](Rewind::Result result) {
         result.pushes.clear();
         return result;
       }},
      {"one twice",
       [](Rewind::Result result) {
         result.pushes.insert(result.pushes.begin(), result.pushes.front());
         return result;
       }},
      {"a step back",
       [](Rewind::Result result) {
         result.pushes[1].sequence = Sequence{1};
         return result;
       }},
      {"not far enough", [](Rewind::Result result) {
         result.until = Sequence{9};
         return result;
       }}};
  house.publish("US:AAPL", 10);
  std::uint64_t last = 10;
  for (const auto& [name, change] : cases) {
    SCOPED_TRACE(name);
    const auto client = connect();
    EXPECT_EQ(client->ask(resume("T", last - 6)), ok("T"));
    const auto asked = house.rewind.take();
    // Held and given up with the rest: it may be part of a hole.
    house.publish("US:AAPL", ++last);
    auto result = past(asked.request, last - 1);
    asked.done(change(std::move(result)));
    EXPECT_EQ(client->hear(), kLostLater);
    client->ask(R"({"type":"H"})");
    house.publish("US:AAPL", ++last);
    EXPECT_EQ(client->hear(), trade_push(last));
  }
}

TEST_F(WsResume, a_lost_snapshot_is_followed_by_the_state_and_a_lost_kline_says_its_type) {
  house.publish("US:AAPL", 10);
  const auto client = connect();
  for (const auto& [type, kt] : {std::pair<std::string, std::string>{"S", ""}, {"K", R"(,"kt":1)"}}) {
    client->ask(resume(type, 4));
    house.rewind.take().done(std::unexpected{Rewind::Failure::too_old});
    EXPECT_EQ(client->hear(),
              R"({"type":")" + type + R"(","msg":"resume lost","lost":["US:AAPL"])" + kt + "," + kTime + "}");
    EXPECT_EQ(seq_of(client->hear()), 10U);
  }
}

// What is held must follow what was missed: a hole between the two is one too.
TEST_F(WsResume, a_hole_before_what_was_held_is_seen) {
  house.publish("US:AAPL", 10);
  const auto client = connect();
  client->ask(resume("T", 8));
  const auto asked = house.rewind.take();
  house.fanout().publish({apple().id, kTrade}, {Sequence{12}, 12}, [](std::string& out) { out = "}"; });
  client->ask(R"({"type":"H"})");
  asked.done(past(asked.request, 10));
  EXPECT_EQ(client->hear(), trade_push(9));
  EXPECT_EQ(client->hear(), trade_push(10));
  EXPECT_EQ(client->hear(), kLostLater);
}

TEST_F(WsResume, more_than_may_be_held_is_lost) {
  house.publish("US:AAPL", 10);
  const auto client = connect();
  client->ask(resume("T", 4));
  const auto asked = house.rewind.take();
  for (std::uint64_t n = 11; n <= 10 + 10'001; ++n) house.publish("US:AAPL", n);
  EXPECT_EQ(client->hear(), kLostLater);
  // The answer comes too late.
  asked.done(past(asked.request, 10));
  client->ask(R"({"type":"H"})");
  house.publish("US:AAPL", 10'012);
  EXPECT_EQ(client->hear(), trade_push(10'012));
}

TEST_F(WsResume, a_past_that_does_not_come_is_lost_in_time) {
  house.publish("US:AAPL", 10);
  const auto client = connect();
  client->ask(resume("T", 4));
  const auto asked = house.rewind.take();
  house.clock.advance(std::chrono::seconds{59});
  client->ask(R"({"type":"H"})");
  house.clock.advance(std::chrono::seconds{2});
  EXPECT_TRUE(client->hear().starts_with(R"({"type":"T","msg":"resume lost")"));
}

TEST_F(WsResume, asks_again_where_the_journal_is_busy) {
  house.rewind.set_full(true);
  house.publish("US:AAPL", 10);
  const auto client = connect();
  EXPECT_EQ(client->ask(resume("T", 4)), ok("T"));
  while (house.rewind.asks() < 3) std::this_thread::yield();
  house.rewind.set_full(false);
  const auto asked = house.rewind.take();
  asked.done(past(asked.request, 10));
  EXPECT_EQ(client->hear(), trade_push(5));
}

TEST_F(WsResume, a_client_that_unsubscribes_meanwhile_hears_no_more_and_may_come_again) {
  house.publish("US:AAPL", 10);
  const auto client = connect();
  client->ask(resume("T", 4));
  const auto first = house.rewind.take();
  EXPECT_EQ(client->ask(R"({"type":"TC","codes":["US:AAPL"]})"), R"({"type":"TC","msg":"OK",)" + kTime + "}");
  EXPECT_EQ(house.fanout().listeners({apple().id, kTrade}), 0U);
  client->ask(resume("T", 7));
  const auto second = house.rewind.take();
  // The answer to a question that nobody asks any more is not taken for the other one's.
  first.done(past(first.request, 10));
  client->ask(R"({"type":"H"})");
  second.done(past(second.request, 10));
  for (std::uint64_t n = 8; n <= 10; ++n) EXPECT_EQ(client->hear(), trade_push(n));
}

TEST_F(WsResume, an_answer_may_come_when_the_client_or_the_server_has_gone) {
  std::optional<FakeRewind::Asked> after_client;
  std::optional<FakeRewind::Asked> after_server;
  {
    House short_lived;
    short_lived.health().set_epoch(kEpoch);
    short_lived.publish("US:AAPL", 10);
    {
      WsClient client{short_lived.port()};
      client.ask(R"({"type":"X","ext":["seq"]})");
      client.ask(resume("T", 4));
      after_client = short_lived.rewind.take();
    }
    while (short_lived.counters().websockets_open.value() > 0) std::this_thread::yield();
    after_client->done(past(after_client->request, 10));
    WsClient client{short_lived.port()};
    client.ask(R"({"type":"X","ext":["seq"]})");
    client.ask(resume("T", 4));
    after_server = short_lived.rewind.take();
  }
  after_server->done(past(after_server->request, 10));
}

TEST_F(WsResume, ten_thousand_pushes_are_sent_as_the_client_takes_them) {
  house.publish("US:AAPL", 10'000);
  const auto client = connect();
  client->ask(resume("T", 0));
  const auto asked = house.rewind.take();
  house.publish("US:AAPL", 10'001);
  asked.done(past(asked.request, 10'000));
  for (std::uint64_t n = 1; n <= 10'001; ++n) ASSERT_EQ(client->hear(), trade_push(n));
  EXPECT_EQ(house.counters().slow_consumers.value(), 0U);
}

TEST_F(WsResume, a_connection_asks_a_few_questions_at_a_time) {
  std::string codes;
  std::string from;
  for (int number = 100'000; number < 100'010; ++number) {
    const std::string code = "SZ:" + std::to_string(number);
    house.publish(code, 3);
    codes += (codes.empty() ? "\"" : ",\"") + code + '"';
    from += (from.empty() ? "\"" : ",\"") + code + "\":" + std::to_string(kEpoch);
  }
  const auto client = connect();
  client->ask(R"({"type":"D","codes":[)" + codes + R"(],"from":{)" + from + "}}");
  std::vector<FakeRewind::Asked> asked;
  for (int times = 0; times < 4; ++times) asked.push_back(house.rewind.take());
  client->ask(R"({"type":"H"})");
  EXPECT_EQ(house.rewind.asks(), 4);
  for (int times = 0; times < 10; ++times) {
    if (times >= 4) asked.push_back(house.rewind.take());
    const auto& [request, done] = asked[static_cast<std::size_t>(times)];
    Rewind::Result result{.pushes = {}, .until = Sequence{3}};
    for (std::uint64_t n = 1; n <= 3; ++n) result.pushes.push_back(missed(apple(), channel::Topic::depth, n));
    done(std::move(result));
    for (std::uint64_t n = 1; n <= 3; ++n) EXPECT_EQ(seq_of(client->hear()), n);
  }
}

TEST_F(WsResume, minutes_of_extended_sessions_are_resumed_by_their_own_count) {
  house.publish("US:AAPL", 10);
  WsClient client{house.port()};
  client.ask(R"({"type":"X","ext":["turnover","closed","ses","ns","seq"]})");
  client.ask(R"({"type":"K","codes":["US:AAPL"],"kt":1,"from_ses":{"US:AAPL":)" + std::to_string(kEpoch + 8) +
             "}}");
  EXPECT_EQ(seq_of(client.hear()), 10U) << "the regular minute starts as ever";
  const auto asked = house.rewind.take();
  EXPECT_EQ(asked.request.key.variant, channel::kSessionMinutes);
  asked.done(std::unexpected{Rewind::Failure::too_old});
  EXPECT_EQ(client.hear(), R"({"type":"K","msg":"resume lost","lost_ses":["US:AAPL"],"kt":1,)" + kTime + "}");
  client.ask(R"({"type":"KC","codes":["US:AAPL"],"kt":1})");
  EXPECT_EQ(client.ask(R"({"type":"K","codes":["US:AAPL"],"kt":1,"from_ses":{"US:AAPL":1}})"),
            ok("K", R"(,"lost_ses":["US:AAPL"])"));
}

TEST_F(WsResume, what_is_no_position_is_refused_and_subscribes_nothing) {
  WsClient plain{house.port()};
  EXPECT_EQ(
      plain.ask(R"({"type":"T","codes":["US:AAPL"],"from":{"US:AAPL":1}})"),
      R"({"type":"T","msg":"invalid request: from: expected the extension seq to be in force, see the command X",)" +
          kTime + "}");
  const auto client = connect();
  const auto refused = [&](const std::string& members, const std::string& message) {
    EXPECT_EQ(client->ask(R"({"type":"T","codes":["US:AAPL"],)" + members + "}"),
              R"({"type":"T","msg":"invalid request: )" + message + R"(",)" + kTime + "}");
  };
  const std::string range = "expected an integer from 0 to 9007199254740992, seen ";
  refused(R"("from":5)", "from: expected an object of integers, seen 5");
  refused(R"("from":["US:AAPL"])", "from: expected an object of integers, seen an array");
  for (const auto& [text, seen] : {std::pair<std::string, std::string>{"1.5", "the fraction 1.5"},
                                   {"1e3", "the fraction 1000"},
                                   {"-1", "-1"},
                                   {"9007199254740993", "9007199254740993"},
                                   {"18446744073709551615", "18446744073709551615"},
                                   {"null", "null"},
                                   {"true", "true"}})
    refused(R"("from":{"US:AAPL":)" + text + "}", R"(from: \"US:AAPL\": )" + range + seen);
  refused(R"("from":{"US:AAPL":"7"})", R"(from: \"US:AAPL\": )" + range + R"(\"7\")");
  refused(R"("from":{"US:TSLA":7})", "from: expected codes that stand in codes, seen US:TSLA");
  refused(R"("from":{"US:AAPL":7,"us:aapl":8})", "from: expected each code once, seen us:aapl twice");
  refused(R"("from":{"US:AAPL":7},"epoch":-1)", "epoch: " + range + "-1");
  refused(R"("from_ses":{"US:AAPL":7})",
          "from_ses: expected the command K with kt 1 and the extension ses in force");
  EXPECT_TRUE(client->ask(R"({"type":"T","codes":["US:AAPL"],"from":{"AAPL":7}})")
                  .starts_with(R"({"type":"T","msg":"invalid request: from: )"));
  EXPECT_EQ(house.fanout().listeners({apple().id, kTrade}), 0U);
  // Absent is absent.
  EXPECT_EQ(client->ask(R"({"type":"T","codes":["US:AAPL"],"from":null,"epoch":null})"), ok("T"));
}

// The market never rests while clients come back from everywhere, and a journal answers when it can.
TEST_F(WsResume, no_push_is_missing_or_doubled_while_the_market_goes_on) {
  std::atomic<std::uint64_t> n{0};
  std::jthread market{[&](const std::stop_token& over) {
    while (!over.stop_requested()) {
      house.publish("US:AAPL", n.fetch_add(1) + 1);
      std::this_thread::yield();
    }
  }};
  std::jthread journal{[&](const std::stop_token& over) {
    for (std::uint64_t times = 0; !over.stop_requested(); ++times)
      if (const auto asked = house.rewind.try_take())
        asked->done(past(asked->request, asked->request.at_least.value() + times % 3));
      else
        std::this_thread::yield();
  }};
  std::uint64_t had = 0;
  for (int times = 0; times < 20; ++times) {
    const auto client = connect();
    const std::string answer = client->ask(resume("T", had));
    if (answer != ok("T")) had = seq_of(client->hear());  // the market was too fast for this test
    for (int heard = 0; heard < 500; ++heard) ASSERT_EQ(seq_of(client->hear()), ++had);
  }
}

}  // namespace
}  // namespace qos::api::serving
