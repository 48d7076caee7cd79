// The past that the store tells before feeds begin, of the first start or of the time between two runs.
// Nothing of it is published, for it is what everything after it stands on; but where it goes on with K-lines
// that were lived, or closes them, that is.
#include <algorithm>

#include "state/instrument_state.hpp"
#include "state/trade_order.hpp"

namespace qos::state {

void InstrumentState::on(const PastKline& past, const Work& work, Change&) {
  const auto told = told_of(past);
  const bool taken = told && (is_extended(past.series)
                                  ? extended_.make(work.options.klines_kept)
                                        .of(past.series)
                                        .tell(*told, past.ts_event, kline_work(past.series, work))
                                  : klines_.make(work.options.klines_kept)
                                        .tell(*told, past.ts_event, kline_work(StoredSeries::regular, work)));
  if (taken) {
    show_told(past, *told, work);
  } else {
    work.counters.refused.add();
  }
}

void InstrumentState::on(const PastReset&, const Work& work, Change&) {
  if (klines_.get()) retired_.push_front(klines_.renew(work.options.klines_kept));
  if (extended_.get()) retired_.push_front(extended_.renew(work.options.klines_kept));
  // The ledger says in which minutes trades are counted: there are none of them any more.
  ledger_.reset();
  const SnapshotFold* before = snapshot_.get();
  if (before == nullptr) return;
  const bool suspended = before->load().suspended;
  retired_.push_front(snapshot_.renew(instrument_->code.market, minutes_->opened_day()));
  SnapshotFold& fold = *snapshot_.get();
  std::optional<Snapshot> unpublished;
  fold.update(work.sequence, unpublished, [&](Snapshot& snapshot) {
    snapshot.suspended = suspended;
    return true;
  });
}

std::optional<ToldKline> InstrumentState::told_of(const PastKline& past) {
  if (is_extended(past.series) && instrument_->code.market != market::Market::US) return std::nullopt;
  const market::Date date{std::chrono::sys_days{std::chrono::days{past.trading_date}}};
  ToldKline told{.minute = {date, past.start},
                 .first = past.start,
                 .last = end_of(past.start),
                 .kline = {.sequence = {},
                           .start = past.start,
                           .open = past.open,
                           .high = past.high,
                           .low = past.low,
                           .close = past.close,
                           .volume = past.volume,
                           .turnover = past.turnover,
                           .trades = past.trades,
                           .revision = past.revision,
                           .closed = true}};
  if (past.series != StoredSeries::day) return told;
  told.part = ToldKline::Part::day;
  // A date that the calendar does not know has no hours: it then ends where it starts.
  const auto hours = minutes_->calendar().regular_of(date);
  if (hours.empty()) return told;
  // Where the next day opens at the close, the close itself is that day's.
  const UnixNanos end = hours.back().close - std::chrono::nanoseconds{1};
  const auto last = minutes_->minute_of(end, market::Print::closing);
  told.minute.start = last ? last->start : hours.back().close - std::chrono::minutes{1};
  told.first = hours.front().open;
  told.last = end_of(told.minute.start);
  return told;
}

void InstrumentState::show_told(const PastKline& past, const ToldKline& told, const Work& work) {
  SnapshotFold& fold = snapshot_fold();
  std::optional<Snapshot> unpublished;
  fold.update(work.sequence, unpublished, [&](Snapshot& snapshot) {
    if (is_extended(past.series)) {
      fold.show_told(snapshot, {past.series, minutes_->calendar().local_midnight(told.minute.trading_date)},
                     told.kline);
    } else {
      const KlineSlot day = klines_.get()->days().newest();
      fold.show_day(snapshot, &day);
    }
    SnapshotFold::Last last{
        .price = past.close,
        .ts = told.minute.start,
        .order = told.last,
        .session = is_extended(past.series) ? static_cast<UsSession>(past.series) : UsSession::regular};
    if (past.series == StoredSeries::regular) last.minute = past.start;
    fold.show_last(snapshot, last);
    return true;
  });
}

}  // namespace qos::state
