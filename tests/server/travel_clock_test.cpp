#include "server/travel_clock.hpp"

#include <gmock/gmock.h>

#include "io/manual_clock.hpp"

namespace qos::server {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr UnixNanos kThen = from_unix_seconds(1'549'000'000);
constexpr UnixNanos kPresent = from_unix_seconds(1'800'000'000);

TEST(TravelSpeed, is_a_decimal_or_max) {
  EXPECT_EQ(TravelSpeed::parse("10")->thousandths, 10'000);
  EXPECT_EQ(TravelSpeed::parse("0.001")->thousandths, 1);
  EXPECT_EQ(TravelSpeed::parse("1000000")->thousandths, 1'000'000'000);
  EXPECT_EQ(TravelSpeed::parse("max")->thousandths, 0);
  for (const auto text : {"", "0", "-1", "0.0001", "1000000.001", "1e3", "x", "Max", " 1"})
    EXPECT_FALSE(TravelSpeed::parse(text)) << text;
  EXPECT_THAT(TravelSpeed::parse("fast").error().message,
              HasSubstr("speed 'fast': expected max or a decimal"));
}

TEST(TravelClock, stands_until_it_is_started_and_then_goes_at_its_speed) {
  io::ManualClock present{kPresent};
  TravelClock clock{present, {.at = kThen, .speed = {.thousandths = 2'500}}};
  present.advance(1h);
  EXPECT_EQ(clock.now(), kThen);
  clock.start();
  EXPECT_EQ(clock.now(), kThen);
  present.advance(10s);
  clock.start();  // once is enough
  EXPECT_EQ(clock.now(), kThen + 25s);
  EXPECT_EQ(clock.steady_now(), present.steady_now());
}

TEST(TravelClock, knows_when_an_instant_is_due) {
  io::ManualClock present{kPresent};
  TravelClock clock{present, {.at = kThen, .speed = {.thousandths = 3'000}}};
  clock.start();
  present.advance(10s);
  for (const auto ahead : {1ns, 2ns, 100ns, 1'000'000'000ns}) {
    const auto t = clock.now() + ahead;
    const auto wait = clock.due(t) - present.steady_now();
    EXPECT_EQ(wait, std::chrono::nanoseconds{(ahead.count() + 2) / 3});
  }
  EXPECT_EQ(clock.due(kThen), present.steady_now());
  EXPECT_EQ(clock.due(UnixNanos::max()), present.steady_now() + 24h);
}

TEST(TravelClock, never_passes_the_present_however_long_it_goes) {
  io::ManualClock present{kPresent};
  TravelClock clock{present, {.at = kThen, .speed = {.thousandths = 1'000'000'000}}};
  clock.start();
  present.advance(5min);
  EXPECT_EQ(clock.now(), kPresent + 5min);
  present.advance(1'000'000h);
  EXPECT_EQ(clock.now(), kPresent + 5min + 1'000'000h);
}

TEST(TravelClock, is_where_the_journal_is_when_it_has_no_speed) {
  io::ManualClock present{kPresent};
  TravelClock clock{present, {.at = kThen, .speed = {.thousandths = 0}}};
  clock.reach(kThen - 5s);
  clock.start();
  EXPECT_EQ(clock.now(), kThen);
  clock.reach(kThen + 77s);
  EXPECT_EQ(clock.now(), kThen + 77s);
}

}  // namespace
}  // namespace qos::server
