#include "state/kline_set.hpp"

#include <algorithm>
#include <utility>

namespace qos::state {
namespace {

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

template <std::size_t Types>
BasicKlineSet<Types>::BasicKlineSet(std::size_t kept)
    : series_{make_series(kept, std::make_index_sequence<Types>{})} {}

template <std::size_t Types>
bool BasicKlineSet<Types>::has_price_in(UnixNanos day) const {
  if constexpr (Types > kDay) {
    return !days().empty() && days().newest().kline.start >= day;
  } else {
    return !minutes().empty() && minutes().newest().day >= day;
  }
}

template <std::size_t Types>
LedgerPlace BasicKlineSet<Types>::add(const KlinePrint& print, const KlineWork& work) {
  const KlineSpans& spans = work.cache.spans(print.minute);
  const UnixNanos day = day_of(spans).start;
  if (!print.price && !has_price_in(day)) return wait(print, day, work);
  if (print.price && waiting_.trades != 0 && waiting_day_ == day) {
    KlinePrint whole = print;
    whole.volume += waiting_.volume;
    whole.turnover += waiting_.turnover;
    whole.trades += static_cast<std::uint32_t>(waiting_.trades);
    waiting_ = {};
    if (work.ledger)
      work.ledger->move(work.session, LedgerPlace::waiting(), LedgerPlace::in(print.minute.start));
    return add(whole, work);
  }
  // What comes after the past that was told without its minutes is no late trade; what belongs to it is.
  const bool is_next = minutes().empty() ? minutes().reaches_back_to(print.minute.start)
                                         : minutes().newest_start() <= print.minute.start;
  if (!is_next) return add_late(print, KlineSpans{spans}, work);
  for (std::size_t type = 0; type < Types; ++type) add_to(type, print, spans, work);
  return LedgerPlace::in(print.minute.start);
}

template <std::size_t Types>
LedgerPlace BasicKlineSet<Types>::wait(const KlinePrint& print, UnixNanos day, const KlineWork& work) {
  if (waiting_day_ != day) {
    waiting_ = {};
    if (work.ledger) work.ledger->move(work.session, LedgerPlace::waiting(), {});
  }
  waiting_day_ = day;
  waiting_.volume += print.volume;
  waiting_.turnover += print.turnover;
  waiting_.trades += print.trades;
  return LedgerPlace::waiting();
}

template <std::size_t Types>
void BasicKlineSet<Types>::correct_waiting(const TradeSum& before, const TradeSum& after) {
  waiting_.take(before.kline);
  waiting_.add(after.kline);
}

template <std::size_t Types>
void BasicKlineSet<Types>::add_to(std::size_t type, const KlinePrint& print, const KlineSpans& spans,
                                  const KlineWork& work) {
  KlineSeries& series = series_[type];
  const market::Span& span = spans[type];
  if (!series.empty() && series.newest_start() == span.start) {
    KlineSlot slot = series.newest();
    merge(slot, print, work.sequence);
    series.rewrite_newest(slot);
    report(type, slot.kline, work);
    return;
  }
  std::optional<KlineSlot> slot;
  if (series.empty() ? !series.reaches_back_to(span.start) : span.start < series.newest_start()) {
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
  report(type, slot->kline, work);
}

template <std::size_t Types>
KlineSlot BasicKlineSet<Types>::fresh(const KlinePrint& print, const KlineSpans& spans, std::size_t type,
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
  if (print.price) {
    set_prices(slot.kline, *print.price);
  } else if constexpr (Types > kDay) {
    set_prices(slot.kline, days().newest().kline.close);
  } else {
    set_prices(slot.kline, minutes().newest().kline.close);
  }
  return slot;
}

template <std::size_t Types>
void BasicKlineSet<Types>::place(std::size_t type, KlineSlot& slot, UnixNanos ends, const KlineWork& work) {
  KlineSeries& series = series_[type];
  if (series.empty() || series.newest_start() < slot.kline.start) {
    if (const auto closed = series.append(slot, ends, work.sequence))
      report(type, *closed, work, KlineNews::closed);
    update_next_close();
  } else {
    slot.kline.closed = true;
    series.insert(series.first_from(slot.kline.start), slot);
  }
}

template <std::size_t Types>
LedgerPlace BasicKlineSet<Types>::add_late(const KlinePrint& print, const KlineSpans& spans,
                                           const KlineWork& work) {
  KlineSeries& minutes = series_[0];
  const UnixNanos day = day_of(spans).start;
  if (!minutes.reaches_back_to(print.minute.start)) {
    for (std::size_t type = 1; type < Types; ++type) add_to(type, print, spans, work);
    return {};
  }
  const std::uint64_t ordinal = minutes.first_from(print.minute.start);
  const KlineSlot here = minutes.at(ordinal);
  const bool exists = here.kline.start == print.minute.start;
  bool folds = exists && here.flat() && print.price;
  if (!exists && !print.price) {
    if (ordinal == minutes.oldest() || minutes.at(ordinal - 1).day != day) {
      // Before the first price of its day: it counts in the minute of that price.
      if (here.day != day) return {};
      KlinePrint moved = print;
      moved.minute.start = here.kline.start;
      return add(moved, work);
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
    return LedgerPlace::in(print.minute.start);
  }
  if (const auto slot = minutes.find(print.minute.start)) report(0, slot->kline, work);
  for (std::size_t type = 1; type < Types; ++type) add_to(type, print, spans, work);
  return LedgerPlace::in(print.minute.start);
}

template <std::size_t Types>
std::optional<Price> BasicKlineSet<Types>::price_before(UnixNanos minute, UnixNanos day) const {
  const std::uint64_t ordinal = minutes().first_from(minute);
  if (ordinal == minutes().oldest()) return std::nullopt;
  const KlineSlot before = minutes().at(ordinal - 1);
  if (before.day != day) return std::nullopt;
  return before.kline.close;
}

template <std::size_t Types>
std::vector<market::Minute> BasicKlineSet<Types>::refresh_flats(const market::Minute& minute, UnixNanos day,
                                                                Sequence sequence) {
  KlineSeries& minutes = series_[0];
  const auto price = price_before(minute.start + std::chrono::minutes{1}, day);
  if (!price) return {};
  std::vector<market::Minute> refreshed;
  for (auto ordinal = minutes.first_from(minute.start + std::chrono::minutes{1}); ordinal < minutes.end();
       ++ordinal) {
    KlineSlot slot = minutes.at(ordinal);
    if (!slot.flat() || slot.day != day || slot.kline.close == *price) break;
    set_prices(slot.kline, *price);
    change(slot.kline, sequence);
    minutes.rewrite(slot);
    refreshed.push_back({minute.trading_date, slot.kline.start});
  }
  return refreshed;
}

template <std::size_t Types>
void BasicKlineSet<Types>::close_ended(UnixNanos now, const KlineWork& work) {
  for (std::size_t type = 0; type < Types; ++type) {
    if (series_[type].ends() > now) continue;
    report(type, series_[type].close_newest(work.sequence), work, KlineNews::closed);
  }
  update_next_close();
}

template <std::size_t Types>
void BasicKlineSet<Types>::update_next_close() {
  next_close_ = UnixNanos::max();
  for (const KlineSeries& series : series_) next_close_ = std::min(next_close_, series.ends());
}

template <std::size_t Types>
void BasicKlineSet<Types>::find_ends_again(MinuteCache& cache) {
  if (minutes().empty()) return;
  const KlineSlot newest = minutes().newest();
  const market::Minute minute{cache.calendar().local_date(newest.day), newest.kline.start};
  const KlineSpans spans = cache.spans(minute);
  for (std::size_t type = 1; type < Types; ++type) {
    KlineSeries& series = series_[type];
    if (series.ends() == UnixNanos::max()) continue;
    // Of a K-line that would be cut otherwise now, nothing is left to come.
    series.set_ends(spans[type].start == series.newest_start() ? spans[type].end : spans[0].end);
  }
  update_next_close();
}

template class BasicKlineSet<market::kKlineTypes.size()>;
template class BasicKlineSet<1>;

}  // namespace qos::state
