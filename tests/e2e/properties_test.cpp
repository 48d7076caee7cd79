// What must hold of everything the server says, whatever the market does. The simulated feed plays real
// sessions; the seed is in the feed's specification, so a failure repeats.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>

#include "e2e/json.hpp"
#include "e2e/test_server.hpp"
#include "market/tick_rule.hpp"

namespace qos::e2e {
namespace {

using simdjson::dom::element;

// Monday from the opening auctions of Hong Kong, Shanghai and Shenzhen to after their close, as fast as it
// goes.
constexpr const char* kSimulated =
    "simulated:seed=7,hours=real,rate=0.05,from=2026-01-05T09:00:00+08:00,until=2026-01-05T16:30:00+08:00,"
    "speed=max";

class PlayedDay {
 public:
  PlayedDay() : server_{[](server::Config& config) { config.feed = {kSimulated}; }} {
    server_.settle_after_feeds_end();
  }
  TestServer& server() { return server_; }

 private:
  TestServer server_;
};

Price price_of(const element& value) {
  return *Price::parse(std::string_view{value});
}

struct Folded {
  std::string open, close;
  Price high, low;
  Volume volume;
};

Folded fold(const simdjson::dom::array& klines) {
  Folded day;
  for (const element kline : klines) {
    if (day.open.empty()) {
      day.open = std::string_view{kline["o"]};
      day.high = price_of(kline["h"]);
      day.low = price_of(kline["l"]);
    }
    day.close = std::string_view{kline["cl"]};
    day.high = std::max(day.high, price_of(kline["h"]));
    day.low = std::min(day.low, price_of(kline["l"]));
    day.volume += *Volume::parse(std::string_view{kline["v"]});
  }
  return day;
}

TEST(Properties, the_day_kline_is_the_fold_of_its_minutes_and_the_snapshot_of_the_day) {
  PlayedDay day;
  auto& server = day.server();
  int compared = 0;
  for (std::size_t row = 0; row < server.instruments(); ++row) {
    const auto code = server.instrument(row).code.to_string();
    const auto klines = server.post(
        "/kline", R"({"kline_reqs":[{"c":")" + code + R"(","co":1000,"a":0,"kt":1},{"c":")" + code +
                      R"(","co":1000,"a":0,"kt":60},{"c":")" + code + R"(","co":1,"a":0,"kt":1001}]})");
    const auto snapshots = server.post("/snapshot", R"({"codes":[")" + code + R"("]})");
    simdjson::dom::parser parser;
    simdjson::dom::parser snapshot_parser;
    const simdjson::padded_string klines_text{klines.body};
    const simdjson::padded_string snapshots_text{snapshots.body};
    const element data = parser.parse(klines_text)["data"];
    const element snapshot = snapshot_parser.parse(snapshots_text)["data"].at(0);
    const simdjson::dom::array minutes = data.at(0)["k"];
    const simdjson::dom::array hours = data.at(1)["k"];
    const simdjson::dom::array days = data.at(2)["k"];
    if (minutes.size() == 0) continue;
    ++compared;
    ASSERT_EQ(days.size(), 1U) << code;
    // Markets whose trading day began before the simulation have one day K-line for all of it; so have the
    // others.
    for (const auto& part : {fold(minutes), fold(hours)}) {
      EXPECT_EQ(part.open, std::string_view{days.at(0)["o"]}) << code;
      EXPECT_EQ(part.close, std::string_view{days.at(0)["cl"]}) << code;
      EXPECT_EQ(part.high, price_of(days.at(0)["h"])) << code;
      EXPECT_EQ(part.low, price_of(days.at(0)["l"])) << code;
      EXPECT_EQ(part.volume, *Volume::parse(std::string_view{days.at(0)["v"]})) << code;
    }
    EXPECT_EQ(std::string_view{snapshot["o"]}, std::string_view{days.at(0)["o"]}) << code;
    EXPECT_EQ(std::string_view{snapshot["h"]}, std::string_view{days.at(0)["h"]}) << code;
    EXPECT_EQ(std::string_view{snapshot["l"]}, std::string_view{days.at(0)["l"]}) << code;
    EXPECT_EQ(std::string_view{snapshot["v"]}, std::string_view{days.at(0)["v"]}) << code;
    std::int64_t last = 0;
    for (const element minute : minutes) {
      const std::int64_t start = minute["ts"];
      EXPECT_GT(start, last) << code << ": minutes rise and do not repeat";
      last = start;
      EXPECT_LE(price_of(minute["l"]), std::min(price_of(minute["o"]), price_of(minute["cl"]))) << code;
      EXPECT_GE(price_of(minute["h"]), std::max(price_of(minute["o"]), price_of(minute["cl"]))) << code;
    }
  }
  EXPECT_GT(compared, 80);
}

TEST(Properties, every_price_lies_on_the_grid_of_its_instrument) {
  PlayedDay day;
  auto& server = day.server();
  int prices = 0;
  for (std::size_t row = 0; row < server.instruments(); ++row) {
    const auto& instrument = server.instrument(row);
    const auto code = instrument.code.to_string();
    for (const auto& answer :
         {server.post("/snapshot", R"({"codes":[")" + code + R"("]})"),
          server.post("/depth", R"({"codes":[")" + code + R"("]})"),
          server.post("/trade", R"({"count":50,"codes":[")" + code + R"("]})"),
          server.post("/kline", R"({"kline_reqs":[{"co":1000,"a":0,"kt":5,"c":")" + code + R"("}]})")}) {
      // Every member that holds a price, wherever it stands.
      for (const char* member :
           {"\"p\":\"", "\"lp\":\"", "\"yp\":\"", "\"o\":\"", "\"h\":\"", "\"l\":\"", "\"cl\":\""}) {
        for (auto found = answer.body.find(member); found != std::string::npos;
             found = answer.body.find(member, found)) {
          found += std::string_view{member}.size();
          const auto text = answer.body.substr(found, answer.body.find('"', found) - found);
          const auto price = Price::parse(text);
          ASSERT_TRUE(price) << code << " " << text;
          EXPECT_TRUE(instrument.tick.on_grid(*price))
              << code << " " << text << " in " << answer.body.substr(0, 300);
          ++prices;
        }
      }
    }
  }
  EXPECT_GT(prices, 10'000);
}

// One run of the recorded input: every push that a client hears, in order, as one text.
std::string pushes_of_one_run() {
  TestServer server;
  auto client = server.connect();
  const std::string codes = R"("codes":["HK:700","US:AAPL","SH:600519","CF:BTCUSDT","FX:USDJPY"])";
  for (const char* type : {"S", "T", "D"})
    client.ask("{\"type\":\"" + std::string{type} + "\"," + codes + "}");
  for (const char* kt : {"1", "60", "1001", "2001"})
    client.ask("{\"type\":\"K\",\"kt\":" + std::string{kt} + "," + codes + "}");

  constexpr std::uint64_t kSeed = 11;
  std::uint64_t random = kSeed;
  const auto next = [&random](std::uint64_t bound) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (random >> 33) % bound;
  };
  const char* const names[] = {"HK:700", "US:AAPL", "SH:600519", "CF:BTCUSDT", "FX:USDJPY"};
  std::string all;
  // A client that falls behind is told the latest only, so it reads up to a trade that only this test makes.
  const auto hear_all = [&](UnixNanos ts) {
    server.say(trade_at(server.id("HK:700"), "99.9", 4'242, ts));
    for (;;) {
      const auto push = client.receive();
      if (!push) return;
      all += *push;
      all += '\n';
      if (push->find(R"("tp":"K","c":"HK:700")") != std::string::npos &&
          push->find(R"("cl":"99.9")") != std::string::npos &&
          push->find(R"("kt":2001)") != std::string::npos)
        return;
    }
  };
  for (int step = 0; step < 2'000; ++step) {
    const auto& instrument = server.instrument(std::string_view{names[next(5)]});
    const auto ts = kMonday + std::chrono::milliseconds{step * 700};
    const auto price = instrument.tick.up(Price::from_raw(100 * Price::kScale), static_cast<int>(next(40)));
    if (next(3) == 0) {
      server.say(BookDelta{.instrument = instrument.id,
                           .side = next(2) == 0 ? Side::bid : Side::ask,
                           .price = price,
                           .size = Quantity::from_units(static_cast<std::int64_t>(next(5)) * 100),
                           .ts_event = ts});
    } else {
      Trade trade = trade_at(instrument.id, "1", static_cast<std::int64_t>(next(9) + 1) * 100, ts);
      trade.price = price;
      server.say(trade);
    }
    if (step % 50 == 49) hear_all(ts);
  }
  return all;
}

TEST(Properties, the_same_input_twice_gives_byte_identical_pushes) {
  const auto first = pushes_of_one_run();
  EXPECT_GT(std::ranges::count(first, '\n'), 5'000);
  EXPECT_EQ(first, pushes_of_one_run());
}

}  // namespace
}  // namespace qos::e2e
