// Adjustment against the rules worked out step by step with rationals, on random actions; and what holds of
// every adjusted series.
#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <random>
#include <string>
#include <vector>

#include "calendars.hpp"
#include "market/adjustment.hpp"
#include "reference_data.hpp"

namespace qos::market {
namespace {

using Rational = boost::multiprecision::cpp_rational;
using std::chrono::days;
using std::chrono::sys_days;

constexpr auto kForward = AdjustmentDirection::forward;
constexpr auto kBackward = AdjustmentDirection::backward;

Rational rational(const Ratio& ratio) {
  return Rational{ratio.numerator, ratio.denominator};
}
Rational rational(Price price) {
  return Rational{price.raw()};
}

struct Share {
  Rational price;
  Rational volume;
};

// Across one ex-date, from before it to after it (forward) or back.
Share across(const CorporateAction& action, AdjustmentMethod method, AdjustmentDirection direction,
             Share share) {
  const Rational free = rational(action.split) * (1 + rational(action.bonus));
  const Rational all = rational(action.split) * (1 + rational(action.bonus) + rational(action.rights));
  const Rational gain = rational(action.rights) * rational(action.rights_price) - rational(action.cash);
  if (method == AdjustmentMethod::subtract) {
    if (direction == kForward) return {(share.price + gain) / all, share.volume * free};
    return {share.price * all - gain, share.volume / free};
  }
  const Rational close = rational(*action.previous_close);
  const Rational factor = (close + gain) / all / close;
  if (direction == kForward) return {share.price * factor, share.volume * free};
  return {share.price / factor, share.volume / free};
}

Share across_all(const std::vector<CorporateAction>& actions, AdjustmentMethod method,
                 AdjustmentDirection direction, Date date, Share share) {
  if (direction == kForward) {
    for (const CorporateAction& action : actions)
      if (action.ex_date > date) share = across(action, method, direction, share);
  } else {
    for (auto action = actions.rbegin(); action != actions.rend(); ++action)
      if (action->ex_date <= date) share = across(*action, method, direction, share);
  }
  return share;
}

std::int64_t half_up(const Rational& value, std::int64_t step) {
  const Rational shifted = value / step + Rational{1, 2};
  const auto& above = boost::multiprecision::numerator(shifted);
  const auto& below = boost::multiprecision::denominator(shifted);
  boost::multiprecision::cpp_int whole = above / below;
  if (whole * below > above) --whole;
  return static_cast<std::int64_t>(whole) * step;
}

std::vector<CorporateAction> random_actions(std::mt19937_64& random) {
  std::vector<CorporateAction> actions;
  sys_days day = date("2015-01-05");
  const auto count = 1 + random() % 12;
  for (std::size_t i = 0; i < count; ++i) {
    day += days{1 + random() % 200};
    CorporateAction action{.ex_date = day};
    const auto close = static_cast<std::int64_t>(100 + random() % 30'000);
    action.previous_close = Price::from_raw(close * 10'000'000);
    if (random() % 3 != 0)
      action.cash = Price::from_raw(static_cast<std::int64_t>(random() % 9) * close * 100'000 + 1'000'000);
    if (random() % 4 == 0) action.bonus = {static_cast<std::int64_t>(1 + random() % 10), 10};
    if (random() % 5 == 0)
      action.split = {static_cast<std::int64_t>(1 + random() % 7),
                      static_cast<std::int64_t>(1 + random() % 3)};
    if (random() % 5 == 0) {
      action.rights = {static_cast<std::int64_t>(1 + random() % 3), 10};
      action.rights_price = Price::from_raw(close * 8'000'000);
    }
    actions.push_back(action);
  }
  return actions;
}

Instrument with_tick(const char* tick) {
  Instrument out;
  out.tick = *TickRule::parse(tick);
  return out;
}

TEST(AdjustmentModel, every_price_and_volume_is_that_of_the_rules_worked_out_step_by_step) {
  std::mt19937_64 random{20261122};
  SCOPED_TRACE("seed 20261122");
  const Instrument cents = with_tick("0.01");
  const Instrument fine = with_tick("0.000000001");
  for (int round = 0; round < 60; ++round) {
    const auto actions = random_actions(random);
    for (const auto method : {AdjustmentMethod::ratio, AdjustmentMethod::subtract}) {
      const auto adjustment = Adjustment::make(actions, method, date("2040-01-01"), {});
      for (int i = 0; i < 40; ++i) {
        Date day{sys_days{date("2014-12-20")} + days{random() % 2'500}};
        if (i % 4 == 0) day = actions[random() % actions.size()].ex_date;
        if (i % 4 == 1) day = Date{sys_days{actions[random() % actions.size()].ex_date} - days{1}};
        const auto direction = random() % 2 == 0 ? kForward : kBackward;
        const auto raw = static_cast<std::int64_t>(random() % 40'000) * 10'000'000;
        const auto shares = static_cast<std::int64_t>(random() % 1'000'000);
        Kline kline{.close = Price::from_raw(raw), .volume = Volume{Quantity::from_units(shares)}};
        const Share expected = across_all(actions, method, direction, day, {Rational{raw}, Rational{shares}});
        const Kline adjusted = adjustment.apply(kline, day, direction, cents);
        ASSERT_EQ(adjusted.close.raw(), half_up(expected.price, 10'000'000))
            << "round " << round << " " << to_string(day) << " raw " << raw;
        ASSERT_EQ(adjusted.volume, Volume{Quantity::from_units(half_up(expected.volume, 1))});
        ASSERT_EQ(adjustment.apply(kline.close, day, direction, fine).raw(), half_up(expected.price, 1));
      }
    }
  }
}

// The close before an ex-date and the ex-right reference of that date are the same price on one scale; the
// latest date stays as it is going forward, the first going backward; both directions of the ratio method
// differ by one factor.
TEST(AdjustmentModel, series_are_continuous_at_ex_dates_and_keep_one_end) {
  std::mt19937_64 random{77};
  SCOPED_TRACE("seed 77");
  const Instrument fine = with_tick("0.000000001");
  for (int round = 0; round < 60; ++round) {
    const auto actions = random_actions(random);
    for (const auto method : {AdjustmentMethod::ratio, AdjustmentMethod::subtract}) {
      const auto adjustment = Adjustment::make(actions, method, date("2040-01-01"), {});
      const auto apply = [&](Price price, Date day, AdjustmentDirection direction) {
        return adjustment.apply(price, day, direction, fine);
      };
      Rational total{1};
      for (const CorporateAction& action : actions)
        total *= across(action, AdjustmentMethod::ratio, kForward, {Rational{1}, Rational{1}}).price;
      for (const AdjustmentStep& step : adjustment.steps()) {
        ASSERT_EQ(step.left_out, "");
        const Date ex_date = step.action.ex_date;
        const Date before{sys_days{ex_date} - days{1}};
        const Price close = *step.previous_close;
        const Price reference = Price::from_raw(
            half_up(across(step.action, method, kForward, {rational(close), Rational{1}}).price, 1));
        for (const auto direction : {kForward, kBackward}) {
          // The reference's own rounding, of half a billionth, grows with the scale.
          const auto slope = apply(Price::from_raw(1'000'000'000), ex_date, direction).raw() -
                             apply(Price{}, ex_date, direction).raw();
          const auto scale = slope / 1'000'000'000 + 2;
          EXPECT_NEAR(static_cast<double>(apply(close, before, direction).raw()),
                      static_cast<double>(apply(reference, ex_date, direction).raw()),
                      static_cast<double>(scale))
              << to_string(ex_date);
        }
        if (method == AdjustmentMethod::ratio) {
          const Rational forward{apply(close, before, kForward).raw()};
          const Rational backward{apply(close, before, kBackward).raw()};
          EXPECT_LE(abs(forward / total - backward), 1 / total + 1) << to_string(before);
        }
      }
      const Price odd = Price::from_raw(12'345'678'901);
      EXPECT_EQ(apply(odd, actions.back().ex_date, kForward), odd);
      EXPECT_EQ(apply(odd, Date{sys_days{actions.front().ex_date} - days{1}}, kBackward), odd);
    }
  }
}

// The file that clients may test against.
TEST(AdjustmentModel, gives_the_published_vectors) {
  const auto folder = std::filesystem::path{QOS_SOURCE_DIR} / "tests" / "data" / "adjustment";
  const auto csv = io::read_file(folder / "actions.csv");
  ASSERT_TRUE(csv);
  auto actions = parse_corporate_actions("actions.csv", *csv);
  ASSERT_TRUE(actions) << actions.error().message;
  const CorporateActionTable table{std::move(*actions)};
  const auto rows = plain_csv(folder / "vectors.csv");
  ASSERT_GT(rows.size(), 60U);
  for (const auto& row : rows) {
    const Code code = parse_code(row.at(0))->code;
    const auto method = row.at(2) == "ratio" ? AdjustmentMethod::ratio : AdjustmentMethod::subtract;
    const auto direction = row.at(3) == "1" ? kForward : kBackward;
    const Instrument instrument = with_tick(code.market == Market::US   ? "US"
                                            : code.market == Market::HK ? "HKEX"
                                                                        : "0.01");
    const auto adjustment = Adjustment::make(table.of(code), method, date("2026-01-01"), {});
    const Price price = *Price::parse(row.at(4));
    const Kline kline{
        .open = price, .high = price, .low = price, .close = price, .volume = *Volume::parse(row.at(6))};
    const Kline adjusted = adjustment.apply(kline, date(row.at(1)), direction, instrument);
    const auto where = row.at(0) + " " + row.at(1) + " " + row.at(2) + " " + row.at(3);
    for (const Price each : {adjusted.open, adjusted.high, adjusted.low, adjusted.close})
      EXPECT_EQ(each.to_string(), row.at(5)) << where;
    EXPECT_EQ(adjusted.volume.to_string(), row.at(7)) << where;
  }
}

}  // namespace
}  // namespace qos::market
