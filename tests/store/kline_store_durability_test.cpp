// What only a dying process, a full disk or several threads can show.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <random>
#include <thread>

#include "store/kline_store_support.hpp"
#include "support/child.hpp"

namespace qos::store {
namespace {

constexpr int kInstruments = 70;  // two shards

// The n-th minute of all instruments, and the day as it is after it.
std::vector<StoredKline> minute_of_all(int n) {
  std::vector<StoredKline> lines;
  const auto date = plus(kMonday, n / 50);
  for (std::uint32_t key = 0; key < kInstruments; ++key) {
    lines.push_back(minute(StoreKey{key}, date, 90min + n % 50 * 1min, 2'000 + n % 7, n + 1));
    lines.push_back(day(StoreKey{key}, date, 2'000, n + 1));
  }
  return lines;
}

void expect_whole(const KlineStore& store, int minutes) {
  Model model;
  for (int n = 0; n < minutes; ++n)
    for (const auto& line : minute_of_all(n)) model.put(line);
  for (std::uint32_t n = 0; n < kInstruments; ++n)
    for (const auto series : {StoredSeries::regular, StoredSeries::day})
      ASSERT_EQ(store.latest(StoreKey{n}, series, 100'000).value(),
                model.latest(StoreKey{n}, series, 100'000, KlineStore::kEver));
  for (int n = 0; n <= minutes / 50; ++n)
    ASSERT_EQ(pairs(store.days_of(plus(kMonday, n)).value()), model.days_of(plus(kMonday, n)));
  ASSERT_TRUE(store.check());
}

void name_all(KlineStore& store) {
  for (int n = 0; n < kInstruments; ++n) QOS_ASSERT(store.key_of(fmt::format("T:{}", n)).has_value());
}

// A child puts minute after minute, says so after each, and is killed at any moment, sealing under way;
// then the next child goes on in the same folder. What it acknowledged is there, and of the put that was cut
// short all or nothing.
TEST(KlineStoreDurability, keeps_what_it_acknowledged_before_kill_9) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random{seed};
  const TempFolder folder;
  int there = 0;
  for (int round = 0; round < 8; ++round) {
    test::Child child{[&](const test::Child::Talk& talk) {
      const auto store = open(folder, 1'000);
      name_all(*store);
      talk.say(std::to_string(::getpid()));
      for (int n = there;; ++n) {
        if (!store->put(minute_of_all(n))) return 1;
        talk.say(std::to_string(n));
      }
    }};
    const auto process = std::stoi(child.hear());
    int acknowledged = there - 1;
    for (auto left = 1 + random() % 40; left > 0; --left) acknowledged = std::stoi(child.hear());
    ASSERT_EQ(::kill(process, SIGKILL), 0);
    for (auto rest = child.hear(); !rest.empty(); rest = child.hear()) acknowledged = std::stoi(rest);
    ASSERT_TRUE(child.end().killed);

    const auto store = open(folder);
    there = acknowledged + 1;
    const auto seen = store->latest(StoreKey{0}, StoredSeries::regular, 100'000)->size();
    if (seen == static_cast<std::size_t>(there) + 1) ++there;
    ASSERT_NO_FATAL_FAILURE(expect_whole(*store, there)) << "round " << round;
  }
}

// Files may not grow beyond 2 MB: to SQLite that is a full disk.
TEST(KlineStoreDurability, fails_a_put_on_a_full_disk_and_keeps_the_rest) {
  const TempFolder folder;
  test::Child child{[&](const test::Child::Talk& talk) {
    ::signal(SIGXFSZ, SIG_IGN);
    const auto store = open(folder, 2'000);
    name_all(*store);
    const rlimit limit{2'000'000, 2'000'000};
    QOS_ASSERT(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    for (int n = 0; n < 100'000; ++n) {
      const auto done = store->put(minute_of_all(n));
      if (done) continue;
      talk.say(std::to_string(n));
      talk.say(done.error().message);
      return store->latest(StoreKey{0}, StoredSeries::regular, 1).has_value() ? 0 : 1;
    }
    return 2;
  }};
  const auto put = child.hear();
  const auto reason = child.hear();
  EXPECT_NE(reason.find("klines.sqlite"), std::string::npos) << reason;
  EXPECT_EQ(child.end().exit_code, 0);
  const auto store = open(folder);
  expect_whole(*store, std::stoi(put));
}

TEST(KlineStoreDurability, lets_many_threads_read_while_one_writes) {
  const TempFolder folder;
  const auto store = open(folder, 1'000);
  name_all(*store);
  std::atomic<int> put = 0;
  std::atomic<bool> ended = false;
  std::vector<std::jthread> readers;
  std::atomic<std::uint64_t> faults = 0;
  for (std::uint32_t reader = 0; reader < 3; ++reader)
    readers.emplace_back([&, reader] {
      while (!ended) {
        const auto before = static_cast<std::size_t>(put.load());
        const auto klines = store->latest(StoreKey{reader * 30}, StoredSeries::regular, 100'000);
        const auto after = static_cast<std::size_t>(put.load());
        if (!klines || klines->size() < before || klines->size() > after + 1) ++faults;
        for (std::size_t n = 0; klines && n < klines->size(); ++n)
          if ((*klines)[n].kline.volume != minute_of_all(static_cast<int>(n)).front().kline.volume) ++faults;
      }
    });
  for (int n = 0; n < 150; ++n) {
    ASSERT_TRUE(store->put(minute_of_all(n)));
    ++put;
  }
  ended = true;
  readers.clear();
  EXPECT_EQ(faults, 0U);
  expect_whole(*store, 150);
}

}  // namespace
}  // namespace qos::store
