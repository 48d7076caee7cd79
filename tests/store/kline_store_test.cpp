#include "store/kline_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "store/sqlite.hpp"
#include "support/temp_folder.hpp"

namespace qos::store {
namespace {

using namespace std::chrono_literals;
using test::TempFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Date kMonday{std::chrono::year{2026}, std::chrono::January, std::chrono::day{5}};

Date plus(Date date, int days) {
  return std::chrono::sys_days{date} + std::chrono::days{days};
}
UnixNanos at(Date date, std::chrono::minutes minutes) {
  return std::chrono::sys_days{date} + minutes;
}

std::unique_ptr<KlineStore> open(const TempFolder& folder, std::size_t recent_max = 400'000) {
  auto store = KlineStore::open({.folder = folder.path(), .recent_max = recent_max});
  QOS_ASSERT(store.has_value());
  return std::move(*store);
}

Kline kline(UnixNanos start, std::int64_t cents, std::int64_t volume = 100, std::uint32_t revision = 0) {
  const auto price = [](std::int64_t value) { return Price::from_raw(value * 10'000'000); };
  return {.start = start,
          .open = price(cents),
          .high = price(cents + 3),
          .low = price(cents - 2),
          .close = price(cents + 1),
          .volume = Volume{Quantity::from_units(volume)},
          .turnover = Turnover{price(cents), Quantity::from_units(volume)},
          .trades = static_cast<std::uint32_t>(volume / 10),
          .revision = revision,
          .closed = true};
}

StoredKline minute(StoreKey key, Date date, std::chrono::minutes minutes, std::int64_t cents,
                   std::int64_t volume = 100) {
  return {.instrument = key, .trading_date = date, .kline = kline(at(date, minutes), cents, volume)};
}
StoredKline day(StoreKey key, Date date, std::int64_t cents, std::int64_t volume = 100) {
  return {.instrument = key,
          .series = StoredSeries::day,
          .trading_date = date,
          .kline = kline(at(date, -8h), cents, volume)};
}
StoredKline removed(StoredKline kline) {
  return {.instrument = kline.instrument,
          .series = kline.series,
          .trading_date = {},
          .kline = {.start = kline.kline.start},
          .removed = true};
}
DatedKline dated(const StoredKline& kline) {
  return {kline.trading_date, kline.kline};
}

// The same by the plainest means.
class Model {
 public:
  void put(const StoredKline& line) {
    auto& series = series_[{line.instrument, line.series}];
    if (line.removed)
      series.erase(line.kline.start);
    else
      series[line.kline.start] = dated(line);
  }
  MergeReport merge(const StoredKline& line, OnDifferent how) {
    auto& series = series_[{line.instrument, line.series}];
    const auto found = series.find(line.kline.start);
    if (found == series.end()) {
      series[line.kline.start] = dated(line);
      return {.added = 1};
    }
    auto same = line.kline;
    same.revision = found->second.kline.revision;
    if (found->second == DatedKline{line.trading_date, same}) return {.equal = 1};
    if (how == OnDifferent::replace) {
      ++same.revision;
      found->second = {line.trading_date, same};
    }
    return {.different = 1};
  }
  std::vector<DatedKline> latest(StoreKey key, StoredSeries series, std::size_t count,
                                 UnixNanos until) const {
    auto all = between(key, series, UnixNanos::min(), UnixNanos::max());
    std::erase_if(all, [&](const DatedKline& k) { return k.kline.start > until; });
    if (all.size() > count) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(count));
    return all;
  }
  std::vector<DatedKline> between(StoreKey key, StoredSeries series, UnixNanos from, UnixNanos to) const {
    std::vector<DatedKline> found;
    const auto it = series_.find({key, series});
    if (it == series_.end()) return found;
    for (const auto& [start, line] : it->second)
      if (start >= from && start < to) found.push_back(line);
    return found;
  }
  std::vector<std::pair<StoreKey, Kline>> days_of(Date date) const {
    std::vector<std::pair<StoreKey, Kline>> found;
    for (const auto& [key, lines] : series_)
      if (key.second == StoredSeries::day)
        for (const auto& [start, line] : lines)
          if (line.trading_date == date) found.emplace_back(key.first, line.kline);
    return found;
  }
  std::vector<Date> dates_of(StoreKey key, StoredSeries series, Date from, Date to) const {
    std::set<Date> found;
    for (const auto& line : between(key, series, UnixNanos::min(), UnixNanos::max()))
      if (line.trading_date >= from && line.trading_date <= to) found.insert(line.trading_date);
    return {found.begin(), found.end()};
  }

 private:
  std::map<std::pair<StoreKey, StoredSeries>, std::map<UnixNanos, DatedKline>> series_;
};

std::vector<std::pair<StoreKey, Kline>> pairs(const std::vector<KlineStore::OfInstrument>& days) {
  std::vector<std::pair<StoreKey, Kline>> found;
  for (const auto& day : days) found.emplace_back(day.instrument, day.kline);
  return found;
}

TEST(KlineStore, is_empty_at_first) {
  const TempFolder folder;
  const auto store = open(folder);
  EXPECT_EQ(store->find("SZ:300059"), std::nullopt);
  EXPECT_TRUE(store->instruments().empty());
  EXPECT_TRUE(store->latest(StoreKey{0}, StoredSeries::regular, 10).value().empty());
  EXPECT_TRUE(store->days_of(kMonday).value().empty());
  EXPECT_TRUE(store->check());
}

TEST(KlineStore, keeps_a_code_under_its_key) {
  const TempFolder folder;
  {
    const auto store = open(folder);
    EXPECT_EQ(store->key_of("SZ:300059"), StoreKey{0});
    EXPECT_EQ(store->key_of("HK:700"), StoreKey{1});
    EXPECT_EQ(store->key_of("SZ:300059"), StoreKey{0});
  }
  const auto store = open(folder);
  EXPECT_EQ(store->find("HK:700"), StoreKey{1});
  EXPECT_EQ(store->find("HK:70"), std::nullopt);
  ASSERT_EQ(store->instruments().size(), 2U);
  EXPECT_EQ(store->instruments()[0].code, "SZ:300059");
}

TEST(KlineStore, reads_what_was_put_and_after_opening_again) {
  const TempFolder folder;
  std::vector<StoredKline> lines;
  {
    const auto store = open(folder);
    const auto key = store->key_of("SZ:300059").value();
    for (int n = 0; n < 3; ++n) lines.push_back(minute(key, kMonday, 90min + n * 1min, 2'000 + n));
    ASSERT_TRUE(store->put(lines));
    EXPECT_THAT(store->latest(key, StoredSeries::regular, 2).value(),
                ElementsAre(dated(lines[1]), dated(lines[2])));
  }
  const auto store = open(folder);
  const auto key = store->find("SZ:300059").value();
  EXPECT_THAT(store->latest(key, StoredSeries::regular, 2, at(kMonday, 91min)).value(),
              ElementsAre(dated(lines[0]), dated(lines[1])));
  EXPECT_THAT(store->between(key, StoredSeries::regular, at(kMonday, 91min), at(kMonday, 92min)).value(),
              ElementsAre(dated(lines[1])));
  EXPECT_TRUE(store->latest(key, StoredSeries::night, 2).value().empty());
}

TEST(KlineStore, refuses_what_has_no_key_no_series_or_no_plausible_date) {
  const TempFolder folder;
  const auto store = open(folder);
  const auto key = store->key_of("SZ:300059").value();
  const auto error_of = [&](StoredKline line) {
    const auto done = store->put(std::array{line});
    return done ? "taken" : done.error().message;
  };
  auto line = minute(StoreKey{7}, kMonday, 90min, 2'000);
  EXPECT_THAT(error_of(line), HasSubstr("instrument 7, but only keys below 1"));
  line = minute(key, kMonday, 90min, 2'000);
  line.series = static_cast<StoredSeries>(5);
  EXPECT_THAT(error_of(line), HasSubstr("series 5"));
  line = minute(key, kMonday, 90min, 2'000);
  line.trading_date = plus(kMonday, 21);
  EXPECT_THAT(error_of(line), HasSubstr("trading date 2026-01-26, need one within 20 days"));
  line.trading_date = {};
  EXPECT_THAT(error_of(line), HasSubstr("2026-01-05 UTC"));
  EXPECT_TRUE(store->latest(key, StoredSeries::regular, 10).value().empty());
}

// Random puts, corrections, removals and batches over some months of a few instruments, against a map; with
// so little memory for recent K-lines that sealing goes on all the time, and reopened now and then.
TEST(KlineStore, answers_like_a_map) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random{seed};
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  constexpr std::array kSeries{StoredSeries::day, StoredSeries::night, StoredSeries::regular};
  constexpr int kInstruments = 130;  // three shards
  constexpr int kDates = 40;
  const TempFolder folder;
  Model model;
  auto store = open(folder, 300);
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

  for (int turn = 0; turn < 600 && !HasFatalFailure(); ++turn) {
    const int what = below(20);
    if (what == 0) {
      batch();
    } else if (what == 1) {
      store.reset();
      store = open(folder, 300);
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
    for (int n = 0; n < 5 && !HasFatalFailure(); ++n) compare();
  }
  const auto checked = store->check();
  EXPECT_TRUE(checked) << checked.error().message;
  EXPECT_GT(store->counters().sealed_chunks.value() + 1, 0U);
}

}  // namespace
}  // namespace qos::store
