#include "server/trade_fold.hpp"

namespace qos::server {

TradeFold::TradeFold(const market::InstrumentTable& instruments, market::CalendarTable& calendars)
    : instruments_{instruments}, calendars_{calendars}, machine_{instruments, calendars, {}} {}

Result<void> TradeFold::apply(InstrumentId instrument, Trade trade) {
  trade.instrument = instrument;
  sequence_ = Sequence{sequence_.value() + 1};
  const auto refused = machine_.counters().refused.value();
  machine_.apply({.sequence = sequence_, .event = {.feed = {}, .ts_recv = trade.ts_event, .body = trade}},
                 *this);
  if (machine_.counters().refused.value() != refused)
    return fail("a price, size or time that cannot be, or a sum that would not fit");
  if (klines_ > kMaxKlines)
    return fail("more than {} K-lines come of one file; split it by days", kMaxKlines);
  return {};
}

void TradeFold::on(const state::Change& change) {
  const auto& calendar = calendars_.at(instruments_.at(change.instrument).calendar);
  for (const auto& [type, kline, session, news, number] : change.klines) {
    if (type != market::KlineType::m1 && type != market::KlineType::day) continue;
    const bool is_day = type == market::KlineType::day;
    const auto date =
        is_day ? std::optional{calendar.local_date(kline.start)} : calendar.trading_date_of(kline.start);
    // A K-line that state makes lies in a session.
    QOS_ASSERT(date.has_value());
    auto& series = made_[change.instrument][static_cast<std::size_t>(is_day ? StoredSeries::day : session)];
    const auto [place, is_new] =
        series.insert_or_assign(kline.start, store::DatedKline{.trading_date = *date, .kline = kline});
    auto& stored = place->second.kline;
    stored.sequence = Sequence{};
    stored.revision = 0;
    stored.closed = true;
    klines_ += is_new ? 1 : 0;
  }
}

const std::array<TradeFold::Series, 5>& TradeFold::of(InstrumentId instrument) const {
  static const std::array<Series, 5> none;
  const auto found = made_.find(instrument);
  return found == made_.end() ? none : found->second;
}

}  // namespace qos::server
