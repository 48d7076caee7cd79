// What must hold in every simulated market, checked against a book of plain maps.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <unordered_map>

#include "feed/simulated_world.hpp"

namespace qos::feed::simulated {
namespace {

using market::Instrument;
using market::InstrumentKind;
using market::Market;
using namespace std::chrono_literals;

bool is_a_share(const Instrument& instrument) {
  return instrument.code.market == Market::SH || instrument.code.market == Market::SZ;
}

// Checks every event as it comes and stops at the first fault, which it names.
class Auditor {
 public:
  explicit Auditor(const World& world) : world_{world}, seen_(world.instruments.size()) {}

  void see(const EventBody& body) {
    ++events;
    const UnixNanos t = ts_event_of(body);
    if (t < last_time_) fault("time falls", body);
    last_time_ = t;
    std::visit([&](const auto& event) { check(event); }, body);
  }

  std::uint64_t events = 0;
  std::uint64_t trades = 0;
  std::uint64_t depth_changes = 0;
  std::uint64_t odd_lots = 0;
  std::uint64_t references = 0;
  std::vector<std::chrono::nanoseconds> halts;
  std::map<CalendarId, std::vector<UnixNanos>> ticks;
  std::string first_fault;

 private:
  struct Seen {
    std::map<Price, Quantity, std::greater<>> bids;
    std::map<Price, Quantity> asks;
    bool has_book = false;
    std::optional<Price> reference;
    std::optional<UnixNanos> halted_at;
    std::uint64_t trade_id = 0;
    std::optional<Price> last_regular;
  };

  void fault(std::string_view what, const EventBody& body) {
    if (!first_fault.empty()) return;
    const auto id = instrument_of(body);
    first_fault =
        fmt::format("{}: {} at {} (event {})", id ? world_.instruments.at(*id).code.to_string() : "clock",
                    what, unix_nanos(ts_event_of(body)), events);
  }

  void check_price(const Instrument& instrument, Price price, const EventBody& body) {
    if (price.raw() <= 0 || !instrument.tick.on_grid(price)) fault("price off the grid", body);
    const Seen& seen = seen_[instrument.id.value()];
    if (!is_a_share(instrument)) return;
    const std::string& symbol = instrument.code.symbol;
    const bool wide = symbol.starts_with("688") || symbol.starts_with("300");
    const Int128 reference = seen.reference->raw();
    const Int128 off = Int128{price.raw()} - reference;
    if ((off < 0 ? -off : off) * 100 > reference * (wide ? 20 : 10))
      fault("price beyond the day's limit", body);
  }

  void check_size(const Instrument& instrument, Quantity size, bool round, const EventBody& body) {
    std::int64_t step = Quantity::kScale;
    for (int i = 0; i < instrument.volume_decimals; ++i) step /= 10;
    step *= instrument.lot_size;
    if (is_a_share(instrument) && step % (100 * Quantity::kScale) != 0) step = 100 * Quantity::kScale;
    if (instrument.code.market == Market::US && round) step = 100 * Quantity::kScale;
    if (size.raw() % step != 0) fault("size off the step", body);
  }

  Seen& alive(InstrumentId id, const EventBody& body) {
    Seen& seen = seen_[id.value()];
    if (seen.halted_at) fault("not silent during a halt", body);
    if (!seen.reference) fault("no reference price before it", body);
    return seen;
  }

  void check_book(const Instrument& instrument, const Seen& seen, const EventBody& body) {
    const auto levels = static_cast<std::size_t>(market::spec_of(instrument.code.market).depth_levels);
    if (seen.bids.size() != levels || seen.asks.size() != levels)
      return fault("wrong number of levels", body);
    if (seen.bids.begin()->first >= seen.asks.begin()->first) fault("crossed", body);
  }

  void check(const Trade& trade) {
    Seen& seen = alive(trade.instrument, trade);
    const Instrument& instrument = world_.instruments.at(trade.instrument);
    ++trades;
    check_price(instrument, trade.price, trade);
    if (trade.size.raw() <= 0) fault("trade without size", trade);
    const bool odd = trade.size < Quantity::from_units(100) && instrument.code.market == Market::US;
    odd_lots += odd ? 1 : 0;
    if ((trade.condition == TradeCondition::odd_lot) != odd &&
        trade.condition != TradeCondition::extended_session)
      fault("odd lot and condition disagree", trade);
    check_size(instrument, trade.size, !odd, trade);
    if (trade.trade_id != ++seen.trade_id) fault("trade ids not dense", trade);
    if (trade.condition == TradeCondition::regular || trade.condition == TradeCondition::opening_auction ||
        trade.condition == TradeCondition::closing_auction)
      seen.last_regular = trade.price;
    if (!seen.has_book || trade.condition == TradeCondition::after_close_fixed) return;
    const Price bid = seen.bids.begin()->first;
    const Price ask = seen.asks.begin()->first;
    if (trade.price < bid || trade.price > ask) fault("trade outside the book", trade);
    if (trade.aggressor == Aggressor::buy && trade.price != ask) fault("bought, but not at the ask", trade);
    if (trade.aggressor == Aggressor::sell && trade.price != bid) fault("sold, but not at the bid", trade);
  }

  void check(const BookClear& clear) {
    Seen& seen = alive(clear.instrument, clear);
    seen.bids.clear();
    seen.asks.clear();
    seen.has_book = false;
  }

  void check(const BookDelta& delta) {
    Seen& seen = alive(delta.instrument, delta);
    const Instrument& instrument = world_.instruments.at(delta.instrument);
    if (market::spec_of(instrument.code.market).depth_levels < 2)
      fault("a book where only quotes are", delta);
    check_price(instrument, delta.price, delta);
    check_size(instrument, delta.size, true, delta);
    const auto apply = [&](auto& side) {
      if (delta.size.raw() == 0 && side.erase(delta.price) == 0)
        fault("removes a level that is not there", delta);
      if (delta.size.raw() > 0) side[delta.price] = delta.size;
    };
    delta.side == Side::bid ? apply(seen.bids) : apply(seen.asks);
    if (delta.part == DeltaPart::more) return;
    seen.has_book = true;
    ++depth_changes;
    check_book(instrument, seen, delta);
  }

  void check(const Quote& quote) {
    Seen& seen = alive(quote.instrument, quote);
    const Instrument& instrument = world_.instruments.at(quote.instrument);
    if (market::spec_of(instrument.code.market).depth_levels != 1)
      fault("a quote where there is none", quote);
    check_price(instrument, quote.bid, quote);
    check_price(instrument, quote.ask, quote);
    check_size(instrument, quote.bid_size, true, quote);
    check_size(instrument, quote.ask_size, true, quote);
    if (quote.bid_size.raw() <= 0 || quote.ask_size.raw() <= 0) fault("a quote without size", quote);
    seen.bids = {{quote.bid, quote.bid_size}};
    seen.asks = {{quote.ask, quote.ask_size}};
    seen.has_book = true;
    ++depth_changes;
    check_book(instrument, seen, quote);
  }

  void check(const TradingStatus& status) {
    Seen& seen = seen_[status.instrument.value()];
    const Instrument& instrument = world_.instruments.at(status.instrument);
    if (status.state == TradingState::halted) {
      if (seen.halted_at) fault("halted twice", status);
      if (instrument.kind != InstrumentKind::stock && instrument.kind != InstrumentKind::etf)
        fault("halts, but is no equity", status);
      seen.halted_at = status.ts_event;
    } else if (seen.halted_at) {
      halts.push_back(status.ts_event - *seen.halted_at);
      seen.halted_at.reset();
    }
  }

  void check(const ReferencePrice& reference) {
    Seen& seen = seen_[reference.instrument.value()];
    ++references;
    if (seen.last_regular && *seen.last_regular != reference.previous_close)
      fault("the reference is not the last trade of the day before", reference);
    seen.reference = reference.previous_close;
    check_price(world_.instruments.at(reference.instrument), reference.previous_close, reference);
  }

  void check(const ClockTick& tick) { ticks[tick.calendar].push_back(tick.ts_event); }
  void check(const RollingStats& stats) { fault("rolling figures are not simulated", stats); }
  void check(const KlineRestatement& restatement) { fault("nothing is restated", restatement); }
  void check(const TradeBust& bust) { fault("nothing is busted", bust); }
  void check(const TradeCorrection& correction) { fault("nothing is corrected", correction); }
  void check(const PastKline& past) { fault("the past is told before", past); }
  void check(const CalendarChange& change) { fault("the calendar stays as it is", change); }
  void check(const StateDigest& digest) { fault("only the server tells digests", digest); }
  void check(const PastReset& reset) { fault("only the server makes a past begin anew", reset); }
  void check(const Gap& gap) { fault("nothing is lost", gap); }

  const World& world_;
  std::vector<Seen> seen_;
  UnixNanos last_time_{};
};

Auditor audit(const World& world, const Options& options, std::string_view from, std::string_view until) {
  Auditor auditor{world};
  simulate(world, options, from, until, [&](const EventBody& event) { auditor.see(event); });
  return auditor;
}

TEST(SimulatedMarket, is_sound_for_an_hour_around_the_clock) {
  const auto always = world(Hours::always);
  // Local midnight of Hong Kong and China lies inside: 16:00 UTC.
  const Auditor auditor = audit(*always, {}, "2026-01-05T15:30:00Z", "2026-01-05T16:30:00Z");
  EXPECT_EQ(auditor.first_fault, "");
  const auto instruments = always->instruments.size();
  ASSERT_GT(instruments, 100U);
  // A trade a second and instrument; a Poisson process with bursts strays little over so many.
  EXPECT_NEAR(static_cast<double>(auditor.trades), 3600.0 * static_cast<double>(instruments),
              0.03 * 3600.0 * static_cast<double>(instruments));
  EXPECT_GT(auditor.depth_changes, 2 * auditor.trades);
  EXPECT_LT(auditor.depth_changes, 4 * auditor.trades);
  EXPECT_GT(auditor.odd_lots, 0U);
  EXPECT_GT(auditor.references, instruments) << "the new day in Asia";
  for (const auto& [calendar, ticks] : auditor.ticks) {
    ASSERT_EQ(ticks.size(), 3600U);
    for (std::size_t i = 0; i < ticks.size(); ++i)
      ASSERT_EQ(ticks[i], at("2026-01-05T15:30:00Z") + std::chrono::seconds{i});
  }
}

TEST(SimulatedMarket, is_sound_over_two_real_days_around_a_clock_change) {
  const auto real = world(Hours::real);
  const Options options{.hours = Hours::real, .rate_milli = 60};
  // US clocks change on Sunday, 2026-03-08.
  const Auditor auditor = audit(*real, options, "2026-03-06T00:00:00Z", "2026-03-10T00:00:00Z");
  EXPECT_EQ(auditor.first_fault, "");
  EXPECT_GT(auditor.trades, 50'000U);
}

TEST(SimulatedMarket, is_sound_over_a_half_day_and_a_holiday) {
  const auto real = world(Hours::real);
  const Options options{.seed = 2, .hours = Hours::real, .rate_milli = 60};
  const Auditor auditor = audit(*real, options, "2026-12-23T20:00:00Z", "2026-12-26T02:00:00Z");
  EXPECT_EQ(auditor.first_fault, "");
  EXPECT_GT(auditor.trades, 20'000U);
}

TEST(SimulatedMarket, is_sound_when_trades_come_thick_or_rarely) {
  const auto always = world(Hours::always);
  for (const std::int64_t rate_milli : {1, 100'000}) {
    const Auditor auditor =
        audit(*always, {.seed = 3, .rate_milli = rate_milli}, "2026-01-05T00:00:00Z", "2026-01-05T00:00:30Z");
    EXPECT_EQ(auditor.first_fault, "") << "rate_milli=" << rate_milli;
  }
}

TEST(SimulatedMarket, halts_now_and_then_for_some_minutes) {
  const auto real = world(Hours::real);
  const Auditor auditor =
      audit(*real, {.hours = Hours::real, .rate_milli = 10}, "2026-01-05T00:00:00Z", "2026-01-10T00:00:00Z");
  EXPECT_EQ(auditor.first_fault, "");
  EXPECT_GT(auditor.halts.size(), 20U);
  for (const auto halt : auditor.halts) {
    EXPECT_GE(halt, 2min);
    EXPECT_LT(halt, 10min);
  }
}

// With tick tables, lots and volatile prices of an operator's own: the cheapest shares and the strangest
// ticks.
TEST(SimulatedMarket, is_sound_for_shares_of_a_few_ticks) {
  const std::string header = own_instruments().substr(0, own_instruments().find('\n') + 1);
  const auto cheap = world(Hours::always, header +
                                              "HK:9901,stock,SEHK,HKD,,A,2000,HKEX,,HK,,,,,,test\n"
                                              "SZ:300999,stock,SZSE,CNY,,B,100,0.01,,CN,,,,,,test\n"
                                              "US:TINY,stock,NYSE,USD,,C,1,US,,US,,,,,,test\n");
  cheap->prices = must(StartPrices::load("code,price\nHK:9901,0.25\nSZ:300999,1.10\nUS:TINY,0.9999\n"));
  const Auditor auditor =
      audit(*cheap, {.rate_milli = 2'000}, "2026-01-05T00:00:00Z", "2026-01-05T18:00:00Z");
  EXPECT_EQ(auditor.first_fault, "");
  EXPECT_GT(auditor.trades, 300'000U);
}

TEST(SimulatedMarket, moves_about_as_far_as_real_ones) {
  const auto always = world(Hours::always);
  std::unordered_map<InstrumentId, std::pair<Price, Price>> ranges;
  simulate(*always, {}, "2026-01-05T00:00:00Z", "2026-01-05T02:00:00Z", [&](const EventBody& event) {
    if (const auto* trade = std::get_if<Trade>(&event)) {
      auto& [low, high] = ranges.try_emplace(trade->instrument, trade->price, trade->price).first->second;
      low = std::min(low, trade->price);
      high = std::max(high, trade->price);
    }
  });
  EXPECT_EQ(ranges.size(), always->instruments.size());
  for (const auto& [id, range] : ranges) {
    const auto& [low, high] = range;
    const Instrument& instrument = always->instruments.at(id);
    EXPECT_LT(low, high) << instrument.code.to_string();
    EXPECT_GT(high.raw() - low.raw(), high.raw() / 2'000) << instrument.code.to_string();
    EXPECT_LT(high.raw() - low.raw(), high.raw() / 8) << instrument.code.to_string();
  }
}

}  // namespace
}  // namespace qos::feed::simulated
