#include "archive/tdx_records.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "archive/tdx_bytes.hpp"
#include "market/calendars.hpp"

namespace qos::archive {
namespace {

using market::calendar;
using market::date;
using market::utc;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr TdxUnits kShares{};
constexpr TdxUnits kIndex{.shares_per_volume = 100, .no_volume = NoVolume::of_value};

Result<TdxKlines> days(const std::string& bytes, TdxUnits units = kShares, Noise noise = Noise::refuse) {
  return decode_tdx_days("sh600000.day", as_span(bytes),
                         {.calendar = calendar("CN"), .units = units, .noise = noise});
}
Result<TdxKlines> minutes(const std::string& bytes, TdxMinutes each = TdxMinutes::one,
                          TdxUnits units = kShares) {
  return decode_tdx_minutes("sh688001.lc1", as_span(bytes), each,
                            {.calendar = calendar("CN"), .units = units});
}
template <typename Fields>
std::string error_of_days(Fields fields) {
  const auto decoded = days(bytes_of({fields}));
  return decoded ? "no error" : decoded.error().message;
}
std::string error_of_minutes(MinuteFields fields) {
  const auto decoded = minutes(bytes_of({fields}));
  return decoded ? "no error" : decoded.error().message;
}

constexpr DayFields kDay{20170103, 1620, 1640, 1615, 1630, 264000128.F, 16237125};
constexpr MinuteFields kMinute{packed_date(2021, 4, 23), 571, 36.71F, 37.02F, 36.71F, 36.8F, 256647.F, 7000};

TEST(TdxDays, are_exact_prices_shares_and_the_amount_to_the_hundredth) {
  const auto decoded = days(bytes_of({kDay}));
  ASSERT_TRUE(decoded) << decoded.error().message;
  ASSERT_EQ(decoded->klines.size(), 1U);
  EXPECT_EQ(decoded->klines[0].trading_date, date("2017-01-03"));
  const auto& kline = decoded->klines[0].kline;
  EXPECT_EQ(kline.start, utc("2017-01-02 16:00"));
  EXPECT_EQ(kline.open.to_string(), "16.2");
  EXPECT_EQ(kline.high.to_string(), "16.4");
  EXPECT_EQ(kline.low.to_string(), "16.15");
  EXPECT_EQ(kline.close.to_string(), "16.3");
  EXPECT_EQ(kline.volume.to_string(), "16237125");
  EXPECT_EQ(kline.turnover.to_string(), "264000128");
  EXPECT_TRUE(kline.closed);
}

TEST(TdxDays, follow_the_stated_units) {
  const auto fund = days(bytes_of({kDay}), {.price_scale = 1000});
  ASSERT_TRUE(fund);
  EXPECT_EQ(fund->klines[0].kline.open.to_string(), "1.62");
  const auto index = days(bytes_of({kDay}), kIndex);
  ASSERT_TRUE(index);
  EXPECT_EQ(index->klines[0].kline.volume.to_string(), "1623712500");
}

TEST(TdxDays, without_volume_are_left_out_but_of_an_index) {
  auto quiet = kDay;
  quiet.volume = 0;
  const auto share = days(bytes_of({quiet}));
  ASSERT_TRUE(share);
  EXPECT_TRUE(share->klines.empty());
  EXPECT_EQ(share->without_trades, 1U);
  EXPECT_EQ(share->records, 1U);
  const auto index = days(bytes_of({quiet}), kIndex);
  ASSERT_TRUE(index);
  EXPECT_EQ(index->klines.size(), 1U);
}

TEST(TdxDays, name_file_record_and_reason_of_what_cannot_be) {
  const auto with = [](auto change) {
    auto fields = kDay;
    change(fields);
    return error_of_days(fields);
  };
  EXPECT_THAT(with([](auto& day) { day.date = 20170230; }),
              AllOf(HasSubstr("sh600000.day: record 1"), HasSubstr("20170230 is no date")));
  EXPECT_THAT(with([](auto& day) { day.date = 19891231; }), HasSubstr("is no date"));
  EXPECT_THAT(with([](auto& day) { day.date = 20170102; }), HasSubstr("(2017-01-02): no trading day"));
  EXPECT_THAT(with([](auto& day) { day.high = 1614; }), HasSubstr("high 16.14 is below low 16.15"));
  EXPECT_THAT(with([](auto& day) { day.high = 1625; }), HasSubstr("--noise widen"));
  EXPECT_THAT(with([](auto& day) { day.low = 1621; }), HasSubstr("does not enclose open 16.2"));
  EXPECT_THAT(with([](auto& day) { day.low = 0; }), HasSubstr("a price of zero"));
  EXPECT_THAT(with([](auto& day) { day.amount = -1; }), HasSubstr("amount"));
  EXPECT_THAT(with([](auto& day) { day.amount = std::numeric_limits<float>::quiet_NaN(); }),
              HasSubstr("amount"));
}

TEST(TdxDays, must_rise_and_be_whole) {
  auto next = kDay;
  next.date = 20170104;
  EXPECT_TRUE(days(bytes_of({kDay, next})));
  EXPECT_THAT(days(bytes_of({next, kDay})).error().message,
              HasSubstr("record 2 (2017-01-03): times must rise"));
  EXPECT_THAT(days(bytes_of({kDay, kDay})).error().message, HasSubstr("record 2"));
  const auto cut = days(bytes_of({kDay, next}).substr(0, 63));
  EXPECT_THAT(cut.error().message, AllOf(HasSubstr("63 bytes"), HasSubstr("after record 1")));
  EXPECT_THAT(days(std::string(kMaxTdxDayFile + 32, '\0')).error().message, HasSubstr("at most"));
  EXPECT_TRUE(days("")->klines.empty());
}

TEST(TdxDays, before_the_calendar_are_taken_as_they_stand) {
  auto early = kDay;
  early.date = 19901220;
  const auto decoded = days(bytes_of({early}));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->klines[0].trading_date, date("1990-12-20"));
}

// sh000001 on 1992-06-16: even high below low.
TEST(TdxDays, are_widened_where_the_operator_says_so) {
  const auto noisy = bytes_of({DayFields{20170103, 117175, 113560, 116424, 116670, 1.F, 1}, kDay});
  EXPECT_FALSE(days(noisy));
  auto second = kDay;
  second.date = 20170104;
  const auto decoded = days(bytes_of({DayFields{20170103, 117175, 113560, 116424, 116670, 1.F, 1}, second}),
                            kShares, Noise::widen);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->klines[0].kline.high.to_string(), "1171.75");
  EXPECT_EQ(decoded->klines[0].kline.low.to_string(), "1135.6");
  EXPECT_EQ(decoded->klines[1].kline.high.to_string(), "16.4");
  EXPECT_EQ(decoded->widened, 1U);
  EXPECT_EQ(decoded->first_widened, "sh600000.day: record 1 (2017-01-03)");
}

TEST(TdxMinutes, start_a_minute_before_their_label) {
  auto afternoon = kMinute;
  afternoon.label = 781;  // 13:01
  auto last = kMinute;
  last.label = 900;
  const auto decoded = minutes(bytes_of({kMinute, afternoon, last}));
  ASSERT_TRUE(decoded) << decoded.error().message;
  ASSERT_EQ(decoded->klines.size(), 3U);
  EXPECT_EQ(decoded->klines[0].kline.start, utc("2021-04-23 01:30"));
  EXPECT_EQ(decoded->klines[1].kline.start, utc("2021-04-23 05:00"));
  EXPECT_EQ(decoded->klines[2].kline.start, utc("2021-04-23 06:59"));
  EXPECT_EQ(decoded->klines[0].trading_date, date("2021-04-23"));
  EXPECT_EQ(decoded->klines[0].kline.high.to_string(), "37.02");
  EXPECT_EQ(decoded->klines[0].kline.turnover.to_string(), "256647");
}

TEST(TdxMinutes, of_five_start_five_before) {
  auto five = kMinute;
  five.label = 575;
  const auto decoded = minutes(bytes_of({five}), TdxMinutes::five);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->klines[0].kline.start, utc("2021-04-23 01:30"));
}

TEST(TdxMinutes, name_what_cannot_be) {
  const auto with = [](auto change) {
    auto fields = kMinute;
    change(fields);
    return error_of_minutes(fields);
  };
  EXPECT_THAT(with([](auto& minute) { minute.label = 570; }),
              HasSubstr("2021-04-23 09:30): no minute of trading"));
  EXPECT_THAT(with([](auto& minute) { minute.label = 780; }), HasSubstr("no minute of trading"));
  EXPECT_THAT(with([](auto& minute) { minute.label = 0; }), HasSubstr("0 is no minute"));
  EXPECT_THAT(with([](auto& minute) { minute.label = 1441; }), HasSubstr("1441 is no minute"));
  EXPECT_THAT(with([](auto& minute) { minute.date = packed_date(2021, 4, 24); }),
              HasSubstr("no trading day"));
  EXPECT_THAT(with([](auto& minute) { minute.date = packed_date(2021, 4, 31); }),
              HasSubstr("no packed date"));
  EXPECT_THAT(with([](auto& minute) { minute.high = 37.023F; }), HasSubstr("37.023 has more decimals"));
  EXPECT_THAT(with([](auto& minute) { minute.close = -1.F; }), HasSubstr("a price is negative"));
  EXPECT_THAT(with([](auto& minute) { minute.close = 1e11F; }), HasSubstr("too large"));
  EXPECT_THAT(minutes(bytes_of({kMinute, kMinute})).error().message, HasSubstr("record 2"));
}

}  // namespace
}  // namespace qos::archive
