// /product-list and /market-calendar.
#include <gtest/gtest.h>

#include <algorithm>

#include "query_fakes.hpp"

namespace qos::api {
namespace {

using namespace std::chrono_literals;

class Reference : public ::testing::Test {
 protected:
  std::string products(std::string_view request) { return house.said(Endpoint::product_list, request); }
  std::string days(std::string_view request) { return house.said(Endpoint::market_calendar, request); }
  void set_time(std::int64_t seconds) { house.clock.advance(from_unix_seconds(seconds) - house.clock.now()); }

  fakes::House house;
};

TEST_F(Reference, products_are_listed_by_market_in_the_order_asked_for) {
  EXPECT_EQ(products(R"({"market":["CM","HK"]})"),
            R"({"CM":[{"code":"CM:XAUUSD","name":"黄金"}],)"
            R"("HK":[{"code":"HK:1","name":"长和"},{"code":"HK:700","name":"腾讯控股"}]})");
}

TEST_F(Reference, a_market_is_answered_once_and_named_as_asked) {
  EXPECT_EQ(products(R"({"market":["cm","CM"]})"), R"({"cm":[{"code":"CM:XAUUSD","name":"黄金"}]})");
}

TEST_F(Reference, a_name_is_in_the_language_asked_for_else_in_the_other_else_the_symbol) {
  EXPECT_EQ(products(R"({"market":["US","SH","FX"],"lang":"en"})"),
            R"({"US":[{"code":"US:AAPL","name":"Apple Inc."},{"code":"US:TSLA","name":"Tesla, Inc."},)"
            R"({"code":"US:BRK.B","name":"Berkshire \"B\""}],"SH":[{"code":"SH:600519","name":"贵州茅台"}],)"
            R"("FX":[{"code":"FX:USDJPY","name":"USDJPY"}]})");
  EXPECT_NE(products(R"({"market":["US"],"lang":"zh"})").find(R"("name":"Berkshire \"B\"")"),
            std::string::npos);
}

TEST_F(Reference, products_come_in_pages) {
  EXPECT_EQ(products(R"({"market":["US"],"size":2})"),
            R"({"US":[{"code":"US:AAPL","name":"苹果"},{"code":"US:TSLA","name":"特斯拉"}]})");
  EXPECT_EQ(products(R"({"market":["US"],"page":2,"size":2,"lang":"en"})"),
            R"({"US":[{"code":"US:BRK.B","name":"Berkshire \"B\""}]})");
  EXPECT_EQ(products(R"({"market":["US"],"page":3,"size":2})"), R"({"US":[]})");
  EXPECT_EQ(products(R"({"market":["US"],"page":1000000000,"size":10000})"), R"({"US":[]})");
}

TEST_F(Reference, products_are_found_by_code_and_by_either_name) {
  EXPECT_EQ(products(R"({"market":["US","HK"],"q":"APPLE"})"),
            R"({"US":[{"code":"US:AAPL","name":"苹果"}],"HK":[]})");
  EXPECT_EQ(products(R"({"market":["HK"],"q":"腾讯"})"), R"({"HK":[{"code":"HK:700","name":"腾讯控股"}]})");
  EXPECT_EQ(products(R"({"market":["US"],"q":"brk."})"),
            R"({"US":[{"code":"US:BRK.B","name":"Berkshire \"B\""}]})");
  EXPECT_EQ(products(R"({"market":["US"],"q":"s","page":2,"size":1,"lang":"en"})"),
            R"({"US":[{"code":"US:TSLA","name":"Tesla, Inc."}]})");
}

// 2025-06-06 16:00 UTC. Juneteenth closes, July 3 is a half day, Independence Day closes.
TEST_F(Reference, a_us_calendar_marks_half_days_and_leaves_holidays_out) {
  set_time(1'749'225'600);
  const auto text = days(R"({"market":["US"]})");
  EXPECT_TRUE(text.starts_with(R"({"US":["20250606,F","20250609,F")")) << text;
  EXPECT_NE(text.find(R"("20250703,H")"), std::string::npos);
  EXPECT_EQ(text.find("20250619"), std::string::npos);
  EXPECT_EQ(text.find("20250704"), std::string::npos);
  EXPECT_TRUE(text.ends_with(R"("20250905,F"]})")) << text;
  EXPECT_EQ(std::ranges::count(text, ','), 2 * 63 - 1);  // 65 weekdays without the two holidays
}

// 22:00 in New York is the next morning in Hong Kong.
TEST_F(Reference, today_is_the_venues_own_date) {
  set_time(1'749'434'400);  // 2025-06-09 02:00 UTC
  const auto text = days(R"({"market":["US","HK"]})");
  EXPECT_TRUE(text.starts_with(R"({"US":["20250609,F")")) << text;  // the 8th is a Sunday there
  EXPECT_NE(text.find(R"("HK":["20250609,F")"), std::string::npos);
  set_time(1'749'520'800);  // a day later: still the 9th in New York
  const auto later = days(R"({"market":["US","HK"]})");
  EXPECT_TRUE(later.starts_with(R"({"US":["20250609,F")")) << later;
  EXPECT_NE(later.find(R"("HK":["20250610,F")"), std::string::npos);
}

TEST_F(Reference, both_mainland_markets_share_one_calendar_and_perpetuals_never_rest) {
  const auto text = days(R"({"market":["SZ","SH","CF"]})");
  const auto sz = text.substr(6, text.find(']') - 6);
  EXPECT_NE(text.find(R"("SH":[)" + sz.substr(sz.find('[') + 1) + "]"), std::string::npos) << text;
  EXPECT_NE(
      text.find(R"("CF":["20250616,F","20250617,F","20250618,F","20250619,F","20250620,F","20250621,F")"),
      std::string::npos);
}

// From 2025-11-30 on, three months end with February.
TEST_F(Reference, three_months_from_a_long_month_end_with_the_short_one) {
  set_time(1'764'504'000);  // 2025-11-30 12:00 UTC
  const auto text = days(R"({"market":["CF"]})");
  EXPECT_TRUE(text.ends_with(R"("20260227,F"]})")) << text.substr(text.size() - 40);
}

TEST_F(Reference, a_day_past_the_published_calendar_is_not_listed) {
  const auto horizon = house.calendars.at(*house.calendars.find("CN")).horizon();
  set_time(std::chrono::sys_seconds{std::chrono::sys_days{horizon}}.time_since_epoch().count() - 86'400 * 20);
  const auto text = days(R"({"market":["SH"]})");
  const auto last = fmt::format("{:04}{:02}{:02}", static_cast<int>(horizon.year()),
                                static_cast<unsigned>(horizon.month()), static_cast<unsigned>(horizon.day()));
  EXPECT_LE(text.substr(text.rfind('"', text.size() - 5) + 1, 8), last) << text;
  set_time(std::chrono::sys_seconds{std::chrono::sys_days{horizon}}.time_since_epoch().count() + 86'400 * 2);
  EXPECT_EQ(days(R"({"market":["SH"]})"), R"({"SH":[]})");
}

// The house has one index of Hong Kong and one of the US: July 1 closes Hong Kong only, July 4 the US only,
// July 3 is half a day in the US and a full one in Hong Kong.
TEST_F(Reference, indices_trade_when_at_least_one_of_their_exchanges_does) {
  const auto text = days(R"({"market":["IX"]})");
  for (const char* day : {"20250701,F", "20250703,F", "20250704,F"})
    EXPECT_NE(text.find(day), std::string::npos) << day << " in " << text;
}

TEST_F(Reference, a_market_kept_open_trades_every_day) {
  market::CalendarTable calendars = fakes::load_calendars();
  calendars.keep_open(*calendars.find("HK"));
  const Services services{house.instruments, calendars, house.views, house.klines, house.health, house.clock};
  const auto answer = ask(Endpoint::market_calendar, R"({"market":["HK"]})", house.grant(), services);
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->data.find(R"("20250621,F","20250622,F")"), std::string::npos) << answer->data;
}

}  // namespace
}  // namespace qos::api
