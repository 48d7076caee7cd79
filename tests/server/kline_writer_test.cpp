// What reaches the store when the queue to it is too small, and what must not.
#include "server/kline_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "history/history_world.hpp"

namespace qos::server {
namespace {

using history::load_calendars;
using history::load_instruments;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using namespace std::chrono_literals;

// 2026-01-05 10:00 in Hong Kong.
constexpr UnixNanos kTen = from_unix_seconds(1'767'578'400);

Kline minute_kline(int minute, std::int64_t cents, std::uint64_t sequence) {
  const Price price = Price::from_raw(cents * 10'000'000);
  return {.sequence = Sequence{sequence},
          .start = kTen + minute * 1min,
          .open = price,
          .high = price,
          .low = price,
          .close = price,
          .volume = Volume{Quantity::from_units(100)},
          .turnover = Turnover{price, Quantity::from_units(100)},
          .trades = 1,
          .closed = true};
}

class KlineWriterTest : public ::testing::Test {
 protected:
  KlineWriterTest() {
    auto opened = store::KlineStore::open({.folder = folder_.path() / "klines"});
    QOS_ASSERT(opened.has_value());
    store_ = std::move(*opened);
    hk_ = instruments_.of_market(market::Market::HK).front();
  }

  KlineWriter writer(KlineWriter::Options options) {
    return KlineWriter{instruments_, calendars_, views_, *store_, std::move(options)};
  }
  void take(KlineWriter& writer, const Kline& kline, market::KlineType type = market::KlineType::m1) {
    const std::vector<state::KlineChange> klines{{.type = type, .kline = kline}};
    state::Change change;
    change.instrument = hk_;
    change.klines = klines;
    writer.take(change);
    writer.end_of_event();
  }
  void finish(KlineWriter& writer) {
    writer.start();
    writer.stop();
    EXPECT_TRUE(writer.at_rest());
  }
  void put(const Kline& kline) {
    const auto key = store_->key_of("HK:700");
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(store_->put(std::vector<store::StoredKline>{
        {.instrument = *key, .trading_date = std::chrono::year{2026} / 1 / 5, .kline = kline}}));
  }
  std::vector<std::int64_t> stored() {
    std::vector<std::int64_t> cents;
    const auto key = store_->find("HK:700");
    if (!key) return cents;
    const auto klines = store_->latest(*key, StoredSeries::regular, 1'000);
    EXPECT_TRUE(klines);
    for (const auto& kline : *klines) cents.push_back(kline.kline.close.raw() / 10'000'000);
    return cents;
  }
  std::vector<Kline>& seen() { return views_.by_id[hk_].kept[market::KlineType::m1]; }

  test::TempFolder folder_;
  market::CalendarTable calendars_ = load_calendars();
  market::InstrumentTable instruments_ = load_instruments(calendars_);
  history::Views views_;
  std::unique_ptr<store::KlineStore> store_;
  InstrumentId hk_;
};

TEST_F(KlineWriterTest, stores_closed_minutes_and_days_and_nothing_else) {
  auto writer = this->writer({});
  take(writer, minute_kline(0, 1, 1));
  auto open = minute_kline(1, 2, 2);
  open.closed = false;
  take(writer, open);
  take(writer, minute_kline(0, 3, 3), market::KlineType::m5);
  finish(writer);
  EXPECT_THAT(stored(), ElementsAre(1));
}

TEST_F(KlineWriterTest, what_found_no_room_is_written_from_the_views) {
  auto writer = this->writer({.queue_capacity = 2});
  for (int n = 0; n < 10; ++n) {
    seen().push_back(minute_kline(n, 100 + n, static_cast<std::uint64_t>(n) + 1));
    take(writer, seen().back());
  }
  EXPECT_EQ(writer.counters().missed.value(), 8U);
  EXPECT_FALSE(writer.at_rest());
  finish(writer);
  EXPECT_THAT(stored(), ElementsAre(100, 101, 102, 103, 104, 105, 106, 107, 108, 109));
}

TEST_F(KlineWriterTest, a_removal_that_found_no_room_is_not_forgotten) {
  put(minute_kline(0, 1, 0));
  put(minute_kline(1, 2, 0));
  auto writer = this->writer({.queue_capacity = 2});
  for (int n = 5; n < 7; ++n) take(writer, minute_kline(n, n, 9));
  auto removed = minute_kline(0, 1, 10);
  removed.trades = 0;
  removed.volume = {};
  take(writer, removed);
  ASSERT_EQ(writer.counters().missed.value(), 1U);
  finish(writer);
  EXPECT_THAT(stored(), ElementsAre(2, 5, 6));
}

// An import may have corrected the store since state was told.
TEST_F(KlineWriterTest, catching_up_never_writes_what_the_store_has_told) {
  put(minute_kline(0, 77, 0));
  seen() = {minute_kline(0, 1, 0), minute_kline(1, 2, 5)};
  auto writer = this->writer({.queue_capacity = 2});
  for (int n = 0; n < 4; ++n) take(writer, minute_kline(1, 2, 5));
  ASSERT_GT(writer.counters().missed.value(), 0U);
  finish(writer);
  EXPECT_THAT(stored(), ElementsAre(77, 2));
}

TEST_F(KlineWriterTest, instruments_that_are_not_kept_leave_nothing) {
  auto writer = this->writer({.queue_capacity = 2, .keeps = [](InstrumentId) { return false; }});
  seen() = {minute_kline(0, 1, 1)};
  for (int n = 0; n < 5; ++n) take(writer, minute_kline(n, 1, 1));
  finish(writer);
  EXPECT_THAT(stored(), IsEmpty());
}

}  // namespace
}  // namespace qos::server
