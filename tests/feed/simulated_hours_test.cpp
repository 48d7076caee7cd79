// hours=real: who trades when, in the exchange's own time.
#include <gtest/gtest.h>

#include <map>

#include "feed/simulated_world.hpp"

namespace qos::feed::simulated {
namespace {

using market::Instrument;
using market::Market;
using market::Phase;
using namespace std::chrono_literals;

const Options kReal{.hours = Hours::real, .rate_milli = 40};

bool is_equity(const Instrument& instrument) {
  return instrument.kind == market::InstrumentKind::stock || instrument.kind == market::InstrumentKind::etf;
}

std::chrono::nanoseconds time_of_day(const market::SessionCalendar& calendar, UnixNanos t) {
  return t - calendar.local_midnight(calendar.local_date(t));
}

// True if an event of continuous trading with this condition may stand at t.
bool may_trade(const market::SessionCalendar& calendar, UnixNanos t, TradeCondition condition) {
  const auto session = calendar.session_at(t);
  if (!session) return false;
  switch (condition) {
    case TradeCondition::regular:
    case TradeCondition::odd_lot:
      return session->phase == Phase::regular;
    case TradeCondition::extended_session:
      return session->phase == Phase::night || session->phase == Phase::pre_market ||
             session->phase == Phase::after_hours;
    case TradeCondition::after_close_fixed:
      return session->phase == Phase::after_close_fixed;
    default:
      return false;
  }
}

TEST(SimulatedHours, trade_and_quote_in_sessions_only) {
  const auto made = world(Hours::real);
  std::map<TradeCondition, int> trades;
  const auto check = [&](const EventBody& event) {
    const auto id = instrument_of(event);
    if (!id) return;
    const Instrument& instrument = made->instruments.at(*id);
    const auto& calendar = made->calendars.at(instrument.calendar);
    const UnixNanos t = ts_event_of(event);
    const auto describe = [&] {
      return fmt::format("{} at {} s, event kind {}", instrument.code.to_string(), unix_seconds(t),
                         event.index());
    };
    if (const auto* trade = std::get_if<Trade>(&event)) {
      ++trades[trade->condition];
      if (trade->condition == TradeCondition::opening_auction ||
          trade->condition == TradeCondition::closing_auction)
        return;  // the next test's
      ASSERT_TRUE(may_trade(calendar, t, trade->condition)) << describe();
      const bool us = instrument.code.market == Market::US;
      ASSERT_TRUE(us || trade->condition != TradeCondition::extended_session) << describe();
      if (trade->condition == TradeCondition::after_close_fixed) {
        ASSERT_TRUE(instrument.code.symbol.starts_with("688") || instrument.code.symbol.starts_with("300"));
      }
    }
    if (std::holds_alternative<Quote>(event) || std::holds_alternative<BookDelta>(event)) {
      const bool us = instrument.code.market == Market::US;
      ASSERT_TRUE(may_trade(calendar, t, TradeCondition::regular) ||
                  (us && may_trade(calendar, t, TradeCondition::extended_session)))
          << describe();
    }
  };
  // The US clocks change on March 8; December 24 is a half day in Hong Kong and the US, the 25th a holiday.
  simulate(*made, kReal, "2026-03-06T00:00:00Z", "2026-03-10T00:00:00Z", check);
  if (HasFatalFailure()) return;
  simulate(*made, kReal, "2026-12-23T20:00:00Z", "2026-12-26T02:00:00Z", check);
  for (const auto condition :
       {TradeCondition::regular, TradeCondition::opening_auction, TradeCondition::closing_auction,
        TradeCondition::odd_lot, TradeCondition::extended_session, TradeCondition::after_close_fixed})
    EXPECT_GT(trades[condition], 0) << static_cast<int>(condition);
  EXPECT_EQ(trades[TradeCondition::off_book], 0);
}

struct Prints {
  std::vector<std::chrono::nanoseconds> opening;
  std::vector<std::chrono::nanoseconds> closing;
};

std::map<InstrumentId, Prints> prints_of(const World& world, std::string_view from, std::string_view until) {
  std::map<InstrumentId, Prints> prints;
  simulate(world, kReal, from, until, [&](const EventBody& event) {
    const auto* trade = std::get_if<Trade>(&event);
    if (trade == nullptr) return;
    const auto& calendar = world.calendars.at(world.instruments.at(trade->instrument).calendar);
    const auto time = time_of_day(calendar, trade->ts_event);
    if (trade->condition == TradeCondition::opening_auction)
      prints[trade->instrument].opening.push_back(time);
    if (trade->condition == TradeCondition::closing_auction)
      prints[trade->instrument].closing.push_back(time);
  });
  return prints;
}

TEST(SimulatedHours, auctions_print_at_their_instants) {
  struct Row {
    Market market;
    std::chrono::nanoseconds open, close_from, close_to;  // closing: both included
  };
  struct Day {
    std::string_view from, until;
    std::vector<Row> rows;
  };
  const std::vector<Day> days{
      {"2026-03-06T00:00:00Z",
       "2026-03-07T02:00:00Z",
       {{Market::US, 9h + 30min, 16h, 16h},
        {Market::HK, 9h + 30min, 16h + 8min, 16h + 10min - 1ns},
        {Market::SH, 9h + 25min, 15h, 15h},
        {Market::SZ, 9h + 25min, 15h, 15h}}},
      // After the clock change.
      {"2026-03-09T00:00:00Z", "2026-03-10T00:30:00Z", {{Market::US, 9h + 30min, 16h, 16h}}},
      {"2026-12-24T00:00:00Z",
       "2026-12-25T00:30:00Z",
       {{Market::US, 9h + 30min, 13h, 13h}, {Market::HK, 9h + 30min, 12h + 8min, 12h + 10min - 1ns}}},
  };
  const auto made = world(Hours::real);
  for (const Day& day : days) {
    const auto prints = prints_of(*made, day.from, day.until);
    for (const Row& row : day.rows) {
      for (const InstrumentId id : made->instruments.of_market(row.market)) {
        const Instrument& instrument = made->instruments.at(id);
        SCOPED_TRACE(fmt::format("{} {}", instrument.code.to_string(), day.from));
        ASSERT_TRUE(is_equity(instrument));
        ASSERT_TRUE(prints.contains(id));
        EXPECT_EQ(prints.at(id).opening, std::vector{row.open});
        ASSERT_EQ(prints.at(id).closing.size(), 1U);
        EXPECT_GE(prints.at(id).closing[0], row.close_from);
        EXPECT_LE(prints.at(id).closing[0], row.close_to);
      }
    }
    for (const auto& [id, unused] : prints) EXPECT_TRUE(is_equity(made->instruments.at(id)));
  }
}

TEST(SimulatedHours, a_holiday_is_silent_but_for_the_clock) {
  const auto made = world(Hours::real);
  int ticks = 0;
  int crypto = 0;
  simulate(*made, kReal, "2026-12-25T06:00:00Z", "2026-12-25T20:00:00Z", [&](const EventBody& event) {
    ticks += std::holds_alternative<ClockTick>(event) ? 1 : 0;
    const auto* trade = std::get_if<Trade>(&event);
    if (trade == nullptr) return;
    const Market market = made->instruments.at(trade->instrument).code.market;
    crypto += market == Market::CF ? 1 : 0;
    EXPECT_NE(market, Market::US);
    EXPECT_NE(market, Market::HK);
  });
  EXPECT_EQ(ticks % (14 * 3600), 0);
  EXPECT_GE(ticks, 14 * 3600 * 5);
  EXPECT_GT(crypto, 0);
}

TEST(SimulatedHours, lunch_is_silent) {
  const auto made = world(Hours::real);
  simulate(*made, kReal, "2026-03-06T01:30:00Z", "2026-03-06T05:30:00Z", [&](const EventBody& event) {
    const auto id = instrument_of(event);
    if (!id) return;
    const Market market = made->instruments.at(*id).code.market;
    const UnixNanos t = ts_event_of(event);
    const UnixNanos lunch_ends = at("2026-03-06T05:00:00Z");
    if (t >= lunch_ends) return;
    if (market == Market::HK) {
      EXPECT_LT(t, at("2026-03-06T04:00:00Z"));
    } else if (market == Market::SH || market == Market::SZ) {
      EXPECT_LT(t, at("2026-03-06T03:30:00Z"));
    }
  });
}

TEST(SimulatedHours, after_the_close_trades_are_at_the_closing_price) {
  const auto made = world(Hours::real);
  std::map<InstrumentId, Price> closes;
  int fixed = 0;
  simulate(*made, {.hours = Hours::real, .rate_milli = 1'000}, "2026-03-06T06:50:00Z", "2026-03-06T07:40:00Z",
           [&](const EventBody& event) {
             const auto* trade = std::get_if<Trade>(&event);
             if (trade == nullptr) return;
             if (trade->condition == TradeCondition::closing_auction)
               closes[trade->instrument] = trade->price;
             if (trade->condition != TradeCondition::after_close_fixed) return;
             ++fixed;
             EXPECT_EQ(trade->price, closes.at(trade->instrument));
           });
  EXPECT_GT(fixed, 0);
}

TEST(SimulatedHours, a_run_may_start_anywhere_in_the_week) {
  const auto made = world(Hours::real);
  for (int hour = 0; hour < 7 * 24; hour += 5) {
    const UnixNanos from = at("2026-03-05T00:13:07Z") + std::chrono::hours{hour};
    Options options = kReal;
    options.until = from + 90min;
    const auto ids = made->all();
    Generator generator{options, from, made->instruments, made->calendars, ids, made->starts_of(ids)};
    std::size_t references = 0;
    for (auto event = generator.next(); event; event = generator.next()) {
      ASSERT_GE(ts_event_of(*event), from);
      references += std::holds_alternative<ReferencePrice>(*event) && ts_event_of(*event) == from ? 1 : 0;
    }
    EXPECT_EQ(references, made->instruments.size());
  }
}

// hours=always runs past every published calendar; hours=real falls silent there.
TEST(SimulatedHours, always_knows_no_horizon) {
  const auto always = world(Hours::always);
  const auto real = world(Hours::real);
  const auto trades_of = [](const World& world, Hours hours, Market market) {
    int trades = 0;
    simulate(world, {.hours = hours}, "2035-06-05T03:00:00Z", "2035-06-05T03:01:00Z",
             [&](const EventBody& event) {
               const auto* trade = std::get_if<Trade>(&event);
               if (trade != nullptr && world.instruments.at(trade->instrument).code.market == market)
                 ++trades;
             });
    return trades;
  };
  EXPECT_GT(trades_of(*always, Hours::always, Market::HK), 0);
  EXPECT_EQ(trades_of(*real, Hours::real, Market::HK), 0);
}

}  // namespace
}  // namespace qos::feed::simulated
