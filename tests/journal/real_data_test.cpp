// The recorded BTCUSDT stream through blocks and archives: it comes back, and is as small as promised.
#include <gtest/gtest.h>

#include "feed/binance_support.hpp"
#include "journal/block.hpp"

namespace qos::journal {
namespace {

TEST(JournalRealData, btcusdt_of_2024_takes_few_bytes_an_event_and_comes_back) {
  constexpr std::string_view kFile = "hftbacktest_usdm_btcusdt_20240808.gz";
  const auto path = feed::binance::real_recording(kFile);
  if (path.empty()) GTEST_SKIP() << kFile << " is absent; QOS_TEST_DATA names its folder";
  const auto run = feed::binance::replay(path, feed::binance::Reference{});
  ASSERT_EQ(run.error, "");
  std::vector<SequencedEvent> events;
  for (const auto& event : run.events) events.push_back({Sequence{events.size() + 1}, event});

  std::string out;
  const auto measure = [&](std::size_t group, void (*append)(std::span<const SequencedEvent>, std::string&)) {
    std::size_t sum = 0;
    std::vector<SequencedEvent> read;
    for (std::size_t at = 0; at < events.size(); at += group) {
      const auto some = std::span{events}.subspan(at, std::min(group, events.size() - at));
      out.clear();
      append(some, out);
      const auto took = read_block(std::as_bytes(std::span{out}), read);
      EXPECT_TRUE(took) << took.error().message;
      EXPECT_TRUE(std::ranges::equal(read, some)) << at;
      sum += out.size();
    }
    return static_cast<double>(sum) / static_cast<double>(events.size());
  };
  // Measured when it was written: 4.3 and 3.5. The issue asked for 14 and 8.5.
  EXPECT_LT(measure(kBlockEvents, append_block), 4.6);
  EXPECT_LT(measure(kArchivedBlockEvents, append_compressed_block), 3.8);
  // Blocks of 20 events, as a commit every 5 ms makes them at 4,000 events a second.
  EXPECT_LT(measure(20, append_block), 14);
}

}  // namespace
}  // namespace qos::journal
