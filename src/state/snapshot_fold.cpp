#include "state/snapshot_fold.hpp"

#include <algorithm>

namespace qos::state {

bool SnapshotFold::show_last(Snapshot& snapshot, const Last& last) {
  if (snapshot.last && last.order < order_) return false;
  snapshot.ts = snapshot.last ? std::max(snapshot.ts, last.ts) : last.ts;
  snapshot.last = last.price;
  snapshot.session = market_ == market::Market::US ? last.session : UsSession::unknown;
  order_ = last.order;
  minute_ = last.minute;
  return true;
}

void SnapshotFold::show_day(Snapshot& snapshot, const KlineSlot* day) {
  const UnixNanos start = day ? day->kline.start : UnixNanos{};
  const std::optional<Price> close = day ? std::optional{day->kline.close} : std::nullopt;
  if (day && (!closes_.last || start > closes_.day)) {
    quoted_before_ = snapshot.previous_close;
    if (has_previous_close()) snapshot.previous_close = close_before(start);
  } else if (day && start < closes_.day) {
    // The day was restated away: the one before it is the latest again.
    snapshot.previous_close = quoted_before_;
  }
  closes_.day = start;
  const bool moved = closes_.last != close;
  closes_.last = close;
  // What is reported late of a day that is over may move the close that the open day is quoted against, and
  // brings nothing else of it back.
  if (waits_for_trade() && has_previous_close()) snapshot.previous_close = close_before(opened_);
  if (!rolling_) show_figures(snapshot, day && !waits_for_trade() ? &day->kline : nullptr);
  if (moved && market_ == market::Market::US) parts_.quote(snapshot, closes_);
}

void SnapshotFold::show_close_before(Snapshot& snapshot, std::optional<Price> close) {
  // The venue's own word stands.
  if (!has_previous_close() || !closes_.last || waits_for_trade()) return;
  snapshot.previous_close = closes_.coming && closes_.coming_day == closes_.day ? closes_.coming : close;
}

bool SnapshotFold::open_day(Snapshot& snapshot, UnixNanos day) {
  opened_ = day;
  if (!waits_for_trade() || rolling_) return false;
  const Snapshot before = snapshot;
  if (has_previous_close()) snapshot.previous_close = close_before(day);
  show_figures(snapshot, nullptr);
  return snapshot != before;
}

// As far as is known when the day's own K-line is not there yet.
std::optional<Price> SnapshotFold::close_before(UnixNanos day) const {
  return closes_.coming && closes_.coming_day == day ? closes_.coming : closes_.last;
}

// nullptr: the day has no trade.
void SnapshotFold::show_figures(Snapshot& snapshot, const Kline* day) const {
  const Kline figures = day ? *day : Kline{};
  const auto price = [&](Price value) { return day ? std::optional{value} : std::nullopt; };
  snapshot.open = price(figures.open);
  snapshot.high = price(figures.high);
  snapshot.low = price(figures.low);
  snapshot.volume = figures.volume;
  snapshot.turnover = figures.turnover;
}

bool SnapshotFold::restate_last(Snapshot& snapshot, UnixNanos restated, const KlineSlot* newest) {
  if (newest == nullptr) {
    // The only minute there was is gone, and with it the price it gave.
    if (minute_ != restated) return false;
    snapshot.last.reset();
    minute_.reset();
    return true;
  }
  const UnixNanos minute = newest->kline.start;
  const bool of_last = minute_ == restated;
  const bool later = minute == restated && (!snapshot.last || newest->last > order_);
  if (!of_last && !later) return false;
  snapshot.last = newest->kline.close;
  if (minute_ != minute) {
    order_ = newest->flat() ? minute : newest->last;
    snapshot.ts = order_;
    minute_ = minute;
    if (market_ == market::Market::US) snapshot.session = UsSession::regular;
  }
  return true;
}

void SnapshotFold::put_last(Snapshot& snapshot, const std::optional<Last>& last) {
  snapshot.last.reset();
  snapshot.ts = {};
  snapshot.session = UsSession::unknown;
  minute_.reset();
  order_ = UnixNanos::min();
  if (last) show_last(snapshot, *last);
}

bool SnapshotFold::show_reference(Snapshot& snapshot, Price previous_close, UnixNanos day) {
  if (!has_previous_close()) return false;
  const Snapshot before = snapshot;
  const UnixNanos current = std::max(closes_.day, opened_);
  if (closes_.last && day < current) return false;
  closes_.coming_day = day;
  closes_.coming = previous_close;
  // While no day has traded, the close that the coming one is quoted against is all there is to show.
  if (day == current || !closes_.last) snapshot.previous_close = previous_close;
  parts_.quote(snapshot, closes_);
  return snapshot != before;
}

bool SnapshotFold::show_rolling(Snapshot& snapshot, const RollingStats& stats) {
  const Snapshot before = snapshot;
  rolling_ = true;
  snapshot.open = stats.open;
  snapshot.high = stats.high;
  snapshot.low = stats.low;
  snapshot.volume = stats.volume;
  snapshot.turnover = stats.turnover;
  return snapshot != before;
}

}  // namespace qos::state
