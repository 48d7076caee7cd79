// Totals in, trades and restatements out; Shanghai, times of Tuesday 2024-08-06 in UTC (8 hours behind).
#include "feed/cumulative.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "market/calendars.hpp"

#include <fstream>
#include <iterator>

namespace qos::feed {
namespace {

using market::utc;
using Texts = std::vector<std::string>;

const market::SessionCalendar& china() {
  static const market::SessionCalendar calendar = [] {
    const auto text = [](const std::string& name) {
      std::ifstream file{std::string{QOS_SOURCE_DIR} + "/config/markets/" + name};
      return std::string{std::istreambuf_iterator<char>{file}, {}};
    };
    return market::load_calendar(text("CN.toml"), text("CN.days.csv")).value();
  }();
  return calendar;
}

class Cumulative : public testing::Test {
 protected:
  // What is handed on, as "trade time price size" or "minute start o h l c volume turnover xtrades".
  Texts on(std::string_view time, std::string_view last, std::string_view volume, std::string_view turnover) {
    Texts texts;
    for (const auto& event : trades.on({.ts = utc(time),
                                        .last = Price::parse(last).value(),
                                        .volume = Volume::parse(volume).value(),
                                        .turnover = Turnover::parse(turnover).value()}))
      texts.push_back(text_of(event));
    return texts;
  }
  static std::string text_of(const EventBody& body) {
    if (const auto* trade = std::get_if<Trade>(&body))
      return "trade " + market::text_of(trade->ts_event).substr(11) + " " + trade->price.to_string() + " " +
             trade->size.to_string() + kinds.at(trade->condition);
    const auto& r = std::get<KlineRestatement>(body);
    return "minute " + market::text_of(r.start).substr(11, 5) + " " + r.open.to_string() + " " +
           r.high.to_string() + " " + r.low.to_string() + " " + r.close.to_string() + " " +
           r.volume.to_string() + " " + r.turnover.to_string() + " x" + std::to_string(r.trades);
  }
  inline static const std::map<TradeCondition, std::string> kinds{
      {TradeCondition::regular, ""},
      {TradeCondition::opening_auction, " opening"},
      {TradeCondition::closing_auction, " closing"},
      {TradeCondition::after_close_fixed, " fixed"}};

  CumulativeTrades trades{InstrumentId{1}, china(), market::ClosingPrint::last_bar};
};

TEST_F(Cumulative, totals_make_trades_by_difference) {
  EXPECT_EQ(on("2024-08-06 01:25:01", "10", "1000", "10000"), Texts{"trade 01:25:01 10 1000 opening"});
  EXPECT_EQ(on("2024-08-06 01:29:00", "10", "1000", "10000"), Texts{});
  EXPECT_EQ(on("2024-08-06 01:30:03", "11", "1300", "13300"), Texts{"trade 01:30:03 11 300"});
  // 200 at 12 is 2400, but 2300 were paid: some of it was cheaper.
  EXPECT_EQ(on("2024-08-06 01:30:06", "12", "1500", "15600"),
            (Texts{"trade 01:30:06 12 200", "minute 01:30 10 12 10 12 1500 15600 x3"}));
  EXPECT_EQ(on("2024-08-06 01:30:09", "12", "1600", "16800"), Texts{"trade 01:30:09 12 100"});
  EXPECT_EQ(on("2024-08-06 01:31:00", "9", "1700", "17700"), Texts{"trade 01:31:00 9 100"});
}

TEST_F(Cumulative, totals_outside_trading_belong_to_the_session_before) {
  on("2024-08-06 01:25:01", "10", "1000", "10000");
  EXPECT_EQ(on("2024-08-06 03:30:02", "10", "1100", "11000"), Texts{"trade 03:29:59 10 100"});
  EXPECT_EQ(on("2024-08-06 07:00:01", "10", "1200", "12000"), Texts{"trade 07:00:01 10 100 closing"});
  EXPECT_EQ(on("2024-08-06 07:06:00", "10", "1300", "13000"), Texts{"trade 07:06:00 10 100 fixed"});
  // The next day begins with nothing.
  EXPECT_EQ(on("2024-08-07 01:30:05", "11", "100", "1100"), Texts{"trade 01:30:05 11 100"});
}

TEST_F(Cumulative, who_comes_late_begins_there) {
  EXPECT_EQ(on("2024-08-06 02:00:00", "10", "1000", "10000"), Texts{});
  EXPECT_EQ(on("2024-08-06 02:00:03", "10", "1100", "11000"), Texts{"trade 02:00:03 10 100"});
  EXPECT_EQ(on("2024-08-06 02:00:06", "10", "500", "5000"), Texts{"minute 02:00 10 10 10 10 100 1000 x0"});
  EXPECT_EQ(trades.counts().unexplained, 1U);
}

TEST_F(Cumulative, a_step_back_is_taken_from_the_newest_minutes) {
  on("2024-08-06 01:25:01", "10", "1000", "10000");
  on("2024-08-06 01:31:01", "11", "1500", "15500");
  on("2024-08-06 01:32:01", "12", "1700", "17900");
  EXPECT_EQ(on("2024-08-06 01:32:04", "12", "1650", "17300"), Texts{"minute 01:32 12 12 12 12 150 1800 x1"});
  EXPECT_EQ(on("2024-08-06 01:32:07", "12", "1400", "14400"),
            (Texts{"minute 01:32 12 12 12 12 150 1800 x0", "minute 01:31 11 11 11 11 400 4400 x1"}));
  EXPECT_EQ(on("2024-08-06 01:32:10", "12", "1400", "14300"), Texts{"minute 01:31 11 11 11 11 400 4300 x1"});
  EXPECT_EQ(on("2024-08-06 01:32:13", "12", "1500", "15500"), Texts{"trade 01:32:13 12 100"});
  EXPECT_EQ(trades.counts().unexplained, 0U);
}

TEST_F(Cumulative, what_is_old_or_cannot_be_is_ignored) {
  on("2024-08-06 01:25:01", "10", "1000", "10000");
  on("2024-08-06 01:31:01", "11", "1500", "15500");
  EXPECT_EQ(on("2024-08-06 01:31:00", "11", "1400", "14400"), Texts{});  // overtaken
  EXPECT_EQ(on("2024-08-06 01:31:02", "11", "-5", "14400"), Texts{});
  EXPECT_EQ(on("2024-08-05 01:31:02", "11", "100", "14400"), Texts{});
  EXPECT_EQ(trades.counts().ignored, 3U);
  EXPECT_EQ(on("2024-08-06 01:31:04", "11", "1600", "16600"), Texts{"trade 01:31:04 11 100"});
}

// Whatever totals come, the trades and restatements handed on sum up to the latest, minute by minute.
TEST_F(Cumulative, what_is_handed_on_comes_to_the_totals) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    const auto pick = [&](int below) { return std::uniform_int_distribution<int>{0, below - 1}(random); };
    CumulativeTrades day{InstrumentId{1}, china(), market::ClosingPrint::last_bar};
    std::map<UnixNanos, std::pair<Volume, Turnover>> minutes;
    CumulativeTotals totals{.ts = utc("2024-08-06 01:25:00")};
    while (totals.ts < utc("2024-08-06 07:00:00")) {
      totals.ts += std::chrono::seconds{3 + pick(20)};
      totals.last = Price::from_raw((1'000 + pick(20)) * std::int64_t{10'000'000});
      const auto add = Quantity::from_units(pick(10) * 100);
      if (pick(30) == 0) {
        const Volume less{Quantity::from_units(pick(3'000))};
        totals.volume = less > totals.volume ? Volume{} : Volume::from_raw(totals.volume.raw() - less.raw());
        totals.turnover = Turnover::from_raw(totals.volume.raw() * Price::kScale * 10);
      } else {
        totals.volume += Volume{add};
        totals.turnover += Turnover{Price::from_raw(totals.last.raw() - pick(3) * 1'000'000), add};
      }
      for (const auto& event : day.on(totals)) {
        if (const auto* trade = std::get_if<Trade>(&event)) {
          ASSERT_GT(trade->size, Quantity{});
          const auto print = trade->condition == TradeCondition::opening_auction ? market::Print::opening
                             : trade->condition == TradeCondition::closing_auction
                                 ? market::Print::closing
                                 : market::Print::continuous;
          const auto minute =
              market::minute_of(china(), trade->ts_event, print, market::ClosingPrint::last_bar).value();
          minutes[minute.start].first += Volume{trade->size};
          minutes[minute.start].second += Turnover{trade->price, trade->size};
        } else {
          const auto& r = std::get<KlineRestatement>(event);
          if (r.trades == 0) {
            minutes.erase(r.start);
          } else {
            minutes[r.start] = {r.volume, r.turnover};
          }
        }
      }
      Volume volume;
      Turnover turnover;
      for (const auto& [start, sums] : minutes) {
        volume += sums.first;
        turnover += sums.second;
      }
      ASSERT_EQ(volume, totals.volume);
      if (totals.volume != Volume{}) {
        ASSERT_EQ(turnover, totals.turnover);
      }
    }
    EXPECT_EQ(day.counts().ignored, 0U);
  }
}

}  // namespace
}  // namespace qos::feed
