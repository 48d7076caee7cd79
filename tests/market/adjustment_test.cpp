#include "market/adjustment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "calendars.hpp"

namespace qos::market {
namespace {

constexpr auto kRatio = AdjustmentMethod::ratio;
constexpr auto kSubtract = AdjustmentMethod::subtract;
constexpr auto kForward = AdjustmentDirection::forward;
constexpr auto kBackward = AdjustmentDirection::backward;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

Instrument instrument(const char* tick, int volume_decimals = 0) {
  Instrument out;
  out.tick = *TickRule::parse(tick);
  out.volume_decimals = volume_decimals;
  return out;
}

Price price(const char* text) {
  return *Price::parse(text);
}

CorporateAction action(const char* ex_date, const char* previous_close = nullptr) {
  CorporateAction out{.ex_date = date(ex_date)};
  if (previous_close != nullptr) out.previous_close = price(previous_close);
  return out;
}
CorporateAction cash(const char* ex_date, const char* amount, const char* previous_close = nullptr) {
  CorporateAction out = action(ex_date, previous_close);
  out.cash = price(amount);
  return out;
}
CorporateAction split(const char* ex_date, const char* ratio) {
  CorporateAction out = action(ex_date);
  out.split = *Ratio::parse(ratio);
  return out;
}

Adjustment adjustment(const std::vector<CorporateAction>& actions, AdjustmentMethod method = kRatio,
                      const char* as_of = "2030-01-01") {
  return Adjustment::make(actions, method, date(as_of), {});
}

std::string at(const Adjustment& adjustment, const char* raw, const char* day, AdjustmentDirection direction,
               const char* tick = "0.01") {
  return adjustment.apply(price(raw), date(day), direction, instrument(tick)).to_string();
}

TEST(Adjustment, without_actions_changes_nothing) {
  for (const Adjustment& none : {Adjustment{}, adjustment({}), adjustment({cash("2031-01-02", "1", "9")})}) {
    EXPECT_TRUE(none.empty());
    EXPECT_TRUE(none.steps().empty());
    EXPECT_EQ(at(none, "10.123456789", "2020-01-02", kForward), "10.123456789");
  }
}

TEST(Adjustment, the_ratio_method_multiplies_by_the_ex_right_reference_over_the_close_before) {
  // 0.5 of 10 paid, then one for ten offered at 5 when it stood at 11: (11 + 0.1 * 5) / 1.1.
  CorporateAction rights = action("2025-06-02", "11");
  rights.rights = {1, 10};
  rights.rights_price = price("5");
  const auto both = adjustment({cash("2025-03-03", "0.5", "10"), rights});
  ASSERT_EQ(both.steps().size(), 2U);
  EXPECT_EQ(both.steps()[0].reference_price, "9.5");
  EXPECT_EQ(both.steps()[0].factor, "0.950000000000000000");
  EXPECT_EQ(both.steps()[1].reference_price, "10.454545454545454545");
  EXPECT_EQ(both.steps()[1].factor, "0.950413223140495868");
  EXPECT_EQ(both.steps()[0].forward_factor, "0.902892561983471074");
  EXPECT_EQ(both.steps()[1].forward_factor, both.steps()[1].factor);
  EXPECT_EQ(both.steps()[0].backward_factor, "1.052631578947368421");
  EXPECT_EQ(both.steps()[1].backward_factor, "1.107551487414187643");
  EXPECT_EQ(both.steps()[1].volume_factor, "1");
  EXPECT_EQ(at(both, "10", "2025-02-28", kForward), "9.03");
  EXPECT_EQ(at(both, "10", "2025-03-03", kForward), "9.5");
  EXPECT_EQ(at(both, "10", "2025-06-01", kForward), "9.5");
  EXPECT_EQ(at(both, "10.005", "2025-06-02", kForward), "10.005");
  EXPECT_EQ(at(both, "10.005", "2025-03-02", kBackward), "10.005");
  EXPECT_EQ(at(both, "10", "2025-03-03", kBackward), "10.53");
  EXPECT_EQ(at(both, "10", "2025-06-02", kBackward), "11.08");
  EXPECT_EQ(at(both, "10", "2025-06-02", AdjustmentDirection::none), "10");
}

TEST(Adjustment, the_subtract_method_is_the_linear_chain) {
  // 10 shares: 2.5 cash, 3 bonus, 2 offered at 6.5. (20 - 0.25 + 0.2 * 6.5) / 1.5 = 14.0333…
  CorporateAction all = action("2025-06-02", "20");
  all.cash = price("0.25");
  all.bonus = {3, 10};
  all.rights = {2, 10};
  all.rights_price = price("6.5");
  const auto chain = adjustment({cash("2025-03-03", "1.2"), all}, kSubtract);
  ASSERT_EQ(chain.steps().size(), 2U);
  EXPECT_EQ(chain.steps()[1].reference_price, "14.033333333333333333");
  EXPECT_EQ(chain.steps()[1].volume_factor, "1.3");
  EXPECT_EQ(chain.steps()[0].reference_price, "");
  for (const AdjustmentStep& step : chain.steps()) {
    EXPECT_EQ(step.left_out, "");
    EXPECT_EQ(step.factor + step.forward_factor + step.backward_factor, "");
  }
  EXPECT_EQ(at(chain, "20", "2025-05-30", kForward), "14.03");
  EXPECT_EQ(at(chain, "21.2", "2025-02-28", kForward), "14.03");
  EXPECT_EQ(at(chain, "1", "2025-02-28", kForward), "0.57");       // 0.5666…
  EXPECT_EQ(at(chain, "0.1", "2025-02-28", kForward), "-0.03");    // the chain's known weakness: -0.0333…
  EXPECT_EQ(at(chain, "14.03", "2025-06-02", kBackward), "21.2");  // 21.195, half up
  EXPECT_EQ(at(chain, "5", "2025-03-03", kBackward), "6.2");
}

TEST(Adjustment, rounds_once_half_up_to_the_finest_tick_of_the_instrument) {
  const auto halved = adjustment({split("2025-06-02", "2")});
  EXPECT_EQ(at(halved, "24.01", "2025-01-02", kForward), "12.01");
  EXPECT_EQ(at(halved, "24.03", "2025-01-02", kForward), "12.02");
  EXPECT_EQ(at(halved, "-24.01", "2025-01-02", kForward), "-12");
  EXPECT_EQ(at(halved, "-24.03", "2025-01-02", kForward), "-12.01");
  EXPECT_EQ(at(halved, "24.01", "2025-01-02", kForward, "US"), "12.005");
  EXPECT_EQ(at(halved, "24.001", "2025-01-02", kForward, "HKEX"), "12.001");
  EXPECT_EQ(at(halved, "24.01", "2025-01-02", kForward, "1"), "12");
  EXPECT_EQ(at(halved, "25", "2025-01-02", kForward, "1"), "13");
  EXPECT_EQ(at(halved, "0.000000001", "2025-01-02", kForward, "0.000000001"), "0.000000001");
  // Rounding at each of the three would give 0.01, then 0.01, then 0.01.
  const auto three =
      adjustment({split("2025-06-02", "2"), split("2025-06-03", "2"), split("2025-06-04", "2")});
  EXPECT_EQ(at(three, "0.03", "2025-01-02", kForward), "0");
  EXPECT_EQ(at(three, "0.04", "2025-01-02", kForward), "0.01");
}

TEST(Adjustment, volumes_follow_splits_and_bonus_shares_and_turnover_stays) {
  CorporateAction bonus = cash("2025-06-02", "1", "20");
  bonus.bonus = {1, 2};
  bonus.split = {2, 1};
  bonus.rights = {1, 1};
  bonus.rights_price = price("3");
  const auto some = adjustment({bonus});
  EXPECT_EQ(some.steps()[0].volume_factor, "3");
  EXPECT_EQ(some.steps()[0].reference_price, "4.4");  // (20 - 1 + 3) / (2 * 2.5)
  Kline kline{.start = utc("2025-01-02 01:30"),
              .open = price("20"),
              .high = price("22"),
              .low = price("19"),
              .close = price("21"),
              .volume = *Volume::parse("101"),
              .turnover = *Turnover::parse("2020.5"),
              .trades = 7,
              .revision = 2,
              .closed = true};
  const Kline before = some.apply(kline, date("2025-01-02"), kForward, instrument("0.01"));
  EXPECT_EQ(before.open.to_string(), "4.4");
  EXPECT_EQ(before.high.to_string(), "4.84");
  EXPECT_EQ(before.low.to_string(), "4.18");
  EXPECT_EQ(before.close.to_string(), "4.62");
  EXPECT_EQ(before.volume.to_string(), "303");
  EXPECT_EQ(before.turnover, kline.turnover);
  EXPECT_EQ(before.start, kline.start);
  EXPECT_EQ(before.trades + before.revision, 9U);
  EXPECT_TRUE(before.closed);
  const Kline after = some.apply(kline, date("2025-06-02"), kBackward, instrument("0.01"));
  EXPECT_EQ(after.volume.to_string(), "34");  // 33.67
  EXPECT_EQ(some.apply(kline, date("2025-06-02"), kBackward, instrument("0.01", 3)).volume.to_string(),
            "33.667");
  // Wider than 64 bits.
  kline.volume = *Volume::parse("1000000000000000000000");
  EXPECT_EQ(some.apply(kline, date("2025-01-02"), kForward, instrument("0.01")).volume.to_string(),
            "3000000000000000000000");
  EXPECT_EQ(some.apply(kline, date("2025-06-02"), kForward, instrument("0.01")), kline);
  EXPECT_EQ(some.apply(kline, date("2025-01-02"), kBackward, instrument("0.01")), kline);
}

TEST(Adjustment, asks_once_for_the_close_before_each_date_that_brings_none) {
  std::vector<std::string> asked;
  const std::vector<CorporateAction> actions{cash("2025-03-03", "1"), cash("2025-06-02", "1", "50"),
                                             cash("2025-09-01", "1"), cash("2031-01-01", "1")};
  const auto made =
      Adjustment::make(actions, kRatio, date("2025-12-31"), [&](Date before) -> std::optional<Price> {
        asked.push_back(to_string(before));
        if (asked.size() == 1) return price("20");
        return std::nullopt;
      });
  EXPECT_EQ(asked, (std::vector<std::string>{"2025-03-03", "2025-09-01"}));
  ASSERT_EQ(made.steps().size(), 3U);
  EXPECT_EQ(made.steps()[0].previous_close, price("20"));
  EXPECT_EQ(made.steps()[0].factor, "0.950000000000000000");
  EXPECT_EQ(made.steps()[0].forward_factor, "0.931000000000000000");
  EXPECT_EQ(made.steps()[1].previous_close, price("50"));
  EXPECT_FALSE(made.steps()[2].previous_close);
  EXPECT_EQ(made.steps()[2].left_out, "no close is known before the ex-date");
  EXPECT_EQ(made.steps()[2].factor + made.steps()[2].reference_price + made.steps()[2].volume_factor, "");
}

TEST(Adjustment, counts_an_action_from_its_ex_date_on) {
  const std::vector<CorporateAction> actions{split("2025-06-02", "2")};
  EXPECT_TRUE(adjustment(actions, kRatio, "2025-06-01").empty());
  const auto now = adjustment(actions, kRatio, "2025-06-02");
  EXPECT_FALSE(now.empty());
  EXPECT_EQ(at(now, "10", "2025-06-01", kForward), "5");
}

// Whatever cannot be is left out and says why; the others count as if it were not there.
TEST(Adjustment, leaves_out_what_cannot_be_and_says_why) {
  struct Row {
    const char* left_out;
    CorporateAction action;
  };
  const auto with = [](CorporateAction base, auto change) {
    change(base);
    return base;
  };
  const std::vector<Row> table{
      {"cash is not below the close before the ex-date, 4", cash("2025-03-03", "5", "4")},
      {"cash is not below the close before the ex-date, 4", cash("2025-03-03", "4", "4")},
      {"the close before the ex-date, 0, is not above 0", cash("2025-03-03", "5", "0")},
      {"the close before the ex-date, -37.63, is not above 0", cash("2025-03-03", "5", "-37.63")},
      {"no close is known before the ex-date", cash("2025-03-03", "5")},
      {"cash is below 0", cash("2025-03-03", "-5", "10")},
      {"the price of the rights is below 0",
       with(action("2025-03-03"), [](auto& a) { a.rights_price = Price::from_raw(-1); })},
      {"a ratio is no fraction, or the split's is not above 0", split("2025-03-03", "0")},
      {"a ratio is no fraction, or the split's is not above 0",
       with(action("2025-03-03"), [](auto& a) { a.split = {1, 0}; })},
      {"a ratio is no fraction, or the split's is not above 0",
       with(action("2025-03-03"), [](auto& a) { a.bonus = {-1, 2}; })},
      {"a ratio is no fraction, or the split's is not above 0",
       with(action("2025-03-03"), [](auto& a) { a.rights = {kLeast, kLeast}; })},
      {"the ex-date is no date", with(action("2025-03-03"),
                                      [](auto& a) {
                                        a.ex_date = Date{std::chrono::year{2025}, std::chrono::month{2},
                                                         std::chrono::day{30}};
                                      })},
  };
  for (const Row& row : table) {
    const auto alone = adjustment({row.action});
    EXPECT_TRUE(alone.empty()) << row.left_out;
    ASSERT_EQ(alone.steps().size(), 1U);
    EXPECT_EQ(alone.steps()[0].left_out, row.left_out);
    EXPECT_EQ(alone.steps()[0].forward_factor, "");
    const auto among = adjustment({row.action, split("2025-06-02", "4")});
    EXPECT_EQ(at(among, "10", "2025-01-02", kForward), "2.5") << row.left_out;
    EXPECT_EQ(at(among, "10", "2025-04-01", kBackward), "10") << row.left_out;
    EXPECT_EQ(among.steps()[1].forward_factor, "0.250000000000000000");
  }
}

TEST(Adjustment, bears_the_largest_numbers) {
  const auto huge = [](std::int64_t numerator, std::int64_t denominator, const char* ex_date) {
    CorporateAction out = action(ex_date);
    out.split = {numerator, denominator};
    return out;
  };
  const auto shrinks = adjustment({huge(kMost, 1, "2025-03-03"), huge(kMost - 1, 1, "2025-03-04")});
  const auto grows = adjustment({huge(1, kMost, "2025-03-03"), huge(1, kMost - 1, "2025-03-04")});
  const auto fine = instrument("0.000000001");
  for (const std::int64_t raw : {kMost, kLeast, std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}}) {
    const Price extreme = Price::from_raw(raw);
    EXPECT_EQ(shrinks.apply(extreme, date("2025-01-02"), kForward, fine).raw(), 0) << raw;
    EXPECT_EQ(grows.apply(extreme, date("2025-01-02"), kForward, fine).raw(), raw > 0   ? kMost
                                                                              : raw < 0 ? kLeast
                                                                                        : 0);
    EXPECT_EQ(shrinks.apply(extreme, date("2025-03-04"), kBackward, fine).raw(), raw > 0   ? kMost
                                                                                 : raw < 0 ? kLeast
                                                                                           : 0);
  }
  // The last price on the scale, not off it.
  EXPECT_EQ(grows.apply(Price::from_raw(kMost), date("2025-01-02"), kForward, instrument("0.01")).raw(),
            kMost / 10'000'000 * 10'000'000);
  Kline kline{.volume = Volume::from_raw(std::numeric_limits<Int128>::max())};
  EXPECT_GT(shrinks.apply(kline, date("2025-01-02"), kForward, fine).volume,
            Volume::from_raw(std::numeric_limits<Int128>::max() / 2));
  kline.volume = Volume::from_raw(std::numeric_limits<Int128>::min());
  EXPECT_LT(shrinks.apply(kline, date("2025-01-02"), kForward, fine).volume,
            Volume::from_raw(std::numeric_limits<Int128>::min() / 2));
  CorporateAction all = cash("2025-03-03", "9223372036.854775806", "9223372036.854775807");
  all.bonus = {kMost, kMost - 1};
  all.rights = {kMost - 2, kMost};
  all.rights_price = Price::from_raw(kMost);
  all.split = {kMost - 4, kMost - 3};
  for (const auto method : {kRatio, kSubtract}) {
    const auto extreme = adjustment(std::vector<CorporateAction>(100, all), method);
    EXPECT_EQ(extreme.steps().size(), 100U);
    for (const std::int64_t raw : {kMost, kLeast, std::int64_t{0}})
      for (const auto direction : {kForward, kBackward})
        for (const char* day : {"2025-01-02", "2025-03-03"})
          extreme.apply(Price::from_raw(raw), date(day), direction, fine);
  }
}

}  // namespace
}  // namespace qos::market
