// Readers on other threads while the market thread writes: never torn, never out of order, never behind the
// version.
#include <thread>

#include "state/kline_series.hpp"
#include "state/random_day.hpp"

namespace qos::state {
namespace {

using market::KlineType;

// Writes K-lines whose fields all say the same number, and inserts and removes some in the middle.
TEST(KlineSeries, readers_see_whole_klines_in_order_whatever_moves) {
  KlineSeries series{20};
  std::atomic<bool> done{false};
  std::jthread reader{[&] {
    while (!done.load()) {
      const auto klines = series.latest(50, std::nullopt);
      ASSERT_LE(klines.size(), 20U);
      for (std::size_t at = 0; at < klines.size(); ++at) {
        ASSERT_EQ(klines[at].open.raw(), unix_nanos(klines[at].start));
        ASSERT_EQ(klines[at].trades, static_cast<std::uint32_t>(klines[at].open.raw()));
        if (at > 0) {
          ASSERT_LT(klines[at - 1].start, klines[at].start);
        }
      }
    }
  }};
  const auto slot_of = [](std::int64_t number) {
    return KlineSlot{.kline = {.start = from_unix_nanos(number),
                               .open = Price::from_raw(number),
                               .trades = static_cast<std::uint32_t>(number)}};
  };
  std::mt19937 random{11};
  std::int64_t newest = 0;
  for (int n = 0; n < 20'000; ++n) {
    const auto what = random() % 20;
    if (what == 0 && series.end() - series.oldest() > 3) {
      series.erase(series.oldest() + random() % (series.end() - series.oldest()));
    } else if (what == 1 && series.end() - series.oldest() > 3) {
      const auto before = series.oldest() + 1 + random() % (series.end() - series.oldest() - 1);
      const auto start = unix_nanos(series.at(before).kline.start) - 1;
      if (unix_nanos(series.at(before - 1).kline.start) < start) series.insert(before, slot_of(start));
    } else {
      newest += 10;
      series.append(slot_of(newest), from_unix_nanos(newest + 10), Sequence{});
    }
  }
  done = true;
}

// What a subscriber relies on (docs/decisions/0002-subscribe-without-locks.md): cells read after the version
// hold at least what the version says. Every event trades one more unit at a higher price.
TEST(View, shows_at_least_the_version_read_before_it) {
  constexpr int kEvents = 20'000;
  World world{{.klines_kept = 10}};
  const auto& view = world.view(kCoin);
  std::atomic<bool> done{false};
  std::array<std::jthread, 2> readers;
  for (auto& reader : readers)
    reader = std::jthread{[&] {
      while (!done.load()) {
        const auto version = view.version();
        const auto snapshot = view.snapshot();
        ASSERT_GE(snapshot.sequence, version);
        if (version == Sequence{}) continue;
        ASSERT_EQ(snapshot.last->raw(), static_cast<std::int64_t>(snapshot.sequence.value()));
        ASSERT_EQ(snapshot.high, snapshot.last);
        const auto trades = view.trades(50);
        ASSERT_FALSE(trades.empty());
        ASSERT_GE(trades.back().sequence, version);
        for (std::size_t at = 1; at < trades.size(); ++at)
          ASSERT_EQ(trades[at].sequence.value(), trades[at - 1].sequence.value() + 1);
        for (const KlineType type : {KlineType::m1, KlineType::day}) {
          const auto klines = view.klines(type, 5);
          ASSERT_FALSE(klines.empty());
          ASSERT_GE(klines.back().sequence, version);
          ASSERT_EQ(klines.back().close.raw(), static_cast<std::int64_t>(klines.back().sequence.value()));
        }
      }
    }};
  for (int n = 1; n <= kEvents; ++n)
    world.apply(Trade{.instrument = kCoin,
                      .price = Price::from_raw(n),
                      .size = Quantity::from_units(1),
                      .ts_event = utc("2024-08-06 00:00:00") + std::chrono::seconds{n}});
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(view.version(), Sequence{kEvents});
}

TEST(View, may_be_read_while_anything_happens) {
  World world{{.klines_kept = 10}};
  std::atomic<bool> done{false};
  std::jthread reader{[&] {
    while (!done.load())
      for (std::uint32_t id = 0; id < 6; ++id) {
        const auto& view = world.view(InstrumentId{id});
        const auto depth = view.depth();
        ASSERT_LE(depth.bid_count, kMaxDepthLevels);
        view.snapshot();
        for (const KlineType type : market::kKlineTypes) {
          const auto klines = view.klines(type, 100);
          for (std::size_t at = 1; at < klines.size(); ++at)
            ASSERT_LT(klines[at - 1].start, klines[at].start);
        }
      }
  }};
  RandomEvents events{{.seed = 5, .late_percent = 30, .restatement_percent = 5}};
  for (int n = 0; n < 5'000; ++n) world.apply(events.next(world.instruments()));
  done = true;
}

}  // namespace
}  // namespace qos::state
