// A date that is derived again is what was stored and published; every difference is found and named.
#include "server/verify.hpp"

#include <gmock/gmock.h>

#include <future>

#include "market/kline_date.hpp"
#include "replay/checkpointer.hpp"
#include "replay/replay_world.hpp"
#include "server/explain_service.hpp"
#include "support/temp_folder.hpp"

namespace qos::server {
namespace {

using std::chrono::August;
using std::chrono::year;

constexpr market::Date kDate{year{2024}, August, std::chrono::day{5}};

// Days of events, with digests, whose K-lines are stored as the server stores them.
class VerifyTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::KlineStore::open({.folder = folder_.path()});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  void live(const EventBody& body) {
    for (const auto& heard : world_.live(body)) keep(heard);
    if (++events_ % 50 == 0)
      world_.live(
          StateDigest{.digest = world_.machine().digest(), .ts_event = state::utc("2024-08-05 00:00")});
  }
  void live_days(int events = 1'500) {
    state::RandomEvents source{
        {.seed = 11, .step = std::chrono::seconds{100}, .restatement_percent = 1, .correction_percent = 6}};
    for (int n = 0; n < events; ++n) live(source.next(world_.instruments()));
  }
  void keep(const state::Heard& heard) {
    const auto& instrument = world_.instruments().at(heard.instrument);
    const auto& calendar = state::world_calendars().at(instrument.calendar);
    for (const auto& news : heard.klines) {
      const bool day = news.type == market::KlineType::day;
      if (!news.kline.closed || !(day || news.type == market::KlineType::m1)) continue;
      put(instrument, day ? StoredSeries::day : news.session,
          day ? calendar.local_date(news.kline.start)
              : market::trading_date_of_kline(calendar, news.kline.start),
          news.kline);
    }
  }
  void put(const market::Instrument& instrument, StoredSeries series, market::Date date, const Kline& kline) {
    const auto key = store_->key_of(instrument.code.to_string());
    ASSERT_TRUE(key);
    const bool removed = kline.trades == 0 && kline.volume == Volume{} && kline.turnover == Turnover{};
    const store::StoredKline row{
        .instrument = *key, .series = series, .trading_date = date, .kline = kline, .removed = removed};
    const auto stored = store_->put({&row, 1});
    ASSERT_TRUE(stored) << stored.error().message;
  }
  // A stored minute of the date that the journal made.
  std::pair<store::StoreKey, Kline> some_minute(InstrumentId id) {
    const auto key = store_->find(world_.instruments().at(id).code.to_string());
    const auto rows = store_->between(*key, StoredSeries::regular, state::utc("2024-08-05 00:00"),
                                      state::utc("2024-08-06 00:00"));
    return {*key, rows->at(rows->size() / 2).kline};
  }
  Result<VerifyReport> verify(const VerifyQuestion& question = {.date = kDate}) {
    world_.flush();
    return verify_date(world_.archive(), *store_, question);
  }

  test::TempFolder folder_;
  static journal::Journal::Options small() {
    auto options = replay::JournalledWorld::usual();
    options.segment_bytes = 10'000;
    return options;
  }
  replay::JournalledWorld world_{{}, small()};
  std::unique_ptr<store::KlineStore> store_;
  int events_ = 0;
};

TEST_F(VerifyTest, finds_what_was_stored_and_published_equal) {
  live_days();
  const auto report = verify();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->equal()) << report->differing;
  EXPECT_GT(report->instruments, 4U);
  EXPECT_GT(report->klines, 100U);
  EXPECT_GT(report->trades, 100U);
  EXPECT_GE(report->digests, 30U);
  EXPECT_EQ(report->from, Sequence{});
  EXPECT_EQ(report->to, world_.last());
  const auto one = verify({.date = kDate, .only = state::kCoin});
  EXPECT_TRUE(one->equal());
  EXPECT_EQ(one->instruments, 1U);
  EXPECT_LT(one->klines, report->klines);
}

TEST_F(VerifyTest, begins_with_the_checkpoint_before_the_date) {
  // Times received are the sequences in seconds: all of it is received long before the date.
  live_days(500);
  replay::Checkpointer checkpointer{
      world_.journal(), world_.clock(), world_.instruments(), {.folder = replay::kCheckpoints}, Sequence{}};
  checkpointer.begin(world_.machine(), {.epoch = world_.journal().epoch()});
  while (checkpointer.under_way()) {
    checkpointer.step(world_.machine(), from_unix_seconds(500));
    while (checkpointer.write_some()) continue;
  }
  world_.flush();
  while (checkpointer.write_some()) continue;
  const auto from = world_.last();
  live_days(500);
  const auto report = verify();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->from, from);
  EXPECT_EQ(report->digests_differing, 0U);
}

TEST_F(VerifyTest, names_a_stored_kline_that_is_another_one) {
  live_days();
  auto [key, kline] = some_minute(state::kCoin);
  const auto derived = kline;
  kline.close = Price::from_raw(kline.close.raw() + 1);
  put(world_.instruments().at(state::kCoin), StoredSeries::regular, kDate, kline);
  const auto report = verify();
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->equal());
  ASSERT_EQ(report->differing, 1U);
  const auto& difference = report->differences.at(0);
  EXPECT_EQ(difference.instrument, state::kCoin);
  EXPECT_EQ(difference.series, StoredSeries::regular);
  EXPECT_EQ(difference.start, kline.start);
  EXPECT_EQ(difference.derived->close, derived.close);
  EXPECT_EQ(difference.stored->close, kline.close);
  EXPECT_EQ(verify({.date = kDate, .only = state::kHk})->differing, 0U);
}

TEST_F(VerifyTest, names_a_kline_that_is_missing_in_the_store_or_of_another_revision) {
  live_days();
  auto [key, kline] = some_minute(state::kCoin);
  const store::StoredKline gone{
      .instrument = key, .trading_date = kDate, .kline = {.start = kline.start}, .removed = true};
  ASSERT_TRUE(store_->put({&gone, 1}));
  auto report = verify();
  ASSERT_EQ(report->differing, 1U);
  EXPECT_FALSE(report->differences[0].stored);
  ++kline.revision;
  put(world_.instruments().at(state::kCoin), StoredSeries::regular, kDate, kline);
  report = verify();
  ASSERT_EQ(report->differing, 1U);
  EXPECT_EQ(report->differences[0].stored->revision, kline.revision);
}

TEST_F(VerifyTest, notices_that_something_else_was_published) {
  live_days(500);
  world_.live(
      StateDigest{.digest = world_.machine().digest() + 1, .ts_event = state::utc("2024-08-06 00:00")});
  const auto report = verify();
  EXPECT_EQ(report->digests_differing, 1U);
  EXPECT_FALSE(report->equal());
}

TEST_F(VerifyTest, reports_what_was_told_or_imported_apart) {
  live_days();
  world_.live(PastKline{.instrument = state::kSh,
                        .trading_date = 19'940,  // 2024-08-05
                        .start = state::utc("2024-08-04 16:00"),
                        .open = state::price("1"),
                        .high = state::price("1"),
                        .low = state::price("1"),
                        .close = state::price("1"),
                        .ts_event = state::utc("2024-08-09 00:00")});
  put(world_.instruments().at(state::kCoin), StoredSeries::regular, kDate,
      {.start = state::utc("2024-08-05 23:59"),
       .open = state::price("7"),
       .high = state::price("7"),
       .low = state::price("7"),
       .close = state::price("7"),
       .volume = state::volume("1"),
       .turnover = state::turnover("7")});
  const auto report = verify();
  EXPECT_THAT(report->told, testing::ElementsAre(state::kSh));
  EXPECT_EQ(report->imported, 1U);
  EXPECT_EQ(report->differing, 0U);
  EXPECT_FALSE(report->equal());
}

TEST_F(VerifyTest, proves_nothing_where_the_journal_does_not_reach_back) {
  live_days(1'600);
  world_.flush();
  world_.step();
  live_days(100);
  world_.flush();
  for (int n = 0; n < 100; ++n) world_.step();
  const auto segments = journal::segments_of(world_.disk(), replay::kJournal);
  ASSERT_GT(segments->size(), 1U);
  world_.disk().erase(replay::kJournal / segments->front().file);
  const auto report = verify();
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, testing::HasSubstr("no checkpoint is from before the date"));
  EXPECT_FALSE(verify({.date = market::Date{year{1950}, August, std::chrono::day{6}}}));
}

TEST_F(VerifyTest, explains_a_kline_on_a_thread_of_its_own) {
  live_days(500);
  world_.flush();
  PastQuestions questions;
  ExplainService service{world_.archive(), questions};
  const auto kline = world_.klines(state::kCoin, market::KlineType::day).back();
  std::promise<std::expected<api::Explainer::Explanation, api::Explainer::Failure>> answer;
  ASSERT_TRUE(service.ask({.instrument = state::kCoin,
                           .type = market::KlineType::day,
                           .start = kline.start,
                           .after = {},
                           .count = 3},
                          [&](auto explained) { answer.set_value(std::move(explained)); }));
  questions.start();
  const auto explained = answer.get_future().get();
  ASSERT_TRUE(explained);
  EXPECT_EQ(explained->kline, kline);
  EXPECT_EQ(explained->counted, kline.trades);
  EXPECT_EQ(explained->trades.size(), 3U);
  EXPECT_TRUE(explained->more);
}

}  // namespace
}  // namespace qos::server
