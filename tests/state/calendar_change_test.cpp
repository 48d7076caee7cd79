// An operator's word about a day, in the middle of it. Times are UTC: Hong Kong is 8 hours ahead.
#include "state/alike.hpp"

namespace qos::state {
namespace {

using market::KlineType;

class Storm : public testing::Test {
 protected:
  std::vector<Heard> change(CalendarChange::Kind kind, std::int16_t open = CalendarChange::kAsUsual,
                            std::int16_t close = CalendarChange::kAsUsual) {
    using namespace std::chrono;
    return world.apply_to_all(CalendarChange{
        .calendar = calendar(),
        .kind = kind,
        .date = static_cast<std::int32_t>(sys_days{2024y / August / 6}.time_since_epoch().count()),
        .open = open,
        .close = close,
        .ts_event = utc("2024-08-06 02:00")});
  }
  std::vector<Heard> tick(std::string_view time) {
    return world.apply_to_all(ClockTick{.calendar = calendar(), .ts_event = utc(time)});
  }
  CalendarId calendar() { return world.instruments().at(kHk).calendar; }
  std::size_t count(KlineType type) { return world.klines(kHk, type).size(); }

  World world;
};

TEST_F(Storm, that_closes_the_day_ends_its_klines_and_takes_no_further_trade) {
  world.trade(kHk, "2024-08-06 01:31:10", "360", "100");
  EXPECT_TRUE(change(CalendarChange::Kind::closed).empty());
  EXPECT_EQ(count(KlineType::m1), 1U);
  const auto heard = tick("2024-08-06 01:32:00");
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].klines.size(), 7U);  // 1 to 240 minutes; the day ends at midnight
  world.trade(kHk, "2024-08-06 01:33:10", "361", "100");
  EXPECT_EQ(count(KlineType::m1), 1U);
  EXPECT_EQ(world.counters().outside_sessions.value(), 1U);
  // The storm has passed.
  change(CalendarChange::Kind::by_rule);
  world.trade(kHk, "2024-08-06 06:00:10", "362", "100");
  EXPECT_EQ(count(KlineType::m1), 2U);
  EXPECT_EQ(world.view(kHk).snapshot().volume, volume("200"));
}

TEST_F(Storm, that_ends_the_day_at_noon_ends_the_hour_that_reaches_across_lunch) {
  world.trade(kHk, "2024-08-06 03:40:10", "360", "100");
  EXPECT_TRUE(tick("2024-08-06 03:50:00").size() == 1);
  change(CalendarChange::Kind::partial, CalendarChange::kAsUsual, 12 * 60);
  const auto heard = tick("2024-08-06 04:00:00");
  ASSERT_EQ(heard.size(), 1U);
  std::vector<KlineType> closed;
  for (const auto& kline : heard[0].klines) closed.push_back(kline.type);
  EXPECT_EQ(closed, (std::vector{KlineType::m30, KlineType::m60, KlineType::m120, KlineType::m240}))
      << closed.size();
  world.trade(kHk, "2024-08-06 05:00:10", "361", "100");
  EXPECT_EQ(world.view(kHk).snapshot().volume, volume("100"));
}

TEST_F(Storm, that_cannot_be_is_refused_and_changes_nothing) {
  world.trade(kHk, "2024-08-06 01:31:10", "360", "100");
  world.apply(CalendarChange{.calendar = CalendarId{99}, .ts_event = utc("2024-08-06 02:00")});
  world.apply(
      CalendarChange{.calendar = calendar(), .date = -5'000'000, .ts_event = utc("2024-08-06 02:00")});
  EXPECT_EQ(world.counters().refused.value(), 2U);
  world.trade(kHk, "2024-08-06 01:33:10", "361", "100");
  EXPECT_EQ(count(KlineType::m1), 2U);
}

TEST_F(Storm, of_another_day_is_no_news_to_this_one) {
  tick("2024-08-06 01:30:00");
  world.trade(kHk, "2024-08-06 01:31:10", "360", "100");
  world.apply(CalendarChange{
      .calendar = calendar(),
      .date = static_cast<std::int32_t>(
          std::chrono::floor<std::chrono::days>(utc("2024-08-07 00:00")).time_since_epoch().count()),
      .ts_event = utc("2024-08-06 02:00")});
  tick("2024-08-07 02:00:00");  // Wednesday is closed: Tuesday's figures stay
  EXPECT_EQ(world.view(kHk).snapshot().open, price("360"));
  tick("2024-08-08 01:30:00");
  EXPECT_EQ(world.view(kHk).snapshot().open, std::nullopt);
}

}  // namespace
}  // namespace qos::state
