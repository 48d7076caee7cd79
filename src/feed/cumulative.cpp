#include "feed/cumulative.hpp"

#include <algorithm>
#include <limits>

namespace qos::feed {

using market::Print;

std::vector<EventBody> CumulativeTrades::on(const CumulativeTotals& totals) {
  std::vector<EventBody> events;
  const auto date = calendar_->trading_date_of(totals.ts);
  const auto place = date ? place_of(*date, totals.ts) : std::nullopt;
  const bool fits =
      totals.volume >= Volume{} && totals.volume.raw() <= std::numeric_limits<std::int64_t>::max();
  if (!place || !fits || (date_ && (*date < *date_ || totals.ts < known_.ts))) {
    ++counts_.ignored;
    return events;
  }
  if (date_ != date) {
    const bool saw_the_open = date_ || place->condition == TradeCondition::opening_auction;
    date_ = date;
    minutes_.clear();
    known_ = saw_the_open ? CumulativeTotals{.ts = totals.ts} : totals;
  }
  if (totals.volume < known_.volume) {
    back(totals, events);
  } else if (totals.volume > known_.volume) {
    Volume volume = totals.volume;
    volume -= known_.volume;
    Turnover turnover = totals.turnover;
    turnover -= known_.turnover;
    forward(totals, volume, turnover, *place, events);
  } else if (totals.turnover != known_.turnover) {
    back(totals, events);
  }
  known_ = totals;
  return events;
}

auto CumulativeTrades::place_of(market::Date date, UnixNanos ts) const -> std::optional<Place> {
  const auto hours = calendar_->regular_of(date);
  if (hours.empty()) return std::nullopt;
  Place place{.minute = {}, .ts = ts};
  Print print = Print::continuous;
  if (ts < hours.front().open) {
    place.condition = TradeCondition::opening_auction;
    print = Print::opening;
  } else if (ts >= hours.back().close) {
    const auto session = calendar_->session_at(ts);
    const bool fixed = session && session->phase == market::Phase::after_close_fixed;
    place.condition = fixed ? TradeCondition::after_close_fixed : TradeCondition::closing_auction;
    print = Print::closing;
  } else {
    // Totals that come in a break are of the trades before it.
    for (const auto& session : hours)
      if (session.close <= ts) place.ts = session.close - std::chrono::nanoseconds{1};
    if (calendar_->regular_session_at(ts)) place.ts = ts;
  }
  const auto minute = market::minute_of(*calendar_, place.ts, print, closing_);
  if (!minute) return std::nullopt;
  place.minute = *minute;
  return place;
}

void CumulativeTrades::forward(const CumulativeTotals& totals, Volume volume, Turnover turnover,
                               const Place& place, std::vector<EventBody>& events) {
  const Trade trade{.instrument = instrument_,
                    .price = totals.last,
                    .size = Quantity::from_raw(static_cast<std::int64_t>(volume.raw())),
                    .ts_event = place.ts,
                    .condition = place.condition};
  events.emplace_back(trade);
  // Trades at the close price move volume and turnover only.
  const bool priced = place.condition != TradeCondition::after_close_fixed;
  if (minutes_.empty() || minutes_.back().start < place.minute.start) {
    if (!priced && minutes_.empty()) return;
    const Price price = priced ? totals.last : minutes_.back().close;
    minutes_.push_back(
        {.start = place.minute.start, .open = price, .high = price, .low = price, .close = price});
  }
  Minute& minute = minutes_.back();
  if (priced) {
    minute.high = std::max(minute.high, totals.last);
    minute.low = std::min(minute.low, totals.last);
    minute.close = totals.last;
  }
  minute.volume += volume;
  minute.turnover += turnover;
  minute.by_trades += Turnover{trade.price, trade.size};
  ++minute.trades;
  if (minute.by_trades != minute.turnover) restate(minute, totals.ts, events);
}

void CumulativeTrades::back(const CumulativeTotals& totals, std::vector<EventBody>& events) {
  Volume volume = known_.volume;
  volume -= totals.volume;
  Turnover turnover = known_.turnover;
  turnover -= totals.turnover;
  while (!minutes_.empty() && volume > Volume{} && minutes_.back().volume <= volume) {
    Minute& minute = minutes_.back();
    volume -= minute.volume;
    turnover -= minute.turnover;
    minute.trades = 0;
    restate(minute, totals.ts, events);
    minutes_.pop_back();
  }
  if (minutes_.empty()) {
    if (volume != Volume{} || turnover != Turnover{}) ++counts_.unexplained;
    return;
  }
  minutes_.back().volume -= volume;
  minutes_.back().turnover -= turnover;
  if (volume != Volume{} || turnover != Turnover{}) restate(minutes_.back(), totals.ts, events);
}

void CumulativeTrades::restate(Minute& minute, UnixNanos ts, std::vector<EventBody>& events) const {
  minute.by_trades = minute.turnover;
  events.emplace_back(KlineRestatement{.instrument = instrument_,
                                       .start = minute.start,
                                       .open = minute.open,
                                       .high = minute.high,
                                       .low = minute.low,
                                       .close = minute.close,
                                       .volume = minute.volume,
                                       .turnover = minute.turnover,
                                       .trades = minute.trades,
                                       .ts_event = ts});
}

}  // namespace qos::feed
