#include "journal/event_text.hpp"

#include <gtest/gtest.h>

#include "journal/journal_folder.hpp"

namespace qos::journal {
namespace {

std::string text_of(const EventBody& body, const Names& names = some_names()) {
  std::string out;
  append_event_json(out, {Sequence{7}, {FeedId{0}, from_unix_nanos(-1), body}}, names);
  return out;
}

TEST(EventText, tells_a_trade_with_names_decimals_and_times) {
  EXPECT_EQ(
      text_of(Trade{InstrumentId{1}, Price::from_raw(61'800'200'000'000), Quantity::from_raw(5'000'000), 4,
                    from_unix_nanos(1'723'075'200'123'456'789), TradeCondition::odd_lot, Aggressor::sell}),
      R"({"seq":7,"recv":"1969-12-31T23:59:59.999999999Z","feed":"venue","kind":"trade","code":"CF:ETHUSDT",)"
      R"("ts":"2024-08-08T00:00:00.123456789Z","price":"61800.2","size":"0.05","id":4,"condition":"odd_lot",)"
      R"("aggressor":"sell"})");
}

TEST(EventText, tells_ids_that_have_no_name_and_escapes_those_that_have) {
  EXPECT_EQ(
      text_of(BookClear{InstrumentId{9}, {}}, {.instruments = {}, .calendars = {}, .feeds = {"a\"\n\\b"}}),
      R"({"seq":7,"recv":"1969-12-31T23:59:59.999999999Z","feed":"a\"\u000a\\b","kind":"book_clear",)"
      R"("code":"#9","ts":"1970-01-01T00:00:00.000000000Z"})");
}

}  // namespace
}  // namespace qos::journal
