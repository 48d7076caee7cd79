// What the venue takes back or corrects. A trade that the ledger still has is taken out of its minute, or put
// right in it; the snapshot then follows from the K-lines as if it had never been otherwise.
#include <algorithm>
#include <utility>

#include "state/instrument_state.hpp"
#include "state/trade_order.hpp"

namespace qos::state {
namespace {

// A K-line that one event restates twice, or restates and closes, is told as it is after the event.
void tell_once(std::vector<KlineChange>& changes) {
  std::vector<KlineChange> once;
  for (auto change = changes.begin(); change != changes.end(); ++change) {
    bool repeated = false;
    KlineChange told = *change;
    for (auto later = change + 1; later != changes.end(); ++later) {
      if (later->type != told.type || later->session != told.session ||
          later->kline.start != told.kline.start)
        continue;
      repeated |= later->news == told.news;
      told.kline = later->kline;
    }
    if (!repeated) once.push_back(told);
  }
  changes = std::move(once);
}

}  // namespace

void InstrumentState::on(const TradeBust& bust, const Work& work, Change& change) {
  LedgerTrade* trade = find_known(bust.trade_id, work);
  if (!trade) return;
  if (auto* tape = tape_.get()) tape->take_back(bust.trade_id);
  const LedgerPlace was = trade->place();
  const bool taken_out = take_out(*trade, work);
  if (!taken_out) work.counters.lost_restatements.add();
  change.verdict = verdict_of_busted(*trade, was, taken_out);
  show_corrected(work, change);
}

void InstrumentState::on(const TradeCorrection& correction, const Work& work, Change& change) {
  LedgerTrade* trade = find_known(correction.trade_id, work);
  if (!trade) return;
  if (auto* tape = tape_.get()) tape->correct(correction.trade_id, correction.price, correction.size);
  const Trade corrected{.instrument = correction.instrument,
                        .price = correction.price,
                        .size = correction.size,
                        .trade_id = correction.trade_id,
                        .ts_event = trade->ts,
                        .condition = correction.condition};
  if (!put_in(*trade, corrected, work)) work.counters.lost_restatements.add();
  change.verdict = verdict_of(trade->eligibility, place_of(corrected), trade->place());
  tell_once(work.klines);
  show_corrected(work, change);
}

TradeVerdict InstrumentState::verdict_of_busted(const LedgerTrade& trade, const LedgerPlace& was,
                                                bool taken_out) {
  // It still counts where it did.
  if (!taken_out) return {.rule = TradeRule::too_old, .series = trade.session};
  // Taken out of nothing: no session has its time.
  if (was.kind == LedgerPlace::Kind::nowhere)
    return {.rule = trade.eligibility == Eligibility::tape_only ? TradeRule::tape_only
                                                                : TradeRule::outside_sessions};
  const Place place{.minute = market::Minute{}, .series = trade.session};
  return verdict_of(trade.eligibility, place, was);
}

LedgerTrade* InstrumentState::find_known(std::uint64_t trade_id, const Work& work) {
  LedgerTrade* trade = ledger_ ? ledger_->find(trade_id) : nullptr;
  if (!trade) work.counters.lost_restatements.add();
  return trade;
}

bool InstrumentState::take_out(LedgerTrade& trade, const Work& work) {
  const LedgerPlace place = trade.place();
  const TradeSum before = ledger_->sum_of(trade.session, place);
  trade.gone = true;
  if (place.kind != LedgerPlace::Kind::nowhere)
    return restate(trade.session, place, before, ledger_->sum_of(trade.session, place), work);
  // Counted in no minute: it moved nothing, or came too late for its minute and moved longer K-lines only.
  return trade.eligibility == Eligibility::tape_only || !place_of({.instrument = instrument_->id,
                                                                   .price = trade.price,
                                                                   .size = trade.size,
                                                                   .ts_event = trade.ts,
                                                                   .condition = trade.condition})
                                                             .minute;
}

bool InstrumentState::put_in(LedgerTrade& trade, const Trade& corrected, const Work& work) {
  const Place place = place_of(corrected);
  const Eligibility eligibility = eligibility_of(instrument_->code.market, corrected.condition);
  const auto take_values = [&] {
    trade.price = corrected.price;
    trade.size = corrected.size;
    trade.condition = corrected.condition;
    trade.eligibility = eligibility;
    trade.session = place.series;
  };
  const LedgerPlace was = trade.place();
  const bool counts = place.minute && eligibility != Eligibility::tape_only;
  if (counts && trade.session == place.series && was == LedgerPlace::in(place.minute->start)) {
    const TradeSum before = ledger_->sum_of(trade.session, was);
    take_values();
    return restate(trade.session, was, before, ledger_->sum_of(trade.session, was), work);
  }
  const bool taken_out = take_out(trade, work);
  trade.gone = false;
  trade.set_place({});
  take_values();
  if (counts) trade.set_place(count_in_klines(corrected, eligibility, place, work));
  return taken_out;
}

bool InstrumentState::restate(StoredSeries series, const LedgerPlace& place, const TradeSum& before,
                              const TradeSum& after, const Work& work) {
  const auto in = [&](auto& set) {
    if (place.kind == LedgerPlace::Kind::waiting) {
      set.correct_waiting(before, after);
      return true;
    }
    return set.correct(place.minute, before, after, kline_work(series, work)) ==
           std::remove_reference_t<decltype(set)>::Restated::done;
  };
  if (series == StoredSeries::regular) return klines_.get() && in(*klines_.get());
  return extended_.get() && in(extended_.get()->of(series));
}

void InstrumentState::show_corrected(const Work& work, Change& change) {
  // It may be the first trade that counts, corrected from one that did not.
  if (!klines_.get() && !extended_.get()) return;
  SnapshotFold& fold = snapshot_fold();
  fold.update(work.sequence, change.snapshot, [&](Snapshot& snapshot) {
    const Snapshot before = snapshot;
    if (klines_.get()) show_days(snapshot, fold);
    if (extended_.get())
      for (const auto series : ExtendedMinutes::kSeries)
        fold.show_whole(snapshot, series, latest_session(series));
    fold.put_last(snapshot, latest_price());
    return snapshot != before;
  });
}

std::optional<SnapshotFold::Last> InstrumentState::latest_price() const {
  std::optional<SnapshotFold::Last> latest;
  const auto consider = [&](const KlineSeries& klines, StoredSeries series) {
    for (auto ordinal = klines.end(); ordinal > klines.oldest(); --ordinal) {
      const KlineSlot slot = klines.at(ordinal - 1);
      if (slot.flat()) continue;
      if (latest && slot.last < latest->order) return;
      const auto traded = ledger_ ? ledger_->latest(series) : std::nullopt;
      latest = {.price = slot.kline.close,
                .ts = traded && traded->order == slot.last ? traded->ts : slot.last,
                .order = slot.last,
                .session = static_cast<UsSession>(series)};
      if (series == StoredSeries::regular) latest->minute = slot.kline.start;
      return;
    }
  };
  if (const auto* minutes = extended_.get())
    for (const auto series : ExtendedMinutes::kSeries) consider(minutes->of(series).minutes(), series);
  if (const auto* set = klines_.get()) {
    consider(set->minutes(), StoredSeries::regular);
    if (set->minutes().empty() && !set->days().empty()) {
      // All that is known is a past without minutes.
      const KlineSlot day = set->days().newest();
      if (!latest || day.last >= latest->order)
        latest = {.price = day.kline.close, .ts = day.last, .order = day.last, .session = UsSession::regular};
    }
  }
  return latest;
}

std::optional<SessionParts::Whole> InstrumentState::latest_session(StoredSeries series) const {
  const KlineSeries& minutes = extended_.get()->of(series).minutes();
  if (minutes.empty()) return std::nullopt;
  const KlineSlot newest = minutes.newest();
  SessionParts::Whole whole{.day = newest.day, .fold = newest.kline, .ts = UnixNanos::min()};
  UnixNanos last = newest.last;
  for (auto ordinal = newest.ordinal; ordinal > minutes.oldest(); --ordinal) {
    const KlineSlot slot = minutes.at(ordinal - 1);
    if (slot.day != newest.day) break;
    whole.fold.high = std::max(whole.fold.high, slot.kline.high);
    whole.fold.low = std::min(whole.fold.low, slot.kline.low);
    whole.fold.volume += slot.kline.volume;
    whole.fold.turnover += slot.kline.turnover;
    last = std::max(last, slot.last);
  }
  const auto traded = ledger_ ? ledger_->latest(series) : std::nullopt;
  whole.ts = traded && traded->order == last ? traded->ts : last;
  return whole;
}

}  // namespace qos::state
