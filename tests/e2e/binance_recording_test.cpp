// Real data through the whole server: a recording of Binance BTCUSDT, checked against a plain recount of the
// same file that shares no code with the feed or the state.
#include <gtest/gtest.h>
#include <simdjson.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "e2e/json.hpp"
#include "e2e/test_server.hpp"

namespace qos::e2e {
namespace {

std::filesystem::path recording() {
  const char* data = std::getenv("QOS_TEST_DATA");
  const std::filesystem::path folder = data != nullptr ? data : QOS_SOURCE_DIR "/../shared/data";
  return folder / "binance/hftbacktest_usdm_btcusdt_20240808.gz";
}

// Prices as the venue writes them, all with two decimals: the longer text is the higher price.
struct ByPrice {
  bool operator()(const std::string& a, const std::string& b) const {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  }
};
using Levels = std::map<std::string, std::string, ByPrice>;

// What a naive reader makes of the file.
struct Recount {
  Levels bids;
  Levels asks;
  struct Minute {
    std::string open, high, low, close;
    Volume volume;
    Turnover turnover;
  };
  std::map<std::int64_t, Minute> minutes;
  std::size_t frames = 0;
  std::size_t trades = 0;
};

void set_levels(Levels& side, const simdjson::dom::element& levels) {
  for (const auto level : simdjson::dom::array(levels)) {
    const std::string price{std::string_view{level.at(0)}};
    const std::string size{std::string_view{level.at(1)}};
    if (size.find_first_not_of("0.") == std::string::npos)
      side.erase(price);
    else
      side[price] = size;
  }
}

void count_trade(Recount& recount, const simdjson::dom::element& frame) {
  if (std::string_view{frame["X"]} != "MARKET") return;
  const std::string price{std::string_view{frame["p"]}};
  const auto size = *Quantity::parse(std::string_view{frame["q"]});
  const std::int64_t start = std::int64_t{frame["T"]} / 60'000 * 60;
  auto [at, is_new] = recount.minutes.try_emplace(start, Recount::Minute{price, price, price, price, {}, {}});
  auto& minute = at->second;
  minute.high = std::max(minute.high, price, ByPrice{});
  minute.low = std::min(minute.low, price, ByPrice{});
  minute.close = price;
  minute.volume += Volume{size};
  minute.turnover += Turnover{*Price::parse(price), size};
  ++recount.trades;
}

Recount recount_of(const std::filesystem::path& path) {
  Recount recount;
  const gzFile file = ::gzopen(path.c_str(), "rb");
  simdjson::dom::parser parser;
  std::vector<simdjson::padded_string> before_snapshot;
  std::int64_t snapshot_id = 0;
  const auto apply_diff = [&](const simdjson::dom::element& frame) {
    if (std::int64_t{frame["u"]} < snapshot_id) return;
    set_levels(recount.bids, frame["b"]);
    set_levels(recount.asks, frame["a"]);
  };
  std::string line(1 << 20, '\0');
  while (::gzgets(file, line.data(), static_cast<int>(line.size())) != nullptr) {
    ++recount.frames;
    const auto json = std::string_view{line.c_str()}.substr(20);
    const simdjson::padded_string padded{json};
    const simdjson::dom::element root = parser.parse(padded);
    if (std::int64_t id = 0; root["lastUpdateId"].get(id) == simdjson::SUCCESS) {
      snapshot_id = id;
      set_levels(recount.bids, root["bids"]);
      set_levels(recount.asks, root["asks"]);
      simdjson::dom::parser earlier;
      for (const auto& diff : before_snapshot) apply_diff(earlier.parse(diff)["data"]);
      continue;
    }
    const simdjson::dom::element frame = root["data"];
    const std::string_view kind = frame["e"];
    if (kind == "trade") count_trade(recount, frame);
    if (kind != "depthUpdate") continue;
    if (snapshot_id == 0)
      before_snapshot.emplace_back(json);
    else
      apply_diff(frame);
  }
  ::gzclose(file);
  return recount;
}

template <typename Iterator>
std::string levels_text(Iterator from, Iterator to) {
  std::string out = "[";
  for (int level = 0; level < 20 && from != to; ++level, ++from)
    out +=
        std::string{level == 0 ? "" : ","} + R"({"p":")" + from->first + R"(","v":")" + from->second + "\"}";
  return out + "]";
}

TEST(BinanceRecording, the_whole_day_s_end_gives_the_depth_and_the_minutes_of_a_plain_recount) {
  if (!std::filesystem::exists(recording()))
    GTEST_SKIP() << "no recording at " << recording() << " (set QOS_TEST_DATA)";
  TestServer server{
      [](server::Config& config) { config.feed = {"binance_usdm:speed=max,file=" + recording().string()}; }};
  server.settle_after_feeds_end();
  const auto recount = recount_of(recording());
  ASSERT_EQ(recount.frames, 93'954U);

  const auto depth = server.post("/depth", R"({"codes":["CF:BTCUSDT"]})");
  EXPECT_EQ(at(depth.body, "/data/0/b"), levels_text(recount.bids.rbegin(), recount.bids.rend()));
  EXPECT_EQ(at(depth.body, "/data/0/a"), levels_text(recount.asks.begin(), recount.asks.end()));

  const auto klines = server.post("/kline", R"({"kline_reqs":[{"c":"CF:BTCUSDT","co":1000,"a":0,"kt":1}]})");
  std::string expected = "[";
  for (const auto& [start, minute] : recount.minutes) {
    // Volumes are padded to the quantity step, 0.001.
    std::string volume;
    append_scaled(volume, minute.volume.raw(), Volume::kDigits, 3);
    expected += std::string{expected == "[" ? "" : ","} + R"({"c":"CF:BTCUSDT","o":")" + minute.open +
                R"(","cl":")" + minute.close + R"(","h":")" + minute.high + R"(","l":")" + minute.low +
                R"(","v":")" + volume + R"(","ts":)" + std::to_string(start) + R"(,"kt":1})";
  }
  EXPECT_EQ(at(klines.body, "/data/0/k"), canonical(expected + "]"));
  EXPECT_GT(recount.trades, 21'000U);
}

}  // namespace
}  // namespace qos::e2e
