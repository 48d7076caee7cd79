// The half of KlineSet that folds longer K-lines again after minutes have changed.
#include <algorithm>

#include "state/kline_set.hpp"

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

void continue_with(KlineSlot& fold, const KlineSlot& next) {
  Kline& kline = fold.kline;
  kline.high = std::max(kline.high, next.kline.high);
  kline.low = std::min(kline.low, next.kline.low);
  kline.close = next.kline.close;
  kline.volume += next.kline.volume;
  kline.turnover += next.kline.turnover;
  kline.trades += next.kline.trades;
  fold.last = std::max(fold.last, next.last);
}

// The last moment of a minute.
UnixNanos end_of(UnixNanos minute) {
  return minute + std::chrono::minutes{1} - std::chrono::nanoseconds{1};
}

KlineSlot restated(const KlineRestatement& restatement, UnixNanos day, const std::optional<KlineSlot>& old) {
  KlineSlot slot;
  slot.kline.start = restatement.start;
  // Nobody says when the restated open and close were traded: as they were before, else the whole minute so
  // far.
  slot.first = restatement.start;
  slot.last = std::clamp(restatement.ts_event, restatement.start, end_of(restatement.start));
  slot.day = day;
  if (old) {
    slot.ordinal = old->ordinal;
    slot.kline.closed = old->kline.closed;
    slot.kline.revision = old->kline.revision;
    if (!old->flat()) {
      slot.first = old->first;
      slot.last = old->last;
    }
  }
  slot.kline.open = restatement.open;
  slot.kline.high = restatement.high;
  slot.kline.low = restatement.low;
  slot.kline.close = restatement.close;
  slot.kline.volume = restatement.volume;
  slot.kline.turnover = restatement.turnover;
  slot.kline.trades = restatement.trades;
  return slot;
}

}  // namespace

KlineSet::Restated KlineSet::restate(const KlineRestatement& restatement, const market::Minute& minute,
                                     const Work& work) {
  KlineSeries& minutes = series_[0];
  const KlineSpans spans = work.cache.spans(minute);
  const auto old = minutes.find(minute.start);
  if (!old && !minutes.reaches_back_to(minute.start)) return Restated::too_old;
  if (!old && restatement.trades == 0) return Restated::done;

  Difference difference;
  if (old) {
    difference.volume -= old->kline.volume;
    difference.turnover -= old->kline.turnover;
    difference.trades -= old->kline.trades;
  }
  if (restatement.trades == 0) {
    remove(0, *old, work);
  } else {
    difference.volume += restatement.volume;
    difference.turnover += restatement.turnover;
    difference.trades += restatement.trades;
    KlineSlot slot = restated(restatement, day_of(spans).start, old);
    slot.kline.sequence = work.sequence;
    if (slot.kline.closed) ++slot.kline.revision;
    if (old) {
      minutes.rewrite(slot);
    } else {
      place(0, slot, spans[0].end, work);
    }
  }
  std::vector<market::Minute> touched{minute};
  std::ranges::copy(refresh_flats(minute, day_of(spans).start, work.sequence), std::back_inserter(touched));
  fold_again(touched, difference, work);
  return Restated::done;
}

void KlineSet::fold_again(std::span<const market::Minute> touched, const Difference& difference,
                          const Work& work) {
  for (const auto& minute : touched)
    if (const auto slot = minutes().find(minute.start)) work.changes.push_back({kKlineTypes[0], slot->kline});
  for (std::size_t type = 1; type < kTypes; ++type) {
    std::optional<UnixNanos> settled;
    for (const auto& minute : touched) {
      const UnixNanos start = work.cache.spans(minute)[type].start;
      if (settled == start) continue;
      settle(type, minute, settled ? Difference{} : difference, work);
      settled = start;
    }
  }
}

void KlineSet::settle(std::size_t type, const market::Minute& minute, const Difference& difference,
                      const Work& work) {
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
    work.changes.push_back({kKlineTypes[type], slot.kline});
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
    slot.kline.volume += difference.volume;
    slot.kline.turnover += difference.turnover;
    slot.kline.trades = static_cast<std::uint32_t>(slot.kline.trades + difference.trades);
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
  work.changes.push_back({kKlineTypes[type], slot.kline});
}

KlineSet::Fold KlineSet::fold_of(std::size_t type, const market::Minute& minute,
                                 const KlineSpans& spans) const {
  const market::Span& span = spans[type];
  const bool of_days = type > kDay;
  const KlineSeries& parts = of_days ? days() : minutes();
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
    if (fold.any) {
      continue_with(fold.slot, parts.at(from));
    } else {
      fold.slot = parts.at(from);
      fold.any = true;
    }
  }
  return fold;
}

// Subscribers are told of a removed K-line as one without trades, at the price before it.
void KlineSet::remove(std::size_t type, const KlineSlot& slot, const Work& work) {
  KlineSeries& series = series_[type];
  if (slot.ordinal > series.oldest()) {
    const Price before = series.at(slot.ordinal - 1).kline.close;
    work.changes.push_back({kKlineTypes[type],
                            {.sequence = work.sequence,
                             .start = slot.kline.start,
                             .open = before,
                             .high = before,
                             .low = before,
                             .close = before,
                             .revision = slot.kline.revision + 1,
                             .closed = true}});
  }
  series.erase(slot.ordinal);
  update_next_close();
}

}  // namespace qos::state
