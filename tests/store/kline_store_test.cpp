#include "store/kline_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "store/kline_store_support.hpp"
#include "store/sqlite.hpp"

namespace qos::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

TEST(KlineStore, takes_the_later_of_two_for_the_same_start) {
  const TempFolder folder;
  const auto store = open(folder);
  const auto key = store->key_of("SZ:300059").value();
  const auto first = minute(key, kMonday, 90min, 2'000);
  const auto second = minute(key, kMonday, 90min, 2'001);
  ASSERT_TRUE(store->put(std::array{first, second}));
  EXPECT_THAT(store->latest(key, StoredSeries::regular, 9).value(), ElementsAre(dated(second)));
  ASSERT_TRUE(store->put(std::array{removed(first)}));
  EXPECT_TRUE(store->latest(key, StoredSeries::regular, 9).value().empty());
  EXPECT_TRUE(store->dates_of(key, StoredSeries::regular, kMonday, kMonday).value().empty());
}

// A typhoon closes Tuesday at run time: Monday evening's minutes belong to Wednesday now.
TEST(KlineStore, moves_a_minute_whose_trading_date_has_changed) {
  const TempFolder folder;
  const auto store = open(folder, 1);  // everything is sealed at once
  const auto key = store->key_of("CM:GOLD").value();
  std::vector<StoredKline> night;
  for (int n = 0; n < 5; ++n) night.push_back(minute(key, kMonday, 13h + n * 1min, 2'000 + n));
  for (auto& line : night) line.trading_date = plus(kMonday, 1);
  ASSERT_TRUE(store->put(night));
  for (auto& line : night) line.trading_date = plus(kMonday, 2);
  ASSERT_TRUE(store->put(night));
  ASSERT_TRUE(store->put(std::array{minute(key, plus(kMonday, 2), 90min, 2'010)}));
  EXPECT_EQ(store->latest(key, StoredSeries::regular, 9)->size(), 6U);
  EXPECT_THAT(store->dates_of(key, StoredSeries::regular, kMonday, plus(kMonday, 9)).value(),
              ElementsAre(plus(kMonday, 2)));
}

TEST(KlineStore, reports_what_a_merge_found_and_raises_revisions) {
  const TempFolder folder;
  const auto store = open(folder);
  const auto key = store->key_of("SZ:300059").value();
  const auto old = minute(key, kMonday, 90min, 2'000);
  ASSERT_TRUE(store->put(std::array{old, minute(key, kMonday, 91min, 2'000)}));
  auto without_trades = old;
  without_trades.kline.trades = 0;
  auto other = minute(key, kMonday, 91min, 2'005);
  const std::array lines{without_trades, other, minute(key, kMonday, 92min, 2'000)};

  auto batch = store->begin_batch().value();
  EXPECT_EQ(batch->merge(lines, OnDifferent::replace), (MergeReport{.added = 1, .equal = 1, .different = 1}));
  EXPECT_THAT(store->put(lines).error().message, HasSubstr("this thread has a batch open"));
  EXPECT_EQ(store->latest(key, StoredSeries::regular, 9)->size(), 2U) << "nothing is there before the commit";
  ASSERT_TRUE(batch->commit());
  EXPECT_FALSE(batch->commit());
  other.kline.revision = 1;
  EXPECT_THAT(store->latest(key, StoredSeries::regular, 9).value(),
              ElementsAre(dated(old), dated(other), dated(lines[2])));
}

TEST(KlineStore, forgets_a_batch_that_was_not_committed_and_its_new_codes) {
  const TempFolder folder;
  const auto store = open(folder);
  {
    auto batch = store->begin_batch().value();
    const auto key = batch->key_of("HK:700").value();
    EXPECT_EQ(batch->key_of("HK:700"), key);
    ASSERT_TRUE(batch->merge(std::array{day(key, kMonday, 2'000)}, OnDifferent::keep));
  }
  EXPECT_EQ(store->find("HK:700"), std::nullopt);
  EXPECT_TRUE(store->days_of(kMonday).value().empty());
  EXPECT_EQ(store->key_of("HK:9988"), StoreKey{0});
}

// Two stores over one folder are what two processes are: neither knows the other's memory.
TEST(KlineStore, sees_what_another_process_puts_and_imports) {
  const TempFolder folder;
  const auto server = open(folder);
  const auto tool = open(folder);
  const auto key = server->key_of("SZ:300059").value();
  EXPECT_EQ(tool->find("SZ:300059"), key);
  ASSERT_TRUE(server->put(std::array{minute(key, kMonday, 90min, 2'000)}));
  EXPECT_EQ(tool->latest(key, StoredSeries::regular, 9)->size(), 1U);
  {
    auto batch = tool->begin_batch().value();
    EXPECT_EQ(batch->merge(std::array{minute(key, kMonday, 90min, 2'007)}, OnDifferent::replace),
              (MergeReport{.different = 1}));
    ASSERT_TRUE(batch->commit());
  }
  // The server must not go on believing its own memory, nor write it over the import.
  auto imported = minute(key, kMonday, 90min, 2'007);
  imported.kline.revision = 1;
  EXPECT_THAT(server->latest(key, StoredSeries::regular, 9).value(), ElementsAre(dated(imported)));
  const auto next = minute(key, kMonday, 91min, 2'008);
  ASSERT_TRUE(server->put(std::array{next}));
  EXPECT_THAT(tool->latest(key, StoredSeries::regular, 9).value(), ElementsAre(dated(imported), dated(next)));
  EXPECT_EQ(tool->key_of("HK:700"), StoreKey{1});
  EXPECT_EQ(server->key_of("HK:9988"), StoreKey{2});
}

TEST(KlineStore, names_the_first_damaged_chunk) {
  const TempFolder folder;
  const auto store = open(folder);
  const auto key = store->key_of("SZ:300059").value();
  auto batch = store->begin_batch().value();
  ASSERT_TRUE(batch->merge(std::array{minute(key, kMonday, 90min, 2'000), day(key, kMonday, 2'000)},
                           OnDifferent::keep));
  ASSERT_TRUE(batch->commit());
  EXPECT_TRUE(store->check());
  auto database = Database::open({.path = folder / "klines.sqlite"}).value();
  for (const std::string table : {"minutes", "days"}) {
    const auto column = table == "minutes" ? "chunk" : "klines";
    ASSERT_TRUE(database.execute(fmt::format(
        "UPDATE {0} SET {1}=CAST(substr({1}, 1, 8) || x'ee' || substr({1}, 10) AS BLOB)", table, column)));
  }
  const auto error = store->check().error().message;
  EXPECT_THAT(error, HasSubstr("klines.sqlite: damaged: minutes row "));
  EXPECT_EQ(store->latest(key, StoredSeries::regular, 1).error().message, error);
  EXPECT_THAT(store->latest(key, StoredSeries::day, 1).error().message, HasSubstr("damaged: days row "));
  EXPECT_TRUE(store->days_of(kMonday)) << "the other copy of the day is whole";
}

TEST(KlineStore, says_why_it_cannot_open) {
  const TempFolder folder;
  std::ofstream{folder / "file"} << "x";
  EXPECT_THAT(KlineStore::open({.folder = folder / "file"}).error().message, HasSubstr("cannot make folder"));
  {
    const auto store = open(folder);
    auto database = Database::open({.path = folder / "klines.sqlite"}).value();
    ASSERT_TRUE(database.execute("UPDATE schema_version SET version=99"));
  }
  EXPECT_THAT(KlineStore::open({.folder = folder.path()}).error().message, HasSubstr("schema version is 99"));
}

}  // namespace
}  // namespace qos::store
