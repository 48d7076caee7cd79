#include "state/instrument_state.hpp"

#include <algorithm>

#include "state/plausible.hpp"

namespace qos::state {
namespace {

market::Print print_of(TradeCondition condition) {
  switch (condition) {
    case TradeCondition::opening_auction:
      return market::Print::opening;
    // Trades at the close price belong to the close.
    case TradeCondition::closing_auction:
    case TradeCondition::after_close_fixed:
      return market::Print::closing;
    default:
      return market::Print::continuous;
  }
}

// The time that decides which of two trades is later: the trade's own, held within its minute. A closing
// print comes after the session it belongs to has ended, and after all of it: only its minute's start holds
// it.
UnixNanos order_of(const Trade& trade, const market::Minute& minute) {
  if (print_of(trade.condition) == market::Print::closing) return std::max(trade.ts_event, minute.start);
  const UnixNanos end = minute.start + std::chrono::minutes{1} - std::chrono::nanoseconds{1};
  return std::clamp(trade.ts_event, minute.start, end);
}

}  // namespace

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

Change InstrumentState::apply(const EventBody& body, const Work& work) {
  // Not as an aggregate, which would clear the kilobyte of optional values first.
  Change change;
  change.sequence = work.sequence;
  change.instrument = instrument_->id;
  if (is_plausible(body)) {
    std::visit([&](const auto& event) { on(event, work, change); }, body);
  } else {
    work.counters.refused.add();
  }
  change.klines = work.klines;
  // After the cells, before anybody looks who is interested (docs/decisions/0002-subscribe-without-locks.md).
  version_.store(work.sequence.value());
  return change;
}

UnixNanos InstrumentState::next_close() const {
  const auto* set = klines_.get();
  return set ? set->next_close() : UnixNanos::max();
}

Change InstrumentState::close_ended_klines(UnixNanos now, const Work& work) {
  Change change;
  change.sequence = work.sequence;
  change.instrument = instrument_->id;
  if (auto* set = klines_.get()) set->close_ended(now, work.sequence, work.klines);
  change.klines = work.klines;
  version_.store(work.sequence.value());
  return change;
}

void InstrumentState::open_day(UnixNanos day, Sequence sequence) {
  auto* fold = snapshot_.get();
  if (!fold) return;
  std::optional<Snapshot> changed;
  fold->update(sequence, changed, [&](Snapshot& snapshot) { return fold->open_day(snapshot, day); });
  if (changed) version_.store(sequence.value());
}

void InstrumentState::on(const Trade& trade, const Work& work, Change& change) {
  // The parts of thousands of instruments are seldom all in the cache: ask for them at once.
  if (const auto* set = klines_.get()) set->prefetch();
  if (const auto* fold = snapshot_.get()) fold->prefetch();
  change.trade = TapeTrade{work.sequence, trade.price, trade.size, trade.ts_event, trade.aggressor};
  tape_.make(work.options.trades_kept).add(*change.trade);

  const Place place = place_of(trade);
  if (!place.minute && !is_extended(place.us_session)) work.counters.outside_sessions.add();
  const Eligibility eligibility = eligibility_of(instrument_->code.market, trade.condition);
  if (eligibility == Eligibility::tape_only) return;
  const bool in_klines = place.minute && count_in_klines(trade, eligibility, *place.minute, work);
  show_trade(trade, eligibility, place, in_klines, work, change);
}

InstrumentState::Place InstrumentState::place_of(const Trade& trade) {
  const market::Print print = print_of(trade.condition);
  const auto& moment = minutes_->at(trade.ts_event);
  Place place{.minute = moment.minute, .session = moment.session};
  if (print != market::Print::continuous) place.minute = minutes_->minute_of(trade.ts_event, print);
  // A trade of an extended session that is reported during the regular one is none of its trades.
  if (trade.condition == TradeCondition::extended_session) place.minute.reset();
  if (instrument_->code.market != market::Market::US) return place;
  if (place.minute) {
    place.us_session = UsSession::regular;
  } else if (place.session) {
    place.us_session = us_session_of(place.session->phase);
  }
  return place;
}

bool InstrumentState::count_in_klines(const Trade& trade, Eligibility eligibility,
                                      const market::Minute& minute, const Work& work) {
  KlinePrint print{.minute = minute,
                   .ts = order_of(trade, minute),
                   .volume = Volume{trade.size},
                   .turnover = Turnover{trade.price, trade.size}};
  if (eligibility == Eligibility::full) print.price = trade.price;
  klines_.make(work.options.klines_kept).add(print, {*minutes_, work.sequence, work.klines});
  return !work.klines.empty();
}

void InstrumentState::show_trade(const Trade& trade, Eligibility eligibility, const Place& place,
                                 bool in_klines, const Work& work, Change& change) {
  const bool extended = !place.minute && is_extended(place.us_session);
  // Outside every session, or reported in the regular one but traded outside it: no news about the price.
  if (!place.minute && !extended) return;
  SnapshotFold& fold = snapshot_fold();
  fold.update(work.sequence, change.snapshot, [&](Snapshot& snapshot) {
    bool changed = in_klines;
    if (in_klines) {
      const KlineSlot day = klines_.get()->days().newest();
      fold.show_day(snapshot, &day);
    }
    if (extended) {
      const UnixNanos day = minutes_->calendar().local_midnight(place.session->trading_date);
      changed |= fold.show_extended(snapshot, trade, eligibility, *place.session, day);
    }
    if (eligibility == Eligibility::full) {
      SnapshotFold::Last last{
          .price = trade.price, .ts = trade.ts_event, .order = trade.ts_event, .session = place.us_session};
      if (place.minute) {
        last.order = order_of(trade, *place.minute);
        last.minute = place.minute->start;
      }
      changed |= fold.show_last(snapshot, last);
    }
    return changed;
  });
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
  if (set.restate(restatement, *minute, {*minutes_, work.sequence, work.klines}) ==
      KlineSet::Restated::too_old) {
    work.counters.lost_restatements.add();
    return;
  }
  SnapshotFold& fold = snapshot_fold();
  fold.update(work.sequence, change.snapshot, [&](Snapshot& snapshot) {
    const Snapshot before = snapshot;
    std::optional<KlineSlot> day;
    std::optional<KlineSlot> newest;
    if (!set.days().empty()) day = set.days().newest();
    if (!set.minutes().empty()) newest = set.minutes().newest();
    fold.show_day(snapshot, day ? &*day : nullptr);
    fold.restate_last(snapshot, restatement.start, newest ? &*newest : nullptr);
    return snapshot != before;
  });
}

}  // namespace qos::state
