#include "archive/kline_csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/archive_fixture.hpp"

namespace qos::archive {
namespace {

using market::date;
using market::utc;
using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string kHeader{kKlineCsvHeader};
const KlineCsvStatement kDays{.series = StoredSeries::day, .volume = VolumeUnit::wire};
const KlineCsvStatement kMinutes{.series = StoredSeries::regular, .volume = VolumeUnit::shares};

KlineCsvStatement with_label(Label label, OpeningRow opening = OpeningRow::refuse) {
  auto statement = kMinutes;
  statement.label = label;
  statement.opening = opening;
  statement.time = local_time("Asia/Hong_Kong");
  return statement;
}
std::string error_of(const std::string& rows, const KlineCsvStatement& statement) {
  const auto read = read_klines(kHeader + rows, statement);
  return read ? "no error" : read.error().message;
}

TEST(KlineCsv, reads_what_export_writes) {
  const std::string text = kHeader +
                           "SH:600000,1549209600,10.78,10.9,10.75,10.82,516290.345,557012345.67\n"
                           "HK:700,1549209600,350.2,352,349.8,351.4,12345678,4321987654.5\n";
  const auto read = read_klines(text, kDays);
  // 2019-02-04 is a holiday in Shanghai; the file of this test is of another year.
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, AllOf(HasSubstr("2: 2019-02-04 is no trading day"), HasSubstr("CN")));
}

TEST(KlineCsv, keeps_every_digit_there_and_back) {
  const std::string rows =
      "SH:600000,1548950400,10.78,10.9,10.75,10.82,516290.3412345678,557012345.12345678901234567\n"
      "HK:700,1548950400,350.2,352,349.8,351.4,12345678,4321987654.5\n"
      "US:BRK.B,1548997200,-0.5,0,-0.75,-0.123456789,0,0\n";
  const auto read = read_klines(kHeader + rows, kDays);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 3U);
  EXPECT_EQ((*read)[0].kline.kline.volume.to_string(), "51629034.12345678") << "lots are 100 shares";
  EXPECT_EQ((*read)[1].kline.kline.volume.to_string(), "12345678");
  EXPECT_EQ((*read)[0].kline.trading_date, date("2019-02-01"));
  std::string out;
  for (const auto& row : *read)
    append_kline_csv(out, row.code.to_string(), row.kline.kline,
                     market::spec_of(row.code.market).units_per_volume);
  EXPECT_EQ(out, rows);
}

TEST(KlineCsv, counts_volumes_as_stated) {
  const std::string row = "SZ:000001,1548950400,10,10,10,10,25,250\n";
  struct Row {
    VolumeUnit unit;
    const char* shares;
  };
  for (const auto& expected :
       {Row{VolumeUnit::shares, "25"}, Row{VolumeUnit::lots, "2500"}, Row{VolumeUnit::wire, "2500"}}) {
    auto statement = kDays;
    statement.volume = expected.unit;
    const auto read = read_klines(kHeader + row, statement);
    ASSERT_TRUE(read);
    EXPECT_EQ((*read)[0].kline.kline.volume.to_string(), expected.shares);
  }
  auto lots = kDays;
  lots.volume = VolumeUnit::lots;
  EXPECT_THAT(error_of("HK:700,1548950400,10,10,10,10,25,250\n", lots),
              HasSubstr("lots are of 100 shares in SH and SZ"));
}

TEST(KlineCsv, labels_may_be_ends) {
  const std::string row = "HK:9988,2022-04-12 09:31,98.6,99.45,98.5,99.3,361500,35826497.5\n";
  const auto ends = read_klines(kHeader + row, with_label(Label::end));
  ASSERT_TRUE(ends) << ends.error().message;
  EXPECT_EQ((*ends)[0].kline.kline.start, utc("2022-04-12 01:30"));
  const auto starts = read_klines(kHeader + row, with_label(Label::start));
  ASSERT_TRUE(starts);
  EXPECT_EQ((*starts)[0].kline.kline.start, utc("2022-04-12 01:31"));
  EXPECT_THAT(error_of("HK:9988,2022-04-12 16:00,1,1,1,1,1,1\n", with_label(Label::start)),
              HasSubstr("no minute of that session"));
  EXPECT_THAT(error_of("HK:9988,2022-04-12 13:00,1,1,1,1,1,1\n", with_label(Label::end)),
              HasSubstr("no minute of that session"));
}

TEST(KlineCsv, adds_an_opening_row_to_the_first_minute_if_that_is_stated) {
  const std::string rows =
      "HK:9988,2022-04-12 09:30:00,98.5,98.5,98.5,98.5,903500,88994750\n"
      "HK:9988,2022-04-12 09:31:00,98.6,99.45,98.55,99.3,361500,35826497.5\n";
  EXPECT_THAT(error_of(rows, with_label(Label::end)), HasSubstr("--opening-row first-minute"));
  const auto read = read_klines(kHeader + rows, with_label(Label::end, OpeningRow::first_minute));
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 1U);
  const auto& kline = (*read)[0].kline.kline;
  EXPECT_EQ(kline.start, utc("2022-04-12 01:30"));
  EXPECT_EQ(kline.open.to_string(), "98.5");
  EXPECT_EQ(kline.close.to_string(), "99.3");
  EXPECT_EQ(kline.low.to_string(), "98.5");
  EXPECT_EQ(kline.volume.to_string(), "1265000");
  EXPECT_THAT(error_of(rows.substr(0, rows.find('\n') + 1), with_label(Label::end, OpeningRow::first_minute)),
              HasSubstr("has no first minute after it"));
  EXPECT_THAT(error_of("HK:9988,2022-04-12 09:30:00,98.5,98.5,98.5,98.5,1,1\n"
                       "HK:9988,2022-04-12 09:32:00,98.5,98.5,98.5,98.5,1,1\n",
                       with_label(Label::end, OpeningRow::first_minute)),
              HasSubstr("has no first minute after it"));
}

TEST(KlineCsv, knows_the_closing_print_of_the_us) {
  auto statement = kMinutes;
  const std::string row = "US:AAPL,1605906000,1,1,1,1,1,1\n";  // 2020-11-20 16:00 in New York
  const auto read = read_klines(kHeader + row, statement);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ((*read)[0].kline.trading_date, date("2020-11-20"));
  statement.series = StoredSeries::after_hours;
  EXPECT_TRUE(read_klines(kHeader + "US:AAPL,1605906000,1,1,1,1,1,1\n", statement));
  statement.series = StoredSeries::pre_market;
  EXPECT_THAT(error_of(row, statement), HasSubstr("no minute of that session"));
}

TEST(KlineCsv, books_a_sunday_evening_to_monday) {
  const auto read = read_klines(kHeader + "FX:EURUSD,1605477600,1,1,1,1,0,0\n", kMinutes);  // Sunday 17:00
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ((*read)[0].kline.trading_date, date("2020-11-16"));
}

TEST(KlineCsv, takes_columns_in_any_order_and_a_byte_order_mark) {
  const auto read =
      read_klines("\xEF\xBB\xBFts,c,v,t,cl,l,h,o\r\n1548950400, SH:600000 ,1,2,3,1,4,2\r\n\r\n", kDays);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ((*read)[0].kline.kline.close.to_string(), "3");
  EXPECT_EQ((*read)[0].kline.kline.turnover.to_string(), "2");
}

TEST(KlineCsv, refuses_another_header) {
  for (const auto& [header, reason] :
       std::vector<std::pair<std::string, std::string>>{{"c,ts,o,h,l,cl,v", "column 't' is missing"},
                                                        {"c,ts,o,h,l,cl,v,t,x", "unknown column 'x'"},
                                                        {"c,ts,o,h,l,cl,v,v", "column 'v' stands twice"},
                                                        {"", "unknown column ''"}})
    EXPECT_THAT(read_klines(header + "\n", kDays).error().message, HasSubstr(reason)) << header;
}

TEST(KlineCsv, names_line_and_reason_of_a_bad_row) {
  const auto bad = [](const std::string& row) {
    return error_of("SH:600000,1548864000,1,1,1,1,1,1\n" + row + "\n", kDays);
  };
  EXPECT_THAT(bad("SH:600000,1548950400,1,1,1,1,1"),
              AllOf(HasSubstr("3: "), HasSubstr("7 fields, the header has 8")));
  EXPECT_THAT(bad("SH:60000,1548950400,1,1,1,1,1,1"), HasSubstr("malformed code"));
  EXPECT_THAT(bad("SH:600000,154895040x,1,1,1,1,1,1"), HasSubstr("is no time"));
  EXPECT_THAT(bad("SH:600000,1548950401,1,1,1,1,1,1"), HasSubstr("is no midnight in Asia/Shanghai"));
  EXPECT_THAT(bad("SH:600000,1548950400,1e1,1,1,1,1,1"), HasSubstr("column 'o': '1e1' is no price"));
  EXPECT_THAT(bad("SH:600000,1548950400,2,1,1,1,1,1"), HasSubstr("does not enclose"));
  EXPECT_THAT(bad("SH:600000,1548950400,1,1,1,1,-1,1"), HasSubstr("column 'v': '-1' is no volume"));
  EXPECT_THAT(bad("SH:600000,1548950400,1,1,1,1,1,x"), HasSubstr("column 't': 'x' is no turnover"));
  EXPECT_THAT(bad("SH:600000,1548864000,1,1,1,1,1,1"), HasSubstr("times of SH:600000 must rise"));
  EXPECT_THAT(bad("\"SH:600000\",1548950400,1,1,1,1,1,1"), HasSubstr("a quote"));
  EXPECT_THAT(bad("IX:NONE,1548950400,1,1,1,1,1,1"), HasSubstr("add it there"));
  EXPECT_THAT(bad(std::string(600, '1')), HasSubstr("a row of 600 bytes"));
}

TEST(CsvTime, refuses_what_is_no_local_time) {
  const auto time = local_time("Asia/Shanghai");
  EXPECT_EQ(time.instant("2019-02-01 09:30:00.25").value(),
            utc("2019-02-01 01:30") + std::chrono::milliseconds{250});
  EXPECT_EQ(time.instant("2019-02-01T09:30").value(), utc("2019-02-01 01:30"));
  for (const auto* text :
       {"2019-02-01", "2019-02-30 09:30", "2019-02-01 9:30", "2019-02-01 24:00", "2019-02-01 09:60",
        "2019-02-01 09:30:", "2019-02-01 09:30:60", "2019-02-01 09:30:1", "2019-02-01 09:30Z",
        "9999-02-01 09:30", "1969-12-31 23:59", "", "1548950400"})
    EXPECT_FALSE(time.instant(text)) << text;
}

}  // namespace
}  // namespace qos::archive
