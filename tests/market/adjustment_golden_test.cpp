// Adjustment against what others publish: adjusted closes, factor files, and how A shares really opened.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "calendars.hpp"
#include "market/adjustment.hpp"
#include "reference_data.hpp"

namespace qos::market {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr auto kForward = AdjustmentDirection::forward;
const Date kLater = Date{std::chrono::year{2100} / 1 / 1};

Instrument fine() {
  Instrument out;
  out.tick = *TickRule::parse("0.000000001");
  return out;
}

// Other software's binary fractions: "37.70000076293945" was 37.70.
Price cents(const std::string& text) {
  return Price::from_raw(std::llround(std::stod(text) * 100) * 10'000'000);
}

TEST(AdjustmentGolden, forward_closes_of_calm_are_those_of_yfinance) {
  const auto rows = plain_csv(reference_path("us/yahoo/yfinance_CALM-1d-no-bad-divs.csv"));
  if (rows.empty()) GTEST_SKIP() << "no reference data (QOS_TEST_DATA)";
  std::vector<CorporateAction> actions;
  for (std::size_t i = 1; i < rows.size(); ++i)
    if (std::stod(rows[i].at(7)) > 0)
      actions.push_back({.ex_date = date(rows[i][0].substr(0, 10)),
                         .cash = Price::from_raw(std::llround(std::stod(rows[i][7]) * 1e6) * 1'000)});
  ASSERT_EQ(actions.size(), 10U);
  const auto close_before = [&](Date ex_date) -> std::optional<Price> {
    for (std::size_t i = rows.size(); i-- > 0;)
      if (date(rows[i][0].substr(0, 10)) < ex_date) return cents(rows[i].at(4));
    return std::nullopt;
  };
  const auto adjustment = Adjustment::make(actions, AdjustmentMethod::ratio, kLater, close_before);
  double worst = 0;
  for (const auto& row : rows) {
    const Price ours = adjustment.apply(cents(row.at(4)), date(row[0].substr(0, 10)), kForward, fine());
    const double theirs = std::stod(row.at(5));
    worst = std::max(worst, std::abs(static_cast<double>(ours.raw()) / 1e9 / theirs - 1));
  }
  EXPECT_LT(worst, 1e-6);
  RecordProperty("worst_relative_difference", std::to_string(worst));
}

struct Dividend {
  const char* ex_date;
  const char* cash;
};
// Apple's dividends as announced, and its splits of 7:1 and 4:1.
constexpr Dividend kApple[] = {
    {"2012-08-09", "2.65"}, {"2012-11-07", "2.65"},  {"2013-02-07", "2.65"}, {"2013-05-09", "3.05"},
    {"2013-08-08", "3.05"}, {"2013-11-06", "3.05"},  {"2014-02-06", "3.05"}, {"2014-05-08", "3.29"},
    {"2014-08-07", "0.47"}, {"2014-11-06", "0.47"},  {"2015-02-05", "0.47"}, {"2015-05-07", "0.52"},
    {"2015-08-06", "0.52"}, {"2015-11-05", "0.52"},  {"2016-02-04", "0.52"}, {"2016-05-05", "0.57"},
    {"2016-08-04", "0.57"}, {"2016-11-03", "0.57"},  {"2017-02-09", "0.57"}, {"2017-05-11", "0.63"},
    {"2017-08-10", "0.63"}, {"2017-11-10", "0.63"},  {"2018-02-09", "0.63"}, {"2018-05-11", "0.73"},
    {"2018-08-10", "0.73"}, {"2018-11-08", "0.73"},  {"2019-02-08", "0.73"}, {"2019-05-10", "0.77"},
    {"2019-08-09", "0.77"}, {"2019-11-07", "0.77"},  {"2020-02-07", "0.77"}, {"2020-05-08", "0.82"},
    {"2020-08-07", "0.82"}, {"2020-11-06", "0.205"}, {"2021-02-05", "0.205"}};

// The file has a row for the last date before each change: price factor, split factor, close on that date.
TEST(AdjustmentGolden, apples_factors_are_those_of_the_lean_factor_file) {
  const auto rows = plain_csv(reference_path("us/lean/factor_aapl.csv"), false);
  if (rows.empty()) GTEST_SKIP() << "no reference data (QOS_TEST_DATA)";
  std::vector<CorporateAction> actions;
  for (const auto& [ex_date, amount] : kApple)
    actions.push_back({.ex_date = date(ex_date), .cash = *Price::parse(amount)});
  actions.push_back({.ex_date = date("2014-06-09"), .split = {7, 1}});
  actions.push_back({.ex_date = date("2020-08-31"), .split = {4, 1}});
  std::ranges::sort(actions, {}, &CorporateAction::ex_date);
  std::map<Date, Price> closes;
  for (const auto& row : rows)
    closes[compact_date(static_cast<std::uint32_t>(std::stoul(row.at(0))))] = *Price::parse(row.at(3));
  const auto close_before = [&](Date ex_date) -> std::optional<Price> {
    return std::prev(closes.lower_bound(ex_date))->second;
  };
  const auto adjustment = Adjustment::make(actions, AdjustmentMethod::ratio, kLater, close_before);
  std::size_t compared = 0;
  for (const auto& row : rows) {
    const Date last = compact_date(static_cast<std::uint32_t>(std::stoul(row.at(0))));
    if (last < date("2012-08-08") || last > date("2021-12-31")) continue;
    const auto step =
        std::ranges::find_if(adjustment.steps(), [&](const auto& s) { return s.action.ex_date > last; });
    ASSERT_NE(step, adjustment.steps().end());
    EXPECT_EQ(calendar("US").next_trading_date(last), step->action.ex_date) << row[0];
    const double theirs = std::stod(row.at(1)) * std::stod(row.at(2));
    EXPECT_NEAR(std::stod(step->forward_factor) / theirs, 1, 1e-6) << row[0];
    ++compared;
  }
  EXPECT_EQ(compared, actions.size());
  // A share of before both splits is 28 now, whatever was paid.
  Kline kline{.volume = Volume{Quantity::from_units(100)}};
  EXPECT_EQ(adjustment.apply(kline, date("2014-06-06"), kForward, fine()).volume.to_string(), "2800");
  EXPECT_EQ(adjustment.apply(kline, date("2020-08-28"), kForward, fine()).volume.to_string(), "400");
  EXPECT_EQ(adjustment.apply(kline, date("2020-08-31"), kForward, fine()).volume.to_string(), "100");
}

// Per ten shares, as China's announcements have it.
Ratio of_ten(const std::string& text) {
  const Price each = Price::from_raw(Price::parse(text)->raw() / 10);
  return *Ratio::parse(each.to_string());
}

std::map<std::string, std::vector<CorporateAction>> china_actions() {
  std::map<std::string, std::vector<CorporateAction>> out;
  for (const auto& row : plain_csv(reference_path("cn/tdx_gbbq_events_selected.csv"))) {
    if (row.at(3) != "1") continue;
    out[row.at(0) + row.at(1)].push_back(
        {.ex_date = compact_date(static_cast<std::uint32_t>(std::stoul(row.at(2)))),
         .cash = Price::from_raw(Price::parse(row.at(5))->raw() / 10),
         .bonus = of_ten(row.at(7)),
         .rights = of_ten(row.at(8)),
         .rights_price = *Price::parse(row.at(6))});
  }
  for (auto& [code, actions] : out) std::ranges::stable_sort(actions, {}, &CorporateAction::ex_date);
  return out;
}

struct File {
  const char* path;
  std::int64_t price_scale;
};
// The stocks, funds and B shares of which both are kept.
constexpr File kChina[] = {
    {"sh/sh510300.day", 1000}, {"sh/sh600000.day", 100}, {"sh/sh600030.day", 100}, {"sh/sh600036.day", 100},
    {"sh/sh601318.day", 100},  {"sh/sh601398.day", 100}, {"sh/sh601857.day", 100}, {"sh/sh601988.day", 100},
    {"sz/sz000001.day", 100},  {"sz/sz000002.day", 100}, {"sz/sz000333.day", 100}, {"sz/sz000651.day", 100},
    {"sz/sz000858.day", 100},  {"sz/sz002415.day", 100}, {"sz/sz002594.day", 100}, {"sz/sz200725.day", 1000}};

// A share may move by 10 % of its ex-right reference: on its ex-dates each opened within that, which a wrong
// factor would not. And the chain is whole: forward and backward of every day keep that move.
TEST(AdjustmentGolden, a_shares_open_on_their_ex_dates_near_the_adjusted_close_before) {
  const auto actions = china_actions();
  if (actions.empty()) GTEST_SKIP() << "no reference data (QOS_TEST_DATA)";
  const auto& maotai = actions.at("sh600519");
  const auto june = std::ranges::find(maotai, date("2021-06-25"), &CorporateAction::ex_date);
  ASSERT_NE(june, maotai.end());
  EXPECT_EQ(june->cash.to_string(), "19.293");

  int ex_dates = 0;
  for (const File& file : kChina) {
    const auto series =
        tdx_days(reference_path((std::string{"cn/tdx_gf2017/"} + file.path).c_str()), file.price_scale);
    ASSERT_FALSE(series.empty()) << file.path;
    const auto at_or_after = [&](Date day) {
      return std::ranges::lower_bound(series, day, {}, &TdxDay::date);
    };
    const auto close_before = [&](Date ex_date) -> std::optional<Price> {
      const auto after = at_or_after(ex_date);
      if (after == series.begin()) return std::nullopt;
      return std::prev(after)->close;
    };
    for (const auto method : {AdjustmentMethod::ratio, AdjustmentMethod::subtract}) {
      const auto code = std::string{file.path}.substr(3, 8);
      const auto adjustment = Adjustment::make(actions.at(code), method, series.back().date, close_before);
      for (const AdjustmentStep& step : adjustment.steps()) {
        const auto day = at_or_after(step.action.ex_date);
        if (!step.previous_close || day == series.end()) continue;
        ex_dates += method == AdjustmentMethod::ratio;
        EXPECT_EQ(step.left_out, "") << code << " " << to_string(step.action.ex_date);
        const double reference = std::stod(step.reference_price);
        EXPECT_NEAR(static_cast<double>(day->open.raw()) / 1e9 / reference, 1, 0.11)
            << code << " " << to_string(day->date);
        // In an adjusted series the reference and the close before are one price.
        const Date before = std::prev(day)->date;
        for (const auto direction : {kForward, AdjustmentDirection::backward}) {
          const auto adjusted = adjustment.apply(*step.previous_close, before, direction, fine());
          const auto same =
              adjustment.apply(*Price::parse(fmt::format("{:.9f}", reference)), day->date, direction, fine());
          EXPECT_NEAR(static_cast<double>(adjusted.raw()) / 1e9, static_cast<double>(same.raw()) / 1e9, 1e-6)
              << code << " " << to_string(day->date);
        }
      }
    }
  }
  EXPECT_EQ(ex_dates, 83);
}

}  // namespace
}  // namespace qos::market
