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
  const std::optional<Price> close = day ? std::optional{day->kline.close} : std::nullopt;
  if (day == nullptr) {
    closes_.day = {};
  } else if (!closes_.last || day->kline.start > closes_.day) {
    open_day(snapshot, day->kline.start);
  } else if (day->kline.start < closes_.day) {
    // The day was restated away: the one before it is the latest again.
    closes_.day = day->kline.start;
    snapshot.previous_close = quoted_before_;
  }
  if (!rolling_) {
    const Kline kline = day ? day->kline : Kline{};
    const auto price = [&](Price value) { return day ? std::optional{value} : std::nullopt; };
    snapshot.open = price(kline.open);
    snapshot.high = price(kline.high);
    snapshot.low = price(kline.low);
    snapshot.volume = kline.volume;
    snapshot.turnover = kline.turnover;
  }
  if (closes_.last == close) return;
  closes_.last = close;
  if (market_ == market::Market::US) parts_.quote(snapshot, closes_);
}

void SnapshotFold::open_day(Snapshot& snapshot, UnixNanos day) {
  quoted_before_ = snapshot.previous_close;
  if (has_previous_close()) {
    if (closes_.coming && closes_.coming_day == day) {
      snapshot.previous_close = closes_.coming;
    } else {
      snapshot.previous_close = closes_.last;
    }
  }
  closes_.day = day;
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

bool SnapshotFold::show_extended(Snapshot& snapshot, const Trade& trade, Eligibility eligibility,
                                 const market::Session& session, UnixNanos day) {
  return parts_.add(snapshot, trade, eligibility, session, day, closes_);
}

bool SnapshotFold::show_reference(Snapshot& snapshot, Price previous_close, UnixNanos day) {
  if (!has_previous_close()) return false;
  const Snapshot before = snapshot;
  const bool opened = closes_.last && day <= closes_.day;
  if (opened && day < closes_.day) return false;
  closes_.coming_day = day;
  closes_.coming = previous_close;
  // While no day has traded, the close that the coming one is quoted against is all there is to show.
  if (opened || !closes_.last) snapshot.previous_close = previous_close;
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
