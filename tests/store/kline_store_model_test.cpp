#include <gtest/gtest.h>

#include <random>

#include "store/kline_store_support.hpp"

namespace qos::store {
namespace {

// Random puts, corrections, removals and batches over some months of a few instruments, against a map; with
// so little memory for recent K-lines that sealing goes on all the time, and reopened now and then.
TEST(KlineStoreModel, answers_like_a_map) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random{seed};
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  constexpr std::array kSeries{StoredSeries::day, StoredSeries::night, StoredSeries::regular};
  constexpr int kInstruments = 130;  // three shards
  constexpr int kDates = 40;
  const TempFolder folder;
  Model model;
  // Two stores over one folder, as a server and a tool beside it.
  std::array<std::unique_ptr<KlineStore>, 2> stores{open(folder, 300), open(folder, 500)};
  KlineStore* store = stores[0].get();
  std::vector<StoreKey> keys;
  for (int n = 0; n < kInstruments; ++n) keys.push_back(store->key_of(fmt::format("T:{}", n)).value());
  const Date first{std::chrono::year{2025}, std::chrono::December, std::chrono::day{10}};

  const auto some_line = [&] {
    const auto series = kSeries[static_cast<std::size_t>(below(3))];
    const auto key = keys[static_cast<std::size_t>(below(4) == 0 ? below(kInstruments) : below(3))];
    const auto date = plus(first, below(kDates));
    if (series == StoredSeries::day) return day(key, date, 2'000 + below(3), 100 + below(2));
    // A night belongs to the next date; its minutes never reach into the date before's.
    const auto minutes = series == StoredSeries::night ? below(200) * 1min - 3h : 90min + below(200) * 1min;
    auto line = minute(key, date, minutes, 2'000 + below(3), 100 + below(2));
    line.series = series;
    return line;
  };
  const auto compare = [&] {
    const auto line = some_line();
    const auto count = static_cast<std::size_t>(below(below(5) == 0 ? 2'000 : 40));
    const auto until = below(2) == 0 ? KlineStore::kEver : line.kline.start;
    ASSERT_EQ(store->latest(line.instrument, line.series, count, until).value(),
              model.latest(line.instrument, line.series, count, until));
    const auto to = line.kline.start + below(5'000) * 1min;
    ASSERT_EQ(store->between(line.instrument, line.series, line.kline.start, to).value(),
              model.between(line.instrument, line.series, line.kline.start, to));
    ASSERT_EQ(pairs(store->days_of(line.trading_date).value()), model.days_of(line.trading_date));
    const auto last = plus(line.trading_date, below(10));
    ASSERT_EQ(store->dates_of(line.instrument, line.series, line.trading_date, last).value(),
              model.dates_of(line.instrument, line.series, line.trading_date, last));
  };
  const auto batch = [&] {
    auto open_batch = store->begin_batch();
    ASSERT_TRUE(open_batch) << open_batch.error().message;
    Model after = model;
    for (int part = below(3); part >= 0; --part) {
      const auto how = below(2) == 0 ? OnDifferent::keep : OnDifferent::replace;
      std::vector<StoredKline> lines;
      MergeReport expected;
      for (int n = below(300); n >= 0; --n) {
        lines.push_back(some_line());
        const auto one = after.merge(lines.back(), how);
        expected.added += one.added;
        expected.equal += one.equal;
        expected.different += one.different;
      }
      const auto report = (*open_batch)->merge(lines, how);
      ASSERT_TRUE(report) << report.error().message;
      ASSERT_EQ(*report, expected);
    }
    compare();  // nothing of it is seen yet
    if (below(3) == 0) return;
    ASSERT_TRUE((*open_batch)->commit());
    model = after;
  };

  for (int turn = 0; turn < 300 && !HasFatalFailure(); ++turn) {
    const int what = below(20);
    store = stores[static_cast<std::size_t>(below(2))].get();
    if (what == 0) {
      batch();
    } else if (what == 1) {
      const auto which = static_cast<std::size_t>(below(2));
      stores[which].reset();
      stores[which] = open(folder, 300);
    } else {
      std::vector<StoredKline> lines;
      for (int n = below(what < 5 ? 500 : 20); n >= 0; --n) {
        auto line = some_line();
        line.kline.revision = static_cast<std::uint32_t>(below(3));
        lines.push_back(below(5) == 0 ? removed(line) : line);
      }
      const auto done = store->put(lines);
      ASSERT_TRUE(done) << done.error().message;
      for (const auto& line : lines) model.put(line);
    }
    for (int n = 0; n < 4 && !HasFatalFailure(); ++n) {
      store = stores[static_cast<std::size_t>(below(2))].get();
      compare();
    }
  }
  const auto checked = store->check();
  EXPECT_TRUE(checked) << (checked ? "" : checked.error().message);
}

}  // namespace
}  // namespace qos::store
