#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "feed/simulated/options.hpp"
#include "feed/simulated/random.hpp"
#include "feed/simulated/simulated_feed.hpp"

namespace qos::feed::simulated {
namespace {

using std::chrono::sys_days;
using namespace std::chrono_literals;
using testing::HasSubstr;

Result<Options> options_of(std::string_view text) {
  auto spec = FeedSpec::parse(text);
  if (!spec) return std::unexpected{spec.error()};
  return parse_options(*spec);
}

TEST(SimulatedOptions, have_defaults) {
  const auto options = options_of("simulated");
  ASSERT_TRUE(options);
  EXPECT_EQ(*options, Options{});
  EXPECT_EQ(options->history, 30min);
  EXPECT_EQ(options->hours, Hours::always);
  EXPECT_EQ(options->speed, 1);
}

TEST(SimulatedOptions, are_read) {
  const auto options = options_of(
      "simulated:seed=18446744073709551615,hours=real,rate=0.5,markets=US+hk+US,from=2026-01-05T09:00:00+08:"
      "00,"
      "history=2h,past=on,speed=max,until=2026-01-05T01:00:01Z");
  ASSERT_TRUE(options) << options.error().message;
  const Options expected{.seed = 18446744073709551615U,
                         .hours = Hours::real,
                         .rate_milli = 500,
                         .markets = std::vector{market::Market::US, market::Market::HK},
                         .from = sys_days{2026y / 1 / 5} + 1h,
                         .history = 2h,
                         .speed = std::nullopt,
                         .past = TellPast::on,
                         .until = sys_days{2026y / 1 / 5} + 1h + 1s};
  EXPECT_EQ(*options, expected);
  EXPECT_EQ(options_of("simulated:speed=60")->speed, 60);
  EXPECT_EQ(options_of("simulated:rate=2")->rate_milli, 2'000);
  EXPECT_EQ(options_of("simulated:history=0s")->history, 0s);
  EXPECT_EQ(options_of("simulated:history=31d")->history, 24h * 31);
}

// What is asked for counts; else a run from now on has a past, one from a fixed instant is a closed world.
TEST(SimulatedOptions, settle_whether_a_past_is_told_and_gone_on_from) {
  struct Row {
    std::string_view text;
    bool tells;
    bool continues;
  };
  for (const Row& row : {Row{"simulated", true, true}, Row{"simulated:past=off", false, true},
                         Row{"simulated:from=2026-01-05T09:00:00Z", false, false},
                         Row{"simulated:from=2026-01-05T09:00:00Z,past=on", true, true},
                         Row{"simulated:from=2026-01-05T09:00:00Z,past=off", false, false}}) {
    const auto options = options_of(row.text);
    ASSERT_TRUE(options) << row.text;
    EXPECT_EQ(tells_past(*options), row.tells) << row.text;
    EXPECT_EQ(goes_on(*options), row.continues) << row.text;
    EXPECT_EQ(plan_feed(*FeedSpec::parse(row.text))->continues, row.continues) << row.text;
  }
}

TEST(SimulatedOptions, name_what_is_wrong_with_them) {
  struct Row {
    std::string_view text;
    std::string_view expected;
  };
  for (const Row& row : {
           Row{"simulated:sed=1", "unknown option 'sed'"},
           Row{"simulated:sed=1", "seed, hours, rate, markets, from, history, past, speed, until"},
           Row{"simulated:seed=-1", "option 'seed': expected an integer from 0"},
           Row{"simulated:seed=18446744073709551616", "got '18446744073709551616'"},
           Row{"simulated:hours=Always", "option 'hours': expected always or real, got 'Always'"},
           Row{"simulated:rate=0", "option 'rate': expected trades a second"},
           Row{"simulated:rate=-1", "got '-1'"},
           Row{"simulated:rate=1e3", "got '1e3'"},
           Row{"simulated:rate=0.0001", "got '0.0001'"},
           Row{"simulated:rate=10000.001", "got '10000.001'"},
           Row{"simulated:markets=US+XX", "option 'markets': expected markets joined by +"},
           Row{"simulated:markets=US+", "got 'US+'"},
           Row{"simulated:from=2026-01-05T09:00:00", "option 'from': expected an instant"},
           Row{"simulated:history=30", "option 'history': expected a duration"},
           Row{"simulated:history=32d", "got '32d'"},
           Row{"simulated:history=m", "got 'm'"},
           Row{"simulated:history=-1m", "got '-1m'"},
           Row{"simulated:history=99999999999h", "got '99999999999h'"},
           Row{"simulated:speed=0", "option 'speed': expected an integer from 1"},
           Row{"simulated:speed=1000001", "got '1000001'"},
           Row{"simulated:speed=1.5", "got '1.5'"},
           Row{"simulated:past=no", "option 'past': expected on or off, got 'no'"},
           Row{"simulated:until=tomorrow", "option 'until': expected an instant"},
           Row{"simulated:from=2026-01-05T09:00:00Z,until=2026-01-05T09:00:00Z",
               "option 'until': expected an instant after from=2026-01-05T09:00:00Z"},
       }) {
    const auto options = options_of(row.text);
    ASSERT_FALSE(options) << row.text;
    EXPECT_THAT(options.error().message, HasSubstr(std::string{row.expected})) << row.text;
    EXPECT_THAT(options.error().message, HasSubstr("simulated"));
  }
}

TEST(SimulatedOptions, take_only_whole_instants_with_an_offset) {
  EXPECT_EQ(parse_instant("1970-01-01T00:00:00Z"), UnixNanos{});
  EXPECT_EQ(parse_instant("2026-03-08T03:30:59-05:30"), sys_days{2026y / 3 / 8} + 9h + 59s);
  for (const std::string_view text :
       {"", "2026-01-05", "2026-01-05 09:00:00Z", "2026-13-05T09:00:00Z", "2026-02-29T09:00:00Z",
        "2026-01-05T24:00:00Z", "2026-01-05T09:60:00Z", "2026-01-05T09:00:60Z", "2026-01-05T09:00:00.5Z",
        "2026-01-05T09:00:00+8:00", "2026-01-05T09:00:00+0800", "2026-01-05T09:00:00+15:00",
        "2026-01-05T09:00:00Zx", "1969-12-31T09:00:00Z", "2200-01-01T00:00:00Z", "+026-01-05T09:00:00Z",
        "2026-01-05T09:00:00+08:0x"})
    EXPECT_EQ(parse_instant(text), std::nullopt) << text;
}

TEST(SimulatedPlan, covers_what_is_asked_or_what_is_left) {
  const auto left = plan_feed(*FeedSpec::parse("simulated"));
  ASSERT_TRUE(left) << left.error().message;
  EXPECT_TRUE(left->markets_by_default);
  EXPECT_TRUE(left->markets.empty());
  EXPECT_TRUE(left->keep_open);
  const auto asked = plan_feed(*FeedSpec::parse("simulated:markets=FX+CM,hours=real"));
  ASSERT_TRUE(asked);
  EXPECT_FALSE(asked->markets_by_default);
  EXPECT_EQ(asked->markets, (std::vector{market::Market::FX, market::Market::CM}));
  EXPECT_FALSE(asked->keep_open);
  EXPECT_FALSE(plan_feed(*FeedSpec::parse("simulated:nonsense=1")));
}

// The numbers are the specification: a change here changes every seed's market.
TEST(SimulatedRandom, is_the_same_everywhere) {
  Random random{42};
  EXPECT_EQ(random.next(), 0xbdd732262feb6e95U);
  EXPECT_EQ(random.next(), 0x28efe333b266f103U);
  EXPECT_EQ(kMinusLog2[0], std::uint64_t{1} << 32);
  EXPECT_EQ(kMinusLog2[256], 0U);
  EXPECT_EQ(kMinusLog2[128] >> 4, 1'782'572'486U >> 4);  // 1 - log2(1.5) = 0.4150374993 in 2^-32 steps
}

TEST(SimulatedRandom, waits_as_long_as_asked_on_average) {
  Random random{7};
  constexpr int kDraws = 200'000;
  constexpr std::int64_t kMean = 1'000'000;
  std::int64_t sum = 0;
  int longer_than_mean = 0;
  for (int i = 0; i < kDraws; ++i) {
    const std::int64_t wait = random.waiting(kMean);
    ASSERT_GE(wait, 0);
    sum += wait;
    longer_than_mean += wait > kMean ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(sum) / kDraws, kMean, 0.01 * kMean);
  EXPECT_NEAR(static_cast<double>(longer_than_mean) / kDraws, 0.3679, 0.005);  // 1/e
}

TEST(SimulatedPrices, refuse_a_bad_row_with_its_line) {
  EXPECT_TRUE(StartPrices::load(""));
  EXPECT_TRUE(StartPrices::load("code,price\nUS:AAPL,268.40\n"));
  struct Row {
    std::string_view csv;
    std::string_view expected;
  };
  for (const Row& row : {Row{"symbol,price\n", "simulated_prices.csv:1: expected a header"},
                         Row{"code,price\nUS:AAPL\n", "simulated_prices.csv:2: 1 columns, need 2"},
                         Row{"code,price\nAAPL,1\n", "simulated_prices.csv:2"},
                         Row{"code,price\nUS:AAPL,1\nUS:TSLA,0\n", "simulated_prices.csv:3: price: expected"},
                         Row{"code,price\nUS:AAPL,1e5\n", "got '1e5'"}}) {
    const auto prices = StartPrices::load(row.csv);
    ASSERT_FALSE(prices) << row.csv;
    EXPECT_THAT(prices.error().message, HasSubstr(std::string{row.expected}));
  }
}

}  // namespace
}  // namespace qos::feed::simulated
