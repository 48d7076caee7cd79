#include "history/klines.hpp"

#include <gmock/gmock.h>

#include "history/history_world.hpp"
#include "store/sqlite.hpp"

namespace qos::history {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Date kMonday{std::chrono::year{2026}, std::chrono::January, std::chrono::day{5}};
constexpr Date kTuesday{std::chrono::year{2026}, std::chrono::January, std::chrono::day{6}};

std::vector<std::int64_t> closes_of(const std::vector<Kline>& klines) {
  std::vector<std::int64_t> closes;
  for (const auto& kline : klines) closes.push_back(kline.close.raw() / 10'000'000 - 1);
  return closes;
}

// Hong Kong, 09:30 to 12:00 and 13:00 to 16:00; a minute's open in cents is what a test names it by.
class HistoryKlines : public testing::Test {
 protected:
  static UnixNanos at(Date date, std::chrono::minutes local) {
    return std::chrono::sys_days{date} + local - 8h;
  }
  static FoldPart minute(Date date, std::chrono::minutes local, std::int64_t cents) {
    return {date, kline(at(date, local), cents)};
  }
  static FoldPart day(Date date, std::int64_t cents) { return {date, kline(at(date, 0min), cents)}; }
  static Kline live(Date date, std::chrono::minutes local, std::int64_t cents) {
    return kline(at(date, local), cents, 100, 7);
  }
  std::vector<std::int64_t> minutes(std::size_t count, std::optional<UnixNanos> until = {}) {
    return closes_of(world.read(hk, {.count = count, .until = until}));
  }

  World world;
  const market::Instrument& hk = world.instrument("HK:700");
  const market::Instrument& us = world.instrument("US:AAPL");
};

TEST_F(HistoryKlines, without_anything_there_are_none) {
  for (const auto type : market::kKlineTypes)
    EXPECT_THAT(world.read(hk, {.type = type, .count = 10}), IsEmpty());
}

TEST_F(HistoryKlines, the_past_of_the_store_goes_before_what_memory_has) {
  world.put(hk, StoredSeries::regular, {minute(kMonday, 570min, 1), minute(kMonday, 571min, 2)});
  world.view(hk).kept[KlineType::m1] = {live(kTuesday, 570min, 3), live(kTuesday, 571min, 4)};
  EXPECT_THAT(minutes(10), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(minutes(3), ElementsAre(2, 3, 4));
  EXPECT_THAT(minutes(2), ElementsAre(3, 4));
  EXPECT_THAT(minutes(2, at(kMonday, 571min)), ElementsAre(1, 2));
  EXPECT_THAT(minutes(2, at(kMonday, 571min) - 1ns), ElementsAre(1));
  EXPECT_THAT(closes_of(world.read(hk, {.count = 10, .from = at(kMonday, 571min)})), ElementsAre(2, 3, 4));
}

TEST_F(HistoryKlines, what_state_was_told_of_the_past_gives_way_to_what_was_imported_since) {
  world.put(hk, StoredSeries::regular, {minute(kMonday, 570min, 10), minute(kMonday, 571min, 20)});
  world.view(hk).kept[KlineType::m1] = {minute(kMonday, 570min, 1).kline, minute(kMonday, 571min, 2).kline,
                                        live(kMonday, 572min, 3)};
  EXPECT_THAT(minutes(10), ElementsAre(10, 20, 3));
  // A restated one is newer than both.
  world.view(hk).kept[KlineType::m1][0].sequence = Sequence{9};
  EXPECT_THAT(minutes(10), ElementsAre(1, 20, 3));
}

TEST_F(HistoryKlines, what_was_taken_back_in_this_run_is_gone_although_the_store_has_it_still) {
  world.put(hk, StoredSeries::regular, {minute(kMonday, 570min, 1), minute(kMonday, 572min, 99)});
  world.view(hk).kept[KlineType::m1] = {live(kMonday, 571min, 2), live(kMonday, 573min, 3)};
  EXPECT_THAT(minutes(10), ElementsAre(1, 2, 3));
  EXPECT_THAT(minutes(10, at(kMonday, 573min)), ElementsAre(1, 2, 3));
}

TEST_F(HistoryKlines, a_code_that_an_import_brings_later_is_found) {
  EXPECT_THAT(minutes(10), IsEmpty());
  world.put(hk, StoredSeries::regular, {minute(kMonday, 570min, 1)});
  EXPECT_THAT(minutes(10), ElementsAre(1));
}

// 11:30 to 13:30, across lunch; it is whole although only its start is before the moment asked for.
TEST_F(HistoryKlines, an_hour_up_to_a_moment_is_whole) {
  world.put(hk, StoredSeries::regular,
            {minute(kMonday, 570min, 1), minute(kMonday, 690min, 2), minute(kMonday, 800min, 3),
             minute(kMonday, 811min, 4)});
  const auto hours = world.read(hk, {.type = KlineType::m60, .count = 1, .until = at(kMonday, 750min)});
  ASSERT_EQ(hours.size(), 1U);
  EXPECT_EQ(hours[0].start, at(kMonday, 690min));
  EXPECT_EQ(hours[0].open, minute(kMonday, 690min, 2).kline.open);
  EXPECT_EQ(hours[0].close, minute(kMonday, 800min, 3).kline.close);
  EXPECT_TRUE(hours[0].closed);
}

TEST_F(HistoryKlines, the_oldest_year_is_whole) {
  std::vector<FoldPart> days;
  for (Date date{std::chrono::year{2023} / 1 / 3}; date < kMonday;
       date = *world.calendar(hk).next_trading_date(date))
    days.push_back(day(date, 100));
  world.put(hk, StoredSeries::day, days);
  const auto years =
      world.read(hk, {.type = KlineType::year, .count = 1, .until = at(kMonday, 0min) - 300 * 24h});
  ASSERT_EQ(years.size(), 1U);
  const auto in_2025 = std::ranges::count_if(
      days, [](const auto& d) { return d.trading_date.year() == std::chrono::year{2025}; });
  EXPECT_EQ(years[0].trades, in_2025 * 10U);
}

TEST_F(HistoryKlines, a_kline_is_open_as_long_as_memory_says_so) {
  world.put(hk, StoredSeries::regular, {minute(kMonday, 570min, 1), minute(kMonday, 571min, 2)});
  world.view(hk).kept[KlineType::m5] = {kline(at(kMonday, 570min), 1)};
  world.view(hk).kept[KlineType::m5][0].closed = false;
  const KlineQuery fives{.type = KlineType::m5, .count = 5};
  EXPECT_FALSE(world.read(hk, fives).at(0).closed);
  world.view(hk).kept[KlineType::m5][0] = kline(at(kMonday, 570min), 1, 100, 9);
  world.view(hk).kept[KlineType::m5][0].revision = 4;
  EXPECT_TRUE(world.read(hk, fives).at(0).closed);
  EXPECT_EQ(world.read(hk, fives).at(0).revision, 4U);
}

TEST_F(HistoryKlines, quiet_minutes_are_filled_up_to_the_newest_kline_and_no_further) {
  world.put(hk, StoredSeries::regular,
            {minute(kMonday, 718min, 1), minute(kMonday, 780min, 5), minute(kTuesday, 570min, 7)});
  const auto filled = [&](std::size_t count, std::optional<UnixNanos> until) {
    return closes_of(world.read(hk, {.count = count, .until = until, .fill = Fill::flat}));
  };
  // 11:58 traded, 11:59 quiet, lunch, 13:00 traded.
  EXPECT_THAT(filled(10, at(kMonday, 780min)), ElementsAre(1, 1, 5));
  EXPECT_THAT(filled(10, at(kMonday, 782min)), ElementsAre(1, 1, 5, 5, 5));
  EXPECT_THAT(filled(2, at(kMonday, 782min)), ElementsAre(5, 5));
  EXPECT_THAT(filled(1, at(kTuesday, 900min)), ElementsAre(7));
  EXPECT_THAT(filled(2, {}), ElementsAre(5, 7));
  const auto flat = world.read(hk, {.count = 1, .until = at(kMonday, 782min), .fill = Fill::flat}).at(0);
  EXPECT_TRUE(flat.closed);
  EXPECT_EQ(flat.trades, 0U);
  EXPECT_EQ(flat.start, at(kMonday, 782min));
}

TEST_F(HistoryKlines, extended_minutes_come_from_store_and_memory_too) {
  const auto early = market::utc("2026-01-05 09:00");  // 04:00 in New York
  world.put(us, StoredSeries::pre_market, {{kMonday, kline(early, 1)}});
  world.view(us).extended[StoredSeries::pre_market] = {kline(early + 1min, 2, 100, 5)};
  const KlineQuery query{.session = StoredSeries::pre_market, .count = 10};
  EXPECT_THAT(closes_of(world.read(us, query)), ElementsAre(1, 2));
  EXPECT_THAT(world.read(us, {.count = 10}), IsEmpty());
}

TEST_F(HistoryKlines, prices_are_adjusted_as_of_the_latest_day) {
  world.put(hk, StoredSeries::day, {day(kMonday, 10'000), day(kTuesday, 5'000)});
  world.klines.set_actions(std::make_shared<market::CorporateActionTable>(
      std::vector{market::CodedAction{hk.code, {.ex_date = kTuesday, .split = {2, 1}}}}));
  const KlineQuery forward{
      .type = KlineType::day, .count = 2, .adjustment = market::AdjustmentDirection::forward};
  const auto days = world.read(hk, forward);
  EXPECT_EQ(days.at(0).open, day(kMonday, 5'000).kline.open);
  EXPECT_EQ(days.at(0).volume, (Volume{Quantity::from_units(200)}));
  EXPECT_EQ(days.at(1).open, day(kTuesday, 5'000).kline.open);
  const auto steps = *world.klines.adjustment(hk);
  ASSERT_EQ(steps.steps().size(), 1U);
  EXPECT_EQ(steps.steps()[0].previous_close, day(kMonday, 10'000).kline.close);
  EXPECT_TRUE(world.klines.adjustment(us)->empty());
}

TEST_F(HistoryKlines, a_disk_that_refuses_is_told_and_counted) {
  world.put(hk, StoredSeries::day, {day(kMonday, 1)});
  auto other = store::Database::open({.path = world.folder / "klines.sqlite"});
  ASSERT_TRUE(other);
  ASSERT_TRUE(other->execute("DROP TABLE days"));
  const auto answer = world.klines.read(hk, {.type = KlineType::day, .count = 10});
  ASSERT_FALSE(answer);
  EXPECT_THAT(world.reported, ElementsAre(answer.error().message));
  EXPECT_EQ(world.klines.counters().failed_reads.value(), 1U);
  // What memory alone can answer is answered.
  world.view(hk).kept[KlineType::day] = {live(kTuesday, 0min, 3)};
  EXPECT_THAT(closes_of(world.read(hk, {.type = KlineType::day, .count = 1})), ElementsAre(3));
}

// A store of now, asked as of then: what was not over is not known, and nobody has gone ex yet.
TEST_F(HistoryKlines, of_what_the_store_has_only_what_was_over_by_then_is_known) {
  UnixNanos now{};
  Klines then{world.instruments, world.calendars, nullptr, world.store.get(), {.now = [&] { return now; }}};
  const auto closes = [&](const KlineQuery& query) { return closes_of(*then.read(hk, query)); };
  world.put(hk, StoredSeries::regular,
            {minute(kMonday, 570min, 1), minute(kMonday, 959min, 2), minute(kTuesday, 570min, 3)});
  world.put(hk, StoredSeries::day, {day(kMonday, 10), day(kTuesday, 20)});
  const KlineQuery minutes{.count = 10};
  const KlineQuery days{.type = KlineType::day, .count = 10};

  now = at(kMonday, 571min) - 1ns;
  EXPECT_THAT(closes(minutes), IsEmpty());
  now = at(kMonday, 571min);
  EXPECT_THAT(closes(minutes), ElementsAre(1));
  EXPECT_THAT(closes({.count = 10, .until = at(kTuesday, 600min)}), ElementsAre(1));
  EXPECT_THAT(closes(days), IsEmpty());
  EXPECT_THAT(closes({.type = KlineType::m60, .count = 10}), ElementsAre(1));
  // The closing auction has to be over.
  const auto close = world.calendar(hk).regular_of(kMonday).back().close;
  now = close - 1ns;
  EXPECT_THAT(closes(days), IsEmpty());
  now = close;
  EXPECT_THAT(closes(days), ElementsAre(10));
  EXPECT_THAT(closes({.type = KlineType::week, .count = 10}), ElementsAre(10));
  now = at(kTuesday, 569min);
  EXPECT_THAT(closes(days), ElementsAre(10));
  now = at(kTuesday, 571min);
  EXPECT_THAT(closes(minutes), ElementsAre(1, 2, 3));
  EXPECT_THAT(closes(days), ElementsAre(10));
  now = at(kTuesday, 1'439min);
  EXPECT_THAT(closes(days), ElementsAre(10, 20));
}

TEST_F(HistoryKlines, nobody_has_gone_ex_before_the_ex_date) {
  UnixNanos now = at(kTuesday, 0min) - 1ns;
  Klines then{world.instruments, world.calendars, nullptr, world.store.get(), {.now = [&] { return now; }}};
  world.put(hk, StoredSeries::day, {day(kMonday, 10'000), day(kTuesday, 5'000)});
  world.klines.set_actions(std::make_shared<market::CorporateActionTable>(
      std::vector{market::CodedAction{hk.code, {.ex_date = kTuesday, .split = {2, 1}}}}));
  then.set_actions(world.klines.actions());
  const KlineQuery forward{
      .type = KlineType::day, .count = 2, .adjustment = market::AdjustmentDirection::forward};
  EXPECT_TRUE(then.adjustment(hk)->empty());
  EXPECT_EQ(then.read(hk, forward)->at(0).open, day(kMonday, 10'000).kline.open);
  // On the morning the last day known is still the one before; the step is there to be told of.
  now = at(kTuesday, 960min) + 1h;
  EXPECT_EQ(then.adjustment(hk)->steps().size(), 1U);
  EXPECT_EQ(then.read(hk, forward)->at(0).open, day(kMonday, 5'000).kline.open);
}

}  // namespace
}  // namespace qos::history
