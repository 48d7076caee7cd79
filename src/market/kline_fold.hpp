// Longer K-lines out of shorter ones: minutes make 5 to 240 minutes and the day, days make week, month and
// year. The one place that says how; state, history and imports use it. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "event/kline.hpp"
#include "market/kline_clock.hpp"

namespace qos::market {

// Continues `longer` with the next shorter one in time: open stays, close moves, extremes widen, sums add.
// `revision` becomes the sum of both, so that a correction of any part raises the whole's; sequence the
// larger. `closed` is the next one's: whether more are to come, the caller knows. Counts stop at their
// largest value.
void continue_kline(Kline& longer, const Kline& next);

struct FoldRules {
  const SessionCalendar& calendar;
  ClosingPrint closing = ClosingPrint::last_bar;
  Anchor anchor = Anchor::session;
};

struct FoldPart {
  Date trading_date;
  Kline kline;
};

// K-lines of `type` out of `parts`, oldest first: parts are minutes for m5…day and days for week, month,
// year; for m1 they are returned as they are. `start` becomes that of kline_span(). A part whose trading date
// the calendar does not know makes no 5 to 240 minute K-line. The first result may lack its beginning: start
// with the first part of its period.
std::vector<Kline> fold_klines(std::span<const FoldPart> parts, KlineType type, const FoldRules& rules);

// The given K-lines of `type` (oldest first) and between them K-lines without trades for the minutes (or
// longer spans) of the regular sessions that have none, flat at the close before them, volume 0; from the
// first K-line to the last one's, and on to `until` if given: spans that start at or before it, closed if
// they end by then. A day, week, month or year is filled where the calendar has a trading day in it; where it
// knows nothing, nothing is. Of the result the latest `at_most`.
inline constexpr std::size_t kMaxFilled = 1'000'000;
std::vector<Kline> fill_klines(std::span<const Kline> klines, KlineType type, const FoldRules& rules,
                               std::optional<UnixNanos> until, std::size_t at_most = kMaxFilled);

}  // namespace qos::market
