#include "state/kline_set.hpp"

#include <algorithm>
#include <utility>

namespace qos::state {
namespace {

using market::kKlineTypes;

template <std::size_t... Types>
std::array<KlineSeries, sizeof...(Types)> make_series(std::size_t kept, std::index_sequence<Types...>) {
  return {{(static_cast<void>(Types), KlineSeries{kept})...}};
}

void change(Kline& kline, Sequence sequence) {
  kline.sequence = sequence;
  if (kline.closed) ++kline.revision;
}

void set_prices(Kline& kline, Price price) {
  kline.open = kline.high = kline.low = kline.close = price;
}

void widen(Kline& kline, Price high, Price low) {
  kline.high = std::max(kline.high, high);
  kline.low = std::min(kline.low, low);
}

void merge(KlineSlot& slot, const KlinePrint& print, Sequence sequence) {
  Kline& kline = slot.kline;
  change(kline, sequence);
  kline.volume += print.volume;
  kline.turnover += print.turnover;
  kline.trades += print.trades;
  if (!print.price) return;
  if (slot.flat() && slot.first == print.minute.start) {
    // The minute's first real price replaces the one it borrowed. A flat minute before it would stand.
    set_prices(kline, *print.price);
    slot.first = slot.last = print.ts;
    return;
  }
  widen(kline, *print.price, *print.price);
  if (print.ts < slot.first) {
    slot.first = print.ts;
    kline.open = *print.price;
  }
  if (print.ts >= slot.last) {
    slot.last = print.ts;
    kline.close = *print.price;
  }
}

}  // namespace

KlineSet::KlineSet(std::size_t kept) : series_{make_series(kept, std::make_index_sequence<kTypes>{})} {}

void KlineSet::add(const KlinePrint& print, const Work& work) {
  const KlineSpans& spans = work.cache.spans(print.minute);
  const UnixNanos day = day_of(spans).start;
  if (!print.price && (days().empty() || days().newest().kline.start < day)) {
    if (waiting_day_ != day) waiting_ = {};
    waiting_day_ = day;
    waiting_.volume += print.volume;
    waiting_.turnover += print.turnover;
    waiting_.trades += print.trades;
    return;
  }
  if (print.price && waiting_.trades != 0 && waiting_day_ == day) {
    KlinePrint whole = print;
    whole.volume += waiting_.volume;
    whole.turnover += waiting_.turnover;
    whole.trades += static_cast<std::uint32_t>(waiting_.trades);
    waiting_ = {};
    add(whole, work);
    return;
  }
  if (minutes().empty() || minutes().newest_start() <= print.minute.start) {
    for (std::size_t type = 0; type < kTypes; ++type) add_to(type, print, spans, work);
  } else {
    add_late(print, KlineSpans{spans}, work);
  }
}

void KlineSet::add_to(std::size_t type, const KlinePrint& print, const KlineSpans& spans, const Work& work) {
  KlineSeries& series = series_[type];
  const market::Span& span = spans[type];
  if (!series.empty() && series.newest_start() == span.start) {
    KlineSlot slot = series.newest();
    merge(slot, print, work.sequence);
    series.rewrite_newest(slot);
    work.changes.push_back({kKlineTypes[type], slot.kline});
    return;
  }
  std::optional<KlineSlot> slot;
  if (!series.empty() && span.start < series.newest_start()) {
    slot = series.find(span.start);
    // A K-line that had to go stays gone, and trades without a price open none behind the others.
    if (!slot && (!print.price || !series.reaches_back_to(span.start))) return;
  }
  if (slot) {
    merge(*slot, print, work.sequence);
    series.rewrite(*slot);
  } else {
    slot = fresh(print, spans, type, work.sequence);
    place(type, *slot, span.end, work);
  }
  work.changes.push_back({kKlineTypes[type], slot->kline});
}

KlineSlot KlineSet::fresh(const KlinePrint& print, const KlineSpans& spans, std::size_t type,
                          Sequence sequence) const {
  KlineSlot slot;
  slot.kline = {.sequence = sequence,
                .start = spans[type].start,
                .volume = print.volume,
                .turnover = print.turnover,
                .trades = print.trades};
  slot.day = day_of(spans).start;
  slot.first = print.price ? print.ts : print.minute.start;
  if (print.price) slot.last = print.ts;
  set_prices(slot.kline, print.price ? *print.price : days().newest().kline.close);
  return slot;
}

void KlineSet::place(std::size_t type, KlineSlot& slot, UnixNanos ends, const Work& work) {
  KlineSeries& series = series_[type];
  if (series.empty() || series.newest_start() < slot.kline.start) {
    if (const auto closed = series.append(slot, ends, work.sequence))
      work.changes.push_back({.type = kKlineTypes[type], .kline = *closed, .news = KlineNews::closed});
    update_next_close();
  } else {
    slot.kline.closed = true;
    series.insert(series.first_from(slot.kline.start), slot);
  }
}

void KlineSet::add_late(const KlinePrint& print, const KlineSpans& spans, const Work& work) {
  KlineSeries& minutes = series_[0];
  const UnixNanos day = day_of(spans).start;
  if (!minutes.reaches_back_to(print.minute.start)) {
    for (std::size_t type = 1; type < kTypes; ++type) add_to(type, print, spans, work);
    return;
  }
  const std::uint64_t ordinal = minutes.first_from(print.minute.start);
  const KlineSlot here = minutes.at(ordinal);
  const bool exists = here.kline.start == print.minute.start;
  bool folds = exists && here.flat() && print.price;
  if (!exists && !print.price) {
    if (ordinal == minutes.oldest() || minutes.at(ordinal - 1).day != day) {
      // Before the first price of its day: it counts in the minute of that price.
      if (here.day != day) return;
      KlinePrint moved = print;
      moved.minute.start = here.kline.start;
      add(moved, work);
      return;
    }
    KlineSlot flat = fresh(print, spans, 0, work.sequence);
    set_prices(flat.kline, minutes.at(ordinal - 1).kline.close);
    place(0, flat, spans[0].end, work);
    folds = true;
  }
  if (exists) {
    KlineSlot slot = here;
    merge(slot, print, work.sequence);
    minutes.rewrite(slot);
  } else if (print.price) {
    KlineSlot slot = fresh(print, spans, 0, work.sequence);
    place(0, slot, spans[0].end, work);
  }

  std::vector<market::Minute> touched{print.minute};
  if (print.price)
    std::ranges::copy(refresh_flats(print.minute, day, work.sequence), std::back_inserter(touched));
  if (folds || touched.size() > 1) {
    fold_again(touched, {print.volume, print.turnover, print.trades}, work);
    return;
  }
  if (const auto slot = minutes.find(print.minute.start))
    work.changes.push_back({kKlineTypes[0], slot->kline});
  for (std::size_t type = 1; type < kTypes; ++type) add_to(type, print, spans, work);
}

std::vector<market::Minute> KlineSet::refresh_flats(const market::Minute& minute, UnixNanos day,
                                                    Sequence sequence) {
  KlineSeries& minutes = series_[0];
  std::uint64_t ordinal = minutes.first_from(minute.start);
  // The minute itself if it is (still) there, else the one before.
  if (ordinal < minutes.end() && minutes.at(ordinal).kline.start == minute.start) ++ordinal;
  if (ordinal == minutes.oldest() || minutes.at(ordinal - 1).day != day) return {};
  const Price price = minutes.at(ordinal - 1).kline.close;
  std::vector<market::Minute> refreshed;
  for (; ordinal < minutes.end(); ++ordinal) {
    KlineSlot slot = minutes.at(ordinal);
    if (!slot.flat() || slot.day != day) break;
    set_prices(slot.kline, price);
    change(slot.kline, sequence);
    minutes.rewrite(slot);
    refreshed.push_back({minute.trading_date, slot.kline.start});
  }
  return refreshed;
}

void KlineSet::close_ended(UnixNanos now, Sequence sequence, std::vector<KlineChange>& changes) {
  for (std::size_t type = 0; type < kTypes; ++type) {
    if (series_[type].ends() > now) continue;
    const Kline closed = series_[type].close_newest(sequence);
    changes.push_back({.type = kKlineTypes[type], .kline = closed, .news = KlineNews::closed});
  }
  update_next_close();
}

void KlineSet::update_next_close() {
  next_close_ = UnixNanos::max();
  for (const KlineSeries& series : series_) next_close_ = std::min(next_close_, series.ends());
}

}  // namespace qos::state
