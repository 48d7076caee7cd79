// Feeds that send a day's totals instead of its trades (A-share level 1: every few seconds the last price and
// the volume and turnover since the open). Trades follow from the differences.
//
// A difference is one Trade: its size is the volume's, its price the last one. What was traded in between had
// other prices too, so price times size is not the turnover that was added; a KlineRestatement right after
// the trade then gives its minute the exact turnover. So volume and turnover of minute, day and snapshot are
// the venue's at all times; high and low are those of the prices that were sent.
//
// A volume that steps back is a correction, never a negative trade: it is taken from the newest minutes, as
// far back as need be, each restated. A minute of which nothing is left is removed; prices of others stay.
//
// Thread: its feed's. Owns nothing but the minutes of one day.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "event/event.hpp"
#include "market/kline_clock.hpp"
#include "market/session_calendar.hpp"

namespace qos::feed {

// Totals of the trading day that ts falls in.
struct CumulativeTotals {
  UnixNanos ts;
  Price last;
  Volume volume;      // never more than fits a Quantity
  Turnover turnover;  // exact
};

class CumulativeTrades {
 public:
  // The calendar must outlive it.
  CumulativeTrades(InstrumentId instrument, const market::SessionCalendar& calendar,
                   market::ClosingPrint closing)
      : instrument_{instrument}, calendar_{&calendar}, closing_{closing} {}

  // What the totals mean, to be handed on in this order: a Trade, KlineRestatements; mostly one or two, at
  // most one a minute of the day.
  //
  // The first totals of all are where it begins if they come after the open: what was traded before was not
  // seen. Those of a new day begin with nothing.
  std::vector<EventBody> on(const CumulativeTotals& totals);

  struct Counts {
    std::uint64_t ignored = 0;      // older than what is known, on a day without trading, or impossible
    std::uint64_t unexplained = 0;  // steps back by more than was seen of the day
  };
  const Counts& counts() const { return counts_; }

 private:
  struct Minute {
    UnixNanos start;
    Price open, high, low, close;
    Volume volume;
    Turnover turnover;   // the venue's
    Turnover by_trades;  // what the events handed on come to
    std::uint32_t trades = 0;
  };
  struct Place {
    market::Minute minute;
    UnixNanos ts;
    TradeCondition condition = TradeCondition::regular;
  };

  std::optional<Place> place_of(market::Date date, UnixNanos ts) const;
  void forward(const CumulativeTotals& totals, Volume volume, Turnover turnover, const Place& place,
               std::vector<EventBody>& events);
  void back(const CumulativeTotals& totals, std::vector<EventBody>& events);
  void restate(Minute& minute, UnixNanos ts, std::vector<EventBody>& events) const;

  InstrumentId instrument_;
  const market::SessionCalendar* calendar_;
  market::ClosingPrint closing_;
  std::optional<market::Date> date_;
  CumulativeTotals known_{};
  std::vector<Minute> minutes_;  // of the day, in time order
  Counts counts_;
};

}  // namespace qos::feed
