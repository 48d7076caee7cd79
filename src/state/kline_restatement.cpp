// The half of KlineSet that folds longer K-lines again after minutes have changed.
#include <algorithm>

#include "market/kline_fold.hpp"
#include "state/kline_set.hpp"
#include "state/trade_order.hpp"

namespace qos::state {
namespace {

using market::kKlineTypes;

// Everything but who it is: prices and sums, and the times of open and close.
void take_values(KlineSlot& slot, const KlineSlot& values) {
  const Kline was = slot.kline;
  slot.kline = values.kline;
  slot.kline.sequence = was.sequence;
  slot.kline.start = was.start;
  slot.kline.revision = was.revision;
  slot.kline.closed = was.closed;
  slot.first = values.first;
  slot.last = values.last;
}

// What the venue says of a minute. Nobody says when the restated open and close were traded: as they were
// before, else the whole minute so far.
KlineSlot values_of(const KlineRestatement& restatement, const std::optional<KlineSlot>& old) {
  KlineSlot slot;
  slot.kline = {.sequence = {},
                .start = restatement.start,
                .open = restatement.open,
                .high = restatement.high,
                .low = restatement.low,
                .close = restatement.close,
                .volume = restatement.volume,
                .turnover = restatement.turnover,
                .trades = restatement.trades};
  const bool priced = old && !old->flat();
  slot.first = priced ? old->first : restatement.start;
  slot.last =
      priced ? old->last : std::clamp(restatement.ts_event, restatement.start, end_of(restatement.start));
  return slot;
}

bool same_sums(const Kline& a, const Kline& b) {
  return a.trades == b.trades && a.volume == b.volume && a.turnover == b.turnover;
}

// As far as it can be said without the minute's other trades: prices that are known now widen it.
void widen(KlineSlot& slot, const TradeSum& known) {
  if (known.flat()) return;
  if (slot.flat()) {
    const KlineSlot was = slot;
    take_values(slot, known);
    slot.kline.volume = was.kline.volume;
    slot.kline.turnover = was.kline.turnover;
    slot.kline.trades = was.kline.trades;
    return;
  }
  slot.kline.high = std::max(slot.kline.high, known.kline.high);
  slot.kline.low = std::min(slot.kline.low, known.kline.low);
}

}  // namespace

template <std::size_t Types>
void BasicKlineSet<Types>::Difference::add(const Kline& kline) {
  volume += kline.volume;
  turnover += kline.turnover;
  trades += kline.trades;
}

template <std::size_t Types>
void BasicKlineSet<Types>::Difference::take(const Kline& kline) {
  volume -= kline.volume;
  turnover -= kline.turnover;
  trades -= kline.trades;
}

template <std::size_t Types>
bool BasicKlineSet<Types>::Difference::apply_to(Kline& kline) const {
  if (kline.volume + volume < Volume{}) return false;
  kline.volume += volume;
  kline.turnover += turnover;
  // A source that does not count its trades says 0.
  kline.trades = static_cast<std::uint32_t>(std::max<std::int64_t>(kline.trades + trades, 0));
  return true;
}

template <std::size_t Types>
auto BasicKlineSet<Types>::restate(const KlineRestatement& restatement, const market::Minute& minute,
                                   const KlineWork& work) -> Restated {
  const auto old = minutes().find(minute.start);
  if (!old && !minutes().reaches_back_to(minute.start)) return Restated::unknown;
  if (restatement.trades == 0) {
    if (old) replace(minute, old, std::nullopt, work);
  } else {
    replace(minute, old, values_of(restatement, old), work);
  }
  return Restated::done;
}

template <std::size_t Types>
auto BasicKlineSet<Types>::correct(UnixNanos minute, const TradeSum& before, const TradeSum& after,
                                   const KlineWork& work) -> Restated {
  const auto old = minutes().find(minute);
  if (!old) return Restated::unknown;
  KlineSlot values = *old;
  if (same_sums(old->kline, before.kline)) {
    values = after;
    // Flat as long as it has no price: from its beginning.
    if (values.flat()) values.first = minute;
  } else {
    Difference difference;
    difference.take(before.kline);
    difference.add(after.kline);
    if (!difference.apply_to(values.kline)) return Restated::unknown;
    widen(values, after);
  }
  const bool any = values.kline.trades != 0 || values.kline.volume != Volume{};
  replace({work.cache.calendar().local_date(old->day), minute}, old,
          any ? std::optional{values} : std::nullopt, work);
  return Restated::done;
}

template <std::size_t Types>
void BasicKlineSet<Types>::replace(const market::Minute& minute, const std::optional<KlineSlot>& old,
                                   std::optional<KlineSlot> values, const KlineWork& work) {
  const KlineSpans spans = work.cache.spans(minute);
  const UnixNanos day = day_of(spans).start;
  Difference difference;
  if (old) difference.take(old->kline);
  if (!values) {
    remove(0, *old, work);
  } else {
    difference.add(values->kline);
    if (values->flat()) {
      const Price price = price_before(minute.start, day).value_or(old ? old->kline.close : Price{});
      values->kline.open = values->kline.high = values->kline.low = values->kline.close = price;
    }
    KlineSlot slot = old ? *old : KlineSlot{.day = day};
    slot.kline.start = minute.start;
    take_values(slot, *values);
    if (old && slot.kline == old->kline) {
      series_[0].rewrite(slot);
      return;
    }
    slot.kline.sequence = work.sequence;
    if (slot.kline.closed) ++slot.kline.revision;
    if (old) {
      series_[0].rewrite(slot);
    } else {
      place(0, slot, spans[0].end, work);
    }
  }
  std::vector<market::Minute> touched{minute};
  std::ranges::copy(lead_with_a_price(minute, day, difference, work), std::back_inserter(touched));
  std::ranges::copy(refresh_flats(minute, day, work.sequence), std::back_inserter(touched));
  fold_again(touched, difference, work);
}

template <std::size_t Types>
std::vector<market::Minute> BasicKlineSet<Types>::lead_with_a_price(const market::Minute& minute,
                                                                    UnixNanos day, Difference& difference,
                                                                    const KlineWork& work) {
  KlineSeries& minutes = series_[0];
  // What the day began with is not known any more.
  if (minutes.dropped() && minutes.dropped()->day >= day) return {};
  std::uint64_t first = minutes.first_from(minute.start);
  while (first > minutes.oldest() && minutes.at(first - 1).day == day) --first;
  const auto of_day = [&] { return first < minutes.end() && minutes.at(first).day == day; };
  std::vector<market::Minute> touched;
  Difference moved;
  while (of_day() && minutes.at(first).flat()) {
    const KlineSlot flat = minutes.at(first);
    moved.add(flat.kline);
    touched.push_back({minute.trading_date, flat.kline.start});
    remove(0, flat, work);
  }
  if (touched.empty()) return {};
  LedgerPlace to;
  if (of_day()) {
    KlineSlot slot = minutes.at(first);
    moved.apply_to(slot.kline);
    slot.kline.sequence = work.sequence;
    if (slot.kline.closed) ++slot.kline.revision;
    minutes.rewrite(slot);
    to = LedgerPlace::in(slot.kline.start);
  } else {
    difference.volume -= moved.volume;
    difference.turnover -= moved.turnover;
    difference.trades -= moved.trades;
    // Only the latest day's can still get a price.
    if (waiting_.trades == 0 || waiting_day_ <= day) {
      if (waiting_day_ != day) waiting_ = {};
      waiting_day_ = day;
      waiting_.volume += moved.volume;
      waiting_.turnover += moved.turnover;
      waiting_.trades += moved.trades;
      to = LedgerPlace::waiting();
    }
  }
  if (work.ledger)
    for (const auto& from : touched) work.ledger->move(work.session, LedgerPlace::in(from.start), to);
  if (to.kind == LedgerPlace::Kind::minute) touched.push_back({minute.trading_date, to.minute});
  return touched;
}

template <std::size_t Types>
void BasicKlineSet<Types>::fold_again(std::span<const market::Minute> touched, const Difference& difference,
                                      const KlineWork& work) {
  for (const auto& minute : touched)
    if (const auto slot = minutes().find(minute.start)) report(0, slot->kline, work);
  for (std::size_t type = 1; type < Types; ++type) {
    std::optional<UnixNanos> settled;
    for (const auto& minute : touched) {
      const UnixNanos start = work.cache.spans(minute)[type].start;
      if (settled == start) continue;
      settle(type, minute, settled ? Difference{} : difference, work);
      settled = start;
    }
  }
}

template <std::size_t Types>
void BasicKlineSet<Types>::settle(std::size_t type, const market::Minute& minute,
                                  const Difference& difference, const KlineWork& work) {
  KlineSeries& series = series_[type];
  const KlineSpans spans = work.cache.spans(minute);
  const market::Span& span = spans[type];
  const Fold fold = fold_of(type, minute, spans);
  const auto old = series.find(span.start);
  if (!old) {
    if (!fold.any || !fold.complete || !series.reaches_back_to(span.start)) return;
    KlineSlot slot = fold.slot;
    slot.kline.start = span.start;
    slot.kline.sequence = work.sequence;
    slot.kline.closed = false;
    slot.kline.revision = 0;
    slot.day = day_of(spans).start;
    place(type, slot, span.end, work);
    report(type, slot.kline, work);
    return;
  }
  if (fold.complete && !fold.any) {
    remove(type, *old, work);
    return;
  }
  KlineSlot slot = *old;
  if (fold.complete) {
    take_values(slot, fold.slot);
  } else {
    // It holds at least what it is corrected by, for it holds the minute.
    static_cast<void>(difference.apply_to(slot.kline));
    if (fold.any) {
      slot.kline.high = std::max(slot.kline.high, fold.slot.kline.high);
      slot.kline.low = std::min(slot.kline.low, fold.slot.kline.low);
      slot.kline.close = fold.slot.kline.close;
      slot.last = std::max(slot.last, fold.slot.last);
    }
  }
  if (slot.kline == old->kline) return;
  slot.kline.sequence = work.sequence;
  if (slot.kline.closed) ++slot.kline.revision;
  series.rewrite(slot);
  report(type, slot.kline, work);
}

template <std::size_t Types>
auto BasicKlineSet<Types>::fold_of(std::size_t type, const market::Minute& minute,
                                   const KlineSpans& spans) const -> Fold {
  const market::Span& span = spans[type];
  const bool of_days = type > kDay;
  const KlineSeries& parts = series_[of_days ? std::min(kDay, Types - 1) : 0];
  Fold fold;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  if (type == kDay) {
    // A trading day may begin on the evening before its date, so its minutes are known by their day, not by
    // time.
    fold.complete = !parts.dropped() || parts.dropped()->day < span.start;
    from = to = parts.first_from(minute.start);
    while (from > parts.oldest() && parts.at(from - 1).day == span.start) --from;
    while (to < parts.end() && parts.at(to).day == span.start) ++to;
  } else {
    fold.complete = parts.reaches_back_to(span.start);
    from = parts.first_from(span.start);
    to = parts.first_from(span.end);
  }
  for (; from < to; ++from) {
    const KlineSlot part = parts.at(from);
    if (fold.any) {
      market::continue_kline(fold.slot.kline, part.kline);
      fold.slot.last = std::max(fold.slot.last, part.last);
    } else {
      fold.slot = part;
      fold.any = true;
    }
  }
  return fold;
}

template <std::size_t Types>
void BasicKlineSet<Types>::remove(std::size_t type, const KlineSlot& slot, const KlineWork& work) {
  KlineSeries& series = series_[type];
  const Price price =
      slot.ordinal > series.oldest() ? series.at(slot.ordinal - 1).kline.close : slot.kline.close;
  report(type,
         {.sequence = work.sequence,
          .start = slot.kline.start,
          .open = price,
          .high = price,
          .low = price,
          .close = price,
          .volume = {},
          .turnover = {},
          .revision = slot.kline.revision + (slot.kline.closed ? 1 : 0),
          .closed = slot.kline.closed},
         work);
  series.erase(slot.ordinal);
  update_next_close();
}

template class BasicKlineSet<market::kKlineTypes.size()>;
template class BasicKlineSet<1>;

}  // namespace qos::state
