#include "market/kline_date.hpp"

#include <gtest/gtest.h>

#include "market/calendars.hpp"

namespace qos::market {
namespace {

using namespace std::chrono;

constexpr Date kMonday{year{2026} / January / 5};

TEST(KlineDate, is_the_sessions_for_nights_closing_prints_and_days_closed_since) {
  const auto us = calendar("US");
  const auto midnight = us.local_midnight(kMonday);
  EXPECT_EQ(trading_date_of_kline(us, midnight - hours{4}), kMonday) << "the night before";
  EXPECT_EQ(trading_date_of_kline(us, midnight + hours{16}), kMonday) << "the closing print";
  const auto cn = calendar("CN");
  const auto morning = cn.local_midnight(kMonday) + hours{10};
  EXPECT_EQ(trading_date_of_kline(cn, cn.local_midnight(kMonday) + hours{15}), kMonday);
  const auto closed =
      cn.with({.kind = CalendarChange::Kind::closed,
               .date = static_cast<std::int32_t>(sys_days{kMonday}.time_since_epoch().count())});
  ASSERT_TRUE(closed) << closed.error().message;
  EXPECT_EQ(trading_date_of_kline(*closed, morning), kMonday) << "not the trading date before";
}

}  // namespace
}  // namespace qos::market
