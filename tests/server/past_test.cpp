// What state is told of the stored past, and what becomes of a past that was made up.
#include "server/past.hpp"

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
using std::chrono::sys_days;
using store::Date;

constexpr Date kMonday{std::chrono::year{2026} / 1 / 5};
constexpr Date kTuesday{std::chrono::year{2026} / 1 / 6};
constexpr UnixNanos kMondayMidnight = from_unix_seconds(1'767'542'400);  // Hong Kong

Kline kline(UnixNanos start, std::int64_t price, std::int64_t units = 100) {
  const Price p = Price::from_raw(price * Price::kScale);
  return {.start = start,
          .open = p,
          .high = p,
          .low = p,
          .close = p,
          .volume = Volume{Quantity::from_units(units)},
          .turnover = Turnover{p, Quantity::from_units(units)},
          .trades = 1,
          .closed = true};
}

class PastTest : public ::testing::Test {
 protected:
  PastTest() {
    auto opened = store::KlineStore::open({.folder = folder_.path() / "klines"});
    QOS_ASSERT(opened.has_value());
    store_ = std::move(*opened);
    hk_ = instruments_.of_market(market::Market::HK).front();
  }
  void put(StoredSeries series, Date date, const Kline& kline) {
    const auto key = store_->key_of("HK:700");
    ASSERT_TRUE(key);
    ASSERT_TRUE(store_->put(std::vector<store::StoredKline>{
        {.instrument = *key, .series = series, .trading_date = date, .kline = kline}}));
  }
  void put_minute(Date date, std::chrono::minutes time, std::int64_t price) {
    put(StoredSeries::regular, date,
        kline(kMondayMidnight + (sys_days{date} - sys_days{kMonday}) + time, price));
  }
  void put_day(Date date, std::int64_t price, std::int64_t units = 100) {
    put(StoredSeries::day, date, kline(kMondayMidnight + (sys_days{date} - sys_days{kMonday}), price, units));
  }
  PastReader reader() { return {instruments_, calendars_, *store_}; }
  // "day 5", "minute 5" for each K-line told, by its close.
  std::vector<std::string> told() {
    std::vector<std::string> words;
    const auto done = reader().tell(hk_, [&](const PastKline& past) {
      words.push_back(
          fmt::format("{} {}", past.series == StoredSeries::day ? "day" : "minute", past.close.to_string()));
    });
    EXPECT_TRUE(done);
    return words;
  }

  test::TempFolder folder_;
  market::CalendarTable calendars_ = load_calendars();
  market::InstrumentTable instruments_ = load_instruments(calendars_);
  std::unique_ptr<store::KlineStore> store_;
  InstrumentId hk_;
};

TEST_F(PastTest, tells_the_days_and_the_minutes_of_the_latest_date) {
  EXPECT_THAT(told(), IsEmpty());
  put_minute(kMonday, 10h, 1);
  put_day(kMonday, 1);
  put_minute(kTuesday, 10h, 2);
  put_minute(kTuesday, 11h, 3);
  EXPECT_THAT(told(), ElementsAre("day 1", "minute 2", "minute 3"));
}

TEST_F(PastTest, a_stored_day_that_is_not_the_fold_of_its_minutes_is_told_instead_of_them) {
  put_minute(kMonday, 10h, 1);
  put_day(kMonday, 1);
  EXPECT_THAT(told(), ElementsAre("minute 1"));
  put_day(kMonday, 1, 500);
  EXPECT_THAT(told(), ElementsAre("day 1"));
}

TEST_F(PastTest, a_day_that_a_stop_left_out_is_made_of_its_minutes_once) {
  put_minute(kMonday, 10h, 1);
  put_minute(kMonday, 11h, 4);
  put_minute(kTuesday, 10h, 2);
  EXPECT_EQ(*reader().complete_days(hk_), 1U);
  EXPECT_EQ(*reader().complete_days(hk_), 0U);
  const auto days = store_->latest(*store_->find("HK:700"), StoredSeries::day, 10);
  ASSERT_TRUE(days);
  ASSERT_EQ(days->size(), 1U) << "the latest date may go on";
  EXPECT_EQ(days->front().kline.volume, Volume{Quantity::from_units(200)});
  EXPECT_EQ(days->front().kline.close, Price::from_raw(4 * Price::kScale));
}

TEST_F(PastTest, what_is_known_names_the_newest_kline_and_the_close_before_its_date) {
  const auto& facts = instruments_.at(hk_);
  EXPECT_FALSE(known_past(*store_, facts).value());
  put_day(kMonday, 5);
  auto known = known_past(*store_, facts).value();
  ASSERT_TRUE(known);
  EXPECT_EQ(known->series, StoredSeries::day);
  EXPECT_FALSE(known->previous_close);
  put_minute(kTuesday, 10h, 7);
  known = known_past(*store_, facts).value();
  ASSERT_TRUE(known);
  EXPECT_EQ(known->series, StoredSeries::regular);
  EXPECT_EQ(known->last_close, Price::from_raw(7 * Price::kScale));
  EXPECT_EQ(known->previous_close, Price::from_raw(5 * Price::kScale));
}

TEST_F(PastTest, a_made_up_past_goes_whole_and_a_real_one_stays) {
  auto rows = store::ReferenceRows::open(folder_.path() / "reference.sqlite");
  ASSERT_TRUE(rows);
  put_minute(kMonday, 10h, 1);
  put_day(kMonday, 1);
  const std::vector<std::string> codes{"HK:700"};
  EXPECT_EQ(*forget_simulated_past(*store_, *rows, codes), 0U) << "it is not marked";
  EXPECT_THAT(told(), ElementsAre("minute 1"));
  ASSERT_TRUE(rows->mark_simulated(codes, true));
  EXPECT_EQ(*forget_simulated_past(*store_, *rows, codes), 1U);
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(*rows->simulated(), IsEmpty());
}

TEST_F(PastTest, what_a_feed_tells_never_goes_over_what_is_stored_and_leaves_out_what_it_should) {
  put_minute(kMonday, 10h, 1);
  auto past = StoredPast::begin(instruments_, *store_);
  ASSERT_TRUE(past);
  const auto date = static_cast<std::int32_t>(sys_days{kMonday}.time_since_epoch().count());
  const InstrumentId left_out = instruments_.of_market(market::Market::CF).front();
  (*past)->leave_out([&](InstrumentId id) { return id == left_out; });
  const std::vector minutes{kline(kMondayMidnight + 10h, 9), kline(kMondayMidnight + 11h, 2)};
  ASSERT_TRUE((*past)->klines(hk_, StoredSeries::regular, date, minutes));
  ASSERT_TRUE((*past)->klines(left_out, StoredSeries::regular, date, minutes));
  ASSERT_TRUE((*past)->commit());
  EXPECT_EQ((*past)->stored(), 1U);
  EXPECT_THAT(told(), ElementsAre("minute 1", "minute 2"));
  EXPECT_FALSE(store_->find(instruments_.at(left_out).code.to_string()));
}

}  // namespace
}  // namespace qos::server
