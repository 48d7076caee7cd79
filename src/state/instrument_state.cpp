#include "state/instrument_state.hpp"

#include <algorithm>

#include "state/plausible.hpp"
#include "state/trade_order.hpp"

namespace qos::state {

Numbers InstrumentState::numbers() const {
  const auto* told = told_.get();
  return told ? told->numbers() : Numbers{};
}

Snapshot InstrumentState::snapshot() const {
  const auto* fold = snapshot_.get();
  return fold ? fold->load() : Snapshot{};
}

Depth InstrumentState::depth() const {
  const auto* book = book_.get();
  return book ? book->load() : Depth{};
}

std::vector<TapeTrade> InstrumentState::trades(std::size_t count) const {
  const auto* tape = tape_.get();
  return tape ? tape->latest(count) : std::vector<TapeTrade>{};
}

std::vector<Kline> InstrumentState::klines(market::KlineType type, std::size_t count,
                                           std::optional<UnixNanos> until) const {
  const auto* set = klines_.get();
  return set ? set->series(type).latest(count, until) : std::vector<Kline>{};
}

std::vector<Kline> InstrumentState::extended_minutes(StoredSeries session, std::size_t count,
                                                     std::optional<UnixNanos> until) const {
  const auto* minutes = extended_.get();
  if (!minutes || !is_extended(session)) return {};
  return minutes->of(session).minutes().latest(count, until);
}

Change InstrumentState::apply(const EventBody& body, const Work& work) {
  const Writing writing{stamp_};
  // Not as an aggregate, which would clear the kilobyte of optional values first.
  Change change;
  change.sequence = work.sequence;
  change.instrument = instrument_->id;
  if (is_plausible(body)) {
    std::visit([&](const auto& event) { on(event, work, change); }, body);
  } else {
    work.counters.refused.add();
    if (std::holds_alternative<Trade>(body)) change.verdict = {.rule = TradeRule::implausible};
  }
  tell(change, work);
  // After the cells, before anybody looks who is interested (docs/decisions/0002-subscribe-without-locks.md).
  version_.store(work.sequence.value());
  return change;
}

void InstrumentState::tell(Change& change, const Work& work) {
  change.klines = work.klines;
  if (change.empty()) return;
  Told* told = told_.get();
  if (!told) told = &told_.make(seed());
  const std::uint64_t before = told->hash();
  told->count(change, work.klines);
  work.digest += told->hash() - before;
}

std::uint64_t InstrumentState::seed() const {
  return Told::seed_of(instrument_->code.to_string());
}

std::uint64_t InstrumentState::digest() const {
  const auto* told = told_.get();
  return told ? told->hash() - seed() : 0;
}

UnixNanos InstrumentState::next_close() const {
  const auto* set = klines_.get();
  UnixNanos next = set ? set->next_close() : UnixNanos::max();
  if (const auto* minutes = extended_.get())
    for (const auto series : ExtendedMinutes::kSeries)
      next = std::min(next, minutes->of(series).next_close());
  return next;
}

Change InstrumentState::close_ended_klines(UnixNanos now, const Work& work) {
  const Writing writing{stamp_};
  Change change;
  change.sequence = work.sequence;
  change.instrument = instrument_->id;
  if (auto* set = klines_.get()) set->close_ended(now, kline_work(StoredSeries::regular, work));
  if (auto* minutes = extended_.get())
    for (const auto series : ExtendedMinutes::kSeries)
      minutes->of(series).close_ended(now, kline_work(series, work));
  tell(change, work);
  version_.store(work.sequence.value());
  return change;
}

void InstrumentState::find_ends_again() {
  if (auto* set = klines_.get()) set->find_ends_again(*minutes_);
}

void InstrumentState::open_day(UnixNanos day, Sequence sequence) {
  auto* fold = snapshot_.get();
  if (!fold) return;
  const Writing writing{stamp_};
  std::optional<Snapshot> changed;
  fold->update(sequence, changed, [&](Snapshot& snapshot) { return fold->open_day(snapshot, day); });
  if (changed) version_.store(sequence.value());
}

void InstrumentState::on(const Trade& trade, const Work& work, Change& change) {
  // The parts of thousands of instruments are seldom all in the cache: ask for them at once.
  if (const auto* set = klines_.get()) set->prefetch();
  if (const auto* fold = snapshot_.get()) fold->prefetch();
  if (const auto* told = told_.get()) told->prefetch();
  change.trade = TapeTrade{work.sequence, 0, trade.price, trade.size, trade.ts_event, trade.aggressor};
  tape_.make(work.options.trades_kept).add(*change.trade, trade.trade_id);

  const Place place = place_of(trade);
  if (!place.minute) work.counters.outside_sessions.add();
  const Eligibility eligibility = eligibility_of(instrument_->code.market, trade.condition);
  LedgerPlace counted;
  if (place.minute && eligibility != Eligibility::tape_only) {
    counted = count_in_klines(trade, eligibility, place, work);
    show_trade(trade, eligibility, place, work, change);
  }
  change.verdict = verdict_of(eligibility, place, counted);
  if (trade.trade_id == 0 || work.options.ledger_kept == 0) return;
  if (!ledger_) ledger_ = std::make_unique<TradeLedger>(work.options.ledger_kept);
  LedgerTrade kept{.trade_id = trade.trade_id,
                   .price = trade.price,
                   .size = trade.size,
                   .ts = trade.ts_event,
                   .condition = trade.condition,
                   .eligibility = eligibility,
                   .session = place.series};
  kept.set_place(counted);
  ledger_->add(kept);
}

InstrumentState::Place InstrumentState::place_of(const Trade& trade) {
  const market::Print print = print_of(trade.condition);
  const auto& moment = minutes_->at(trade.ts_event);
  Place place{.minute = moment.minute};
  if (print != market::Print::continuous) place.minute = minutes_->minute_of(trade.ts_event, print);
  // A trade of an extended session that is reported during the regular one is none of its trades.
  if (trade.condition == TradeCondition::extended_session) place.minute.reset();
  if (instrument_->code.market != market::Market::US) return place;
  if (place.minute) {
    place.us_session = UsSession::regular;
  } else if (moment.session) {
    place.us_session = us_session_of(moment.session->phase);
    if (!is_extended(place.us_session)) return place;
    const market::Session& session = *moment.session;
    place.series = series_of(place.us_session);
    place.minute = {session.trading_date,
                    session.open + std::chrono::floor<std::chrono::minutes>(trade.ts_event - session.open)};
  }
  return place;
}

LedgerPlace InstrumentState::count_in_klines(const Trade& trade, Eligibility eligibility, const Place& place,
                                             const Work& work) {
  KlinePrint print{.minute = *place.minute,
                   .ts = order_of(trade.condition, trade.ts_event, place.minute->start),
                   .volume = Volume{trade.size},
                   .turnover = Turnover{trade.price, trade.size}};
  if (eligibility == Eligibility::full) print.price = trade.price;
  const KlineWork kline_work = this->kline_work(place.series, work);
  if (place.is_regular()) return klines_.make(work.options.klines_kept).add(print, kline_work);
  return extended_.make(work.options.klines_kept).of(place.series).add(print, kline_work);
}

TradeVerdict InstrumentState::verdict_of(Eligibility eligibility, const Place& place,
                                         const LedgerPlace& counted) {
  if (eligibility == Eligibility::tape_only) return {.rule = TradeRule::tape_only};
  if (!place.minute) return {.rule = TradeRule::outside_sessions};
  switch (counted.kind) {
    case LedgerPlace::Kind::nowhere:
      return {.rule = TradeRule::too_old, .series = place.series};
    case LedgerPlace::Kind::waiting:
      return {.rule = TradeRule::waits_for_price, .series = place.series};
    case LedgerPlace::Kind::minute:
      break;
  }
  return {.rule = eligibility == Eligibility::full ? TradeRule::counted : TradeRule::volume_only,
          .series = place.series,
          .minute = counted.minute};
}

void InstrumentState::show_trade(const Trade& trade, Eligibility eligibility, const Place& place,
                                 const Work& work, Change& change) {
  SnapshotFold& fold = snapshot_fold();
  fold.update(work.sequence, change.snapshot, [&](Snapshot& snapshot) {
    bool changed = false;
    if (place.is_regular() && !work.klines.empty()) {
      const KlineSlot day = klines_.get()->days().newest();
      const bool is_late = day_of(minutes_->spans(*place.minute)).start < day.kline.start;
      if (is_late) {
        show_days(snapshot, fold);
      } else {
        fold.show_day(snapshot, &day);
      }
      changed = true;
    }
    if (place.is_extended()) {
      const UnixNanos day = minutes_->calendar().local_midnight(place.minute->trading_date);
      const Kline minute = extended_.get()->of(place.series).minutes().newest().kline;
      changed |= fold.show_extended(snapshot, {place.series, day}, trade, eligibility, minute);
    }
    if (eligibility == Eligibility::full)
      changed |= fold.show_last(
          snapshot, {.price = trade.price,
                     .ts = trade.ts_event,
                     .order = order_of(trade.condition, trade.ts_event, place.minute->start),
                     .minute = place.is_regular() ? std::optional{place.minute->start} : std::nullopt,
                     .session = place.us_session});
    return changed;
  });
}

void InstrumentState::show_days(Snapshot& snapshot, SnapshotFold& fold) const {
  const auto* set = klines_.get();
  if (!set || set->days().empty()) {
    fold.show_day(snapshot, nullptr);
    return;
  }
  const KlineSeries& days = set->days();
  const KlineSlot newest = days.newest();
  fold.show_day(snapshot, &newest);
  if (newest.ordinal > days.oldest()) {
    fold.show_close_before(snapshot, days.at(newest.ordinal - 1).kline.close);
  } else if (!days.dropped()) {
    fold.show_close_before(snapshot, std::nullopt);
  }
}

std::size_t InstrumentState::depth_levels() const {
  const int levels = market::spec_of(instrument_->code.market).depth_levels;
  return std::min(static_cast<std::size_t>(levels), kMaxDepthLevels);
}

void InstrumentState::on(const BookClear&, const Work&, Change&) {
  if (depth_levels() > 0) book().clear();
}

void InstrumentState::on(const BookDelta& delta, const Work& work, Change& change) {
  if (depth_levels() == 0) return;
  const auto applied = book().apply(delta, work.sequence, change.depth);
  if (applied.stale) work.counters.stale_book_deltas.add();
  if (applied.dropped_level) work.counters.dropped_levels.add();
}

void InstrumentState::on(const Quote& quote, const Work& work, Change& change) {
  if (depth_levels() > 0) book().apply(quote, work.sequence, change.depth);
}

void InstrumentState::on(const Gap&, const Work&, Change&) {
  if (depth_levels() > 0) book().mark_stale();
}

void InstrumentState::on(const TradingStatus& status, const Work& work, Change& change) {
  snapshot_fold().update(work.sequence, change.snapshot, [&](Snapshot& snapshot) {
    const bool suspended = status.state == TradingState::halted;
    return std::exchange(snapshot.suspended, suspended) != suspended;
  });
}

void InstrumentState::on(const ReferencePrice& reference, const Work& work, Change& change) {
  const auto day = minutes_->coming_day(reference.ts_event);
  if (!day) return;
  SnapshotFold& fold = snapshot_fold();
  fold.update(work.sequence, change.snapshot, [&](Snapshot& snapshot) {
    return fold.show_reference(snapshot, reference.previous_close, *day);
  });
}

void InstrumentState::on(const RollingStats& stats, const Work& work, Change& change) {
  SnapshotFold& fold = snapshot_fold();
  fold.update(work.sequence, change.snapshot,
              [&](Snapshot& snapshot) { return fold.show_rolling(snapshot, stats); });
}

void InstrumentState::on(const KlineRestatement& restatement, const Work& work, Change& change) {
  auto minute = minutes_->at(restatement.start).minute;
  // The closing print's own K-line starts where the session has ended.
  if (!minute) minute = minutes_->minute_of(restatement.start, market::Print::closing);
  if (!minute || minute->start != restatement.start) {
    work.counters.lost_restatements.add();
    return;
  }
  KlineSet& set = klines_.make(work.options.klines_kept);
  if (set.restate(restatement, *minute, kline_work(StoredSeries::regular, work)) ==
      KlineSet::Restated::unknown) {
    work.counters.lost_restatements.add();
    return;
  }
  SnapshotFold& fold = snapshot_fold();
  fold.update(work.sequence, change.snapshot, [&](Snapshot& snapshot) {
    const Snapshot before = snapshot;
    std::optional<KlineSlot> newest;
    if (!set.minutes().empty()) newest = set.minutes().newest();
    show_days(snapshot, fold);
    fold.restate_last(snapshot, restatement.start, newest ? &*newest : nullptr);
    return snapshot != before;
  });
}

}  // namespace qos::state
