// Seeded streams of events in the shape of trading days: auctions, odd lots, late trades, restatements,
// trades taken back and corrected, ticks, days that an operator closes.
#pragma once

#include <random>
#include <vector>

#include "state/session_parts.hpp"
#include "state/world.hpp"

namespace qos::state {

struct RandomDays {
  unsigned seed = 1;
  int events = 4'000;
  std::string_view start = "2024-08-05 00:00";
  std::chrono::seconds step{40};  // between events, at most
  int late_percent = 5;
  int volume_only_percent = 25;
  int restatement_percent = 1;
  int correction_percent = 3;
  int calendar_permille = 0;
  int past_permille = 0;  // K-lines that the store tells, mostly such as state must refuse, and resets
};

class RandomEvents {
 public:
  explicit RandomEvents(const RandomDays& shape)
      : shape_{shape}, random_{shape.seed}, now_{utc(shape.start)} {}

  EventBody next(const market::InstrumentTable& instruments) {
    now_ += std::chrono::milliseconds{pick(static_cast<int>(shape_.step.count()) * 1'000)};
    const InstrumentId id{static_cast<std::uint32_t>(pick(6))};
    const auto& instrument = instruments.at(id);
    const int what = pick(100);
    if (shape_.calendar_permille > 0 && pick(1'000) < shape_.calendar_permille)
      return calendar_change(instrument.calendar);
    if (shape_.past_permille > 0 && pick(1'000) < shape_.past_permille) return past(id, instrument);
    if (what < shape_.restatement_percent) return restatement(id);
    if (what >= 100 - shape_.correction_percent) return correction(id);
    if (what < 4) return ClockTick{.calendar = instrument.calendar, .ts_event = now_};
    if (what < 5)
      return TradingStatus{.instrument = id,
                           .state = pick(2) == 0 ? TradingState::halted : TradingState::trading,
                           .ts_event = now_};
    if (what < 6) return ReferencePrice{.instrument = id, .previous_close = walk(id), .ts_event = now_};
    if (what < 20)
      return BookDelta{.instrument = id,
                       .side = pick(2) == 0 ? Side::bid : Side::ask,
                       .part = pick(3) == 0 ? DeltaPart::more : DeltaPart::last,
                       .price = walk(id),
                       .size = Quantity::from_units(pick(5)),
                       .ts_event = now_};
    return trade(id, instrument);
  }

 private:
  int pick(int below) { return std::uniform_int_distribution<int>{0, below - 1}(random_); }

  Price walk(InstrumentId id) {
    auto& at = prices_[id.value()];
    at = std::max<std::int64_t>(at + pick(7) - 3, 50);
    return Price::from_raw(at * 10'000'000);
  }

  EventBody trade(InstrumentId id, const market::Instrument& instrument) {
    Trade trade{.instrument = id,
                .price = walk(id),
                .size = Quantity::from_units(1 + pick(500)),
                .trade_id = ++trade_id_,
                .ts_event = now_,
                .aggressor = static_cast<Aggressor>(pick(3))};
    if (pick(100) < shape_.late_percent)
      trade.ts_event -= std::chrono::seconds{pick(pick(4) == 0 ? 90'000 : 600)};
    const auto session = instrument.calendar.value() < world_calendars().size()
                             ? world_calendars().at(instrument.calendar).session_at(trade.ts_event)
                             : std::nullopt;
    if (session && session->phase == market::Phase::opening_auction)
      trade.condition = TradeCondition::opening_auction;
    if (session && session->phase == market::Phase::closing_auction)
      trade.condition = TradeCondition::closing_auction;
    if (session && session->phase == market::Phase::after_hours && pick(40) == 0)
      trade.condition = TradeCondition::closing_auction;
    if (pick(100) < shape_.volume_only_percent)
      trade.condition = pick(2) == 0 ? TradeCondition::odd_lot : TradeCondition::off_book;
    if (pick(100) == 0) trade.condition = static_cast<TradeCondition>(pick(kTradeConditions));
    return trade;
  }

  // Of a recent trade, mostly not of this instrument: then it is not known.
  EventBody correction(InstrumentId id) {
    const std::uint64_t number =
        trade_id_ - std::min<std::uint64_t>(trade_id_, static_cast<std::uint64_t>(pick(60)));
    if (pick(2) == 0) return TradeBust{.instrument = id, .trade_id = number, .ts_event = now_};
    return TradeCorrection{.instrument = id,
                           .trade_id = number,
                           .price = walk(id),
                           .size = Quantity::from_units(pick(500)),
                           .condition = pick(3) == 0 ? static_cast<TradeCondition>(pick(kTradeConditions))
                                                     : TradeCondition::regular,
                           .ts_event = now_};
  }

  EventBody calendar_change(CalendarId calendar) {
    const auto today = std::chrono::floor<std::chrono::days>(now_).time_since_epoch().count();
    return CalendarChange{.calendar = calendar,
                          .kind = static_cast<CalendarChange::Kind>(pick(5)),
                          .date = static_cast<std::int32_t>(today) + pick(3) - 1,
                          .close = static_cast<std::int16_t>(pick(24) * 60),
                          .ts_event = now_};
  }

  // Of a date near today: a day, or a minute of one of its sessions.
  EventBody past(InstrumentId id, const market::Instrument& instrument) {
    if (pick(10) == 0) return PastReset{.instrument = id, .ts_event = now_};
    const auto& calendar = world_calendars().at(instrument.calendar);
    const market::Date date{std::chrono::floor<std::chrono::days>(now_) + std::chrono::days{pick(5) - 3}};
    const auto sessions = calendar.sessions_of(date);
    const Price a = walk(id);
    const Price b = walk(id);
    PastKline told{
        .instrument = id,
        .trading_date = static_cast<std::int32_t>(std::chrono::sys_days{date}.time_since_epoch().count()),
        .start = calendar.local_midnight(date),
        .open = a,
        .high = std::max(a, b),
        .low = std::min(a, b),
        .close = b,
        .volume = Volume{Quantity::from_units(pick(1'000))},
        .turnover = Turnover{a, Quantity::from_units(1'000)},
        .trades = static_cast<std::uint32_t>(pick(4)),
        .revision = static_cast<std::uint32_t>(pick(2)),
        .ts_event = now_};
    if (sessions.empty() || pick(3) == 0) return told;
    const auto& session = sessions[static_cast<std::size_t>(pick(static_cast<int>(sessions.size())))];
    const auto extended = us_session_of(session.phase);
    told.series = instrument.code.market == market::Market::US ? series_of(extended) : StoredSeries::regular;
    const auto minutes =
        std::chrono::duration_cast<std::chrono::minutes>(session.close - session.open).count();
    told.start = session.open + std::chrono::minutes{pick(static_cast<int>(minutes))};
    return told;
  }

  EventBody restatement(InstrumentId id) {
    const auto start = std::chrono::floor<std::chrono::minutes>(now_) - std::chrono::minutes{pick(30)};
    const Price a = walk(id);
    const Price b = walk(id);
    KlineRestatement restated{.instrument = id,
                              .start = UnixNanos{start},
                              .open = a,
                              .high = std::max(a, b),
                              .low = std::min(a, b),
                              .close = b,
                              .volume = Volume{Quantity::from_units(pick(1'000))},
                              .turnover = Turnover{a, Quantity::from_units(1'000)},
                              .trades = static_cast<std::uint32_t>(pick(4)),
                              .ts_event = now_};
    return restated;
  }

  RandomDays shape_;
  std::mt19937 random_;
  UnixNanos now_;
  std::uint64_t trade_id_ = 0;
  std::array<std::int64_t, 6> prices_{18'900, 36'000, 145'000, 5'600'000, 1'700'000, 14'500};
};

}  // namespace qos::state
