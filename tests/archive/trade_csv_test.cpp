#include "archive/trade_csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/archive_fixture.hpp"

namespace qos::archive {
namespace {

using market::utc;
using ::testing::HasSubstr;

class TradeCsv : public ::testing::Test {
 protected:
  Result<TradeCsvReader> begin(std::string_view header, std::optional<Conditions> conditions,
                               VolumeUnit unit = VolumeUnit::shares) {
    return TradeCsvReader::begin(
        header, {.volume = unit, .time = local_time("Asia/Shanghai"), .conditions = conditions}, calendars_);
  }
  TradeCondition by_phase(const std::string& code, const std::string& time) {
    auto reader = begin("c,ts,p,v", Conditions::by_phase);
    const auto row = reader->row(code + "," + time + ",10,1");
    EXPECT_TRUE(row) << (row ? "" : row.error().message);
    return row && *row ? (*row)->trade.condition : TradeCondition::off_book;
  }

  CalendarFinder calendars_{no_instruments(), calendar_table()};
};

TEST_F(TradeCsv, makes_trades_of_rows) {
  auto reader = begin("c,ts,p,v,x,d", std::nullopt, VolumeUnit::lots);
  ASSERT_TRUE(reader) << reader.error().message;
  const auto row = reader->row("SH:600000,2019-02-01 09:25:02,10.82,5368.5,opening_auction,0");
  ASSERT_TRUE(row && *row);
  EXPECT_EQ((*row)->code.to_string(), "SH:600000");
  EXPECT_EQ((*row)->trade, (Trade{.price = Price::parse("10.82").value(),
                                  .size = Quantity::from_units(536'850),
                                  .ts_event = utc("2019-02-01 01:25:02"),
                                  .condition = TradeCondition::opening_auction}));
  EXPECT_FALSE(reader->row("  ").value());
}

TEST_F(TradeCsv, wants_the_conditions_once) {
  EXPECT_THAT(begin("c,ts,p,v", std::nullopt).error().message, HasSubstr("--conditions"));
  EXPECT_THAT(begin("c,ts,p,v,x", Conditions::regular).error().message, HasSubstr("must not be stated"));
}

TEST_F(TradeCsv, tells_auctions_by_their_phase_where_the_clock_does) {
  using enum TradeCondition;
  EXPECT_EQ(by_phase("SH:600000", "2019-02-01 09:25:02"), opening_auction);
  EXPECT_EQ(by_phase("SH:600000", "2019-02-01 09:30:00"), regular);
  EXPECT_EQ(by_phase("SH:600000", "2019-02-01 14:56:59"), regular);
  EXPECT_EQ(by_phase("SH:600000", "2019-02-01 15:00:01"), closing_auction);
  EXPECT_EQ(by_phase("SH:688001", "2021-04-23 15:10:00"), after_close_fixed);
  EXPECT_EQ(by_phase("HK:700", "2022-04-12 09:20:00"), opening_auction);
  EXPECT_EQ(by_phase("HK:700", "2022-04-12 16:08:30"), closing_auction);
}

TEST_F(TradeCsv, names_what_is_wrong) {
  const auto error = [&](const std::string& row) {
    auto reader = begin("c,ts,p,v", Conditions::by_phase);
    EXPECT_TRUE(reader->row("SH:600000,2019-02-01 10:00:00,10,1"));
    const auto read = reader->row(row);
    return read ? std::string{"no error"} : read.error().message;
  };
  EXPECT_THAT(error("SH:600000,2019-02-01 12:00:00,10,1"), HasSubstr("outside every session"));
  EXPECT_THAT(error("SH:600000,2019-02-02 10:00:00,10,1"), HasSubstr("outside every session"));
  EXPECT_THAT(error("SH:600000,2019-02-01 20:00:00,10,1"), HasSubstr("outside every session"));
  EXPECT_THAT(error("SH:600000,2019-02-01 09:59:59,10,1"), HasSubstr("times of SH:600000 must not fall"));
  EXPECT_EQ(error("SH:600000,2019-02-01 10:00:00,10,1"), "no error");
  EXPECT_EQ(error("SZ:000001,2019-02-01 09:59:59,10,1"), "no error") << "each code has its own time";
  EXPECT_THAT(error("SH:600000,2019-02-01 10:00:00,10,0"), HasSubstr("no size above zero"));
  EXPECT_THAT(error("SH:600000,2019-02-01 10:00:00,x,1"), HasSubstr("column 'p'"));
  EXPECT_THAT(error("US:AAPL,2019-02-01 23:00:00,10,1"), HasSubstr("needs a column x"));
  auto reader = begin("c,ts,p,v,x", std::nullopt);
  EXPECT_THAT(reader->row("SH:600000,2019-02-01 10:00:00,10,1,dark").error().message,
              HasSubstr("'dark' is none of"));
}

}  // namespace
}  // namespace qos::archive
