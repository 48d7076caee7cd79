// The third of KlineSet that goes on from a past that is told.
#include <algorithm>

#include "market/kline_fold.hpp"
#include "state/kline_set.hpp"

namespace qos::state {

template <std::size_t Types>
bool BasicKlineSet<Types>::tell(const ToldKline& told, UnixNanos now, MinuteCache& cache) {
  const KlineSpans spans = cache.spans(told.minute);
  const UnixNanos day = day_of(spans).start;
  const bool is_minute = told.part == ToldKline::Part::minute;
  const std::size_t shortest = is_minute ? 0 : kDay;
  if (told.kline.start != spans[shortest].start) return false;
  if (!minutes().empty() && (!is_minute || told.minute.start <= minutes().newest_start())) return false;
  if (!minutes().reaches_back_to(told.minute.start)) return false;
  // The minutes of a day are told, or the day is.
  if (!is_minute && has_price_in(day)) return false;

  for (std::size_t type = shortest; type < Types; ++type) {
    KlineSeries& series = series_[type];
    if (!series.empty() && series.newest_start() == spans[type].start) {
      KlineSlot slot = series.newest();
      const bool closed = slot.kline.closed;
      const auto revision = slot.kline.revision;
      market::continue_kline(slot.kline, told.kline);
      slot.kline.closed = closed;
      // Corrections of its parts were made while it was open, as far as anybody knows.
      slot.kline.revision = revision;
      slot.last = std::max(slot.last, told.last);
      series.rewrite_newest(slot);
      continue;
    }
    const UnixNanos end = spans[type].end;
    KlineSlot slot{.kline = told.kline, .first = told.first, .last = told.last, .day = day};
    slot.kline.start = spans[type].start;
    slot.kline.closed = type == shortest || end <= now;
    if (type != shortest) slot.kline.revision = 0;
    series.append(slot, slot.kline.closed ? UnixNanos::max() : end, Sequence{});
  }
  if (!is_minute)
    for (std::size_t type = 0; type < std::min(kDay, Types); ++type)
      series_[type].begin_after({told.minute.start, day});
  update_next_close();
  return true;
}

template bool BasicKlineSet<market::kKlineTypes.size()>::tell(const ToldKline&, UnixNanos, MinuteCache&);
template bool BasicKlineSet<1>::tell(const ToldKline&, UnixNanos, MinuteCache&);

}  // namespace qos::state
