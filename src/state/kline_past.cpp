// The third of KlineSet that goes on from a past that is told.
#include <algorithm>

#include "market/kline_fold.hpp"
#include "state/kline_set.hpp"

namespace qos::state {

template <std::size_t Types>
bool BasicKlineSet<Types>::tell(const ToldKline& told, UnixNanos now, const KlineWork& work) {
  const KlineSpans spans = work.cache.spans(told.minute);
  const UnixNanos day = day_of(spans).start;
  const bool is_minute = told.part == ToldKline::Part::minute;
  const std::size_t shortest = is_minute ? 0 : kDay;
  if (told.kline.start != spans[shortest].start) return false;
  if (!minutes().empty()) {
    const bool comes_after =
        is_minute ? minutes().newest_start() < told.minute.start
                  : minutes().newest().day < day && minutes().newest_start() < told.minute.start;
    if (!comes_after) return false;
  }
  if (!minutes().reaches_back_to(told.minute.start)) return false;
  // The minutes of a day are told, or the day is.
  if (!is_minute && has_price_in(day)) return false;

  if (!is_minute) {
    // Minutes that were lived before the day are over, and between them and what comes is a hole: they go, as
    // in a machine that was told all of it.
    for (std::size_t type = 0; type < std::min(kDay, Types); ++type) {
      if (const auto closed = series_[type].begin_after({told.minute.start, day}, work.sequence))
        report(type, *closed, work, KlineNews::closed);
    }
  }
  for (std::size_t type = shortest; type < Types; ++type) {
    KlineSeries& series = series_[type];
    if (!series.empty() && series.newest_start() == spans[type].start) {
      KlineSlot slot = series.newest();
      const Kline was = slot.kline;
      market::continue_kline(slot.kline, told.kline);
      slot.kline.sequence = was.sequence;
      slot.kline.closed = was.closed;
      // Corrections of its parts were made while it was open, as far as anybody knows.
      slot.kline.revision = was.revision;
      slot.last = std::max(slot.last, told.last);
      // Of what was lived subscribers know, so this is news to them.
      const bool lived = was.sequence != Sequence{};
      if (lived) {
        slot.kline.sequence = work.sequence;
        if (was.closed) ++slot.kline.revision;
      }
      series.rewrite_newest(slot);
      if (lived) report(type, slot.kline, work);
      continue;
    }
    const UnixNanos end = spans[type].end;
    KlineSlot slot{.kline = told.kline, .first = told.first, .last = told.last, .day = day};
    slot.kline.start = spans[type].start;
    slot.kline.closed = type == shortest || end <= now;
    if (type != shortest) slot.kline.revision = 0;
    if (const auto closed = series.append(slot, slot.kline.closed ? UnixNanos::max() : end, work.sequence))
      report(type, *closed, work, KlineNews::closed);
  }
  update_next_close();
  return true;
}

template bool BasicKlineSet<market::kKlineTypes.size()>::tell(const ToldKline&, UnixNanos, const KlineWork&);
template bool BasicKlineSet<1>::tell(const ToldKline&, UnixNanos, const KlineWork&);

}  // namespace qos::state
