// The K-lines of one instrument, all eleven types, as a fold over its trades.
//
// The rule everything here keeps: a K-line of 5 minutes to a day is the fold of its minute K-lines (open of
// the first, close of the last, highest, lowest, sums), and a week, month or year the fold of its days.
// Trades in the newest minute keep it by themselves. A late trade goes into its own minute, and times decide
// whose price opens and closes.
//
// Trades that count in volume only (odd lots, late reports) add to the K-line of their minute. In a minute
// that has none they make a flat one at the price before them in that day, which the minute's first real
// trade replaces; what comes before the first price of a day is added to the minute of that price.
//
// A restated minute, and a late trade that changes what flat K-lines stand on, fold the longer types again.
// Where the minutes of a K-line are not all kept any more, volume, turnover and trade count are corrected by
// the difference, the close is that of the last minute, high and low can only widen: a high that a
// restatement takes away cannot be recomputed, and the open stays.
//
// Threads: series(type).latest() may be called by any thread, everything else belongs to the market thread.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "event/event.hpp"
#include "state/kline_series.hpp"
#include "state/machine.hpp"
#include "state/minute_cache.hpp"

namespace qos::state {

// What one trade brings to the K-lines of its minute.
struct KlinePrint {
  market::Minute minute;
  // Decides which trade is later: the trade's time, held within the minute. A closing print may lie behind
  // it.
  UnixNanos ts;
  std::optional<Price> price;  // nullopt: counts in volume only
  Volume volume;
  Turnover turnover;
  std::uint32_t trades = 1;
};

class KlineSet {
 public:
  static constexpr std::size_t kTypes = market::kKlineTypes.size();

  explicit KlineSet(std::size_t kept);

  // What a call works with: the calendar, the event's sequence, and where changes go (shortest type first).
  struct Work {
    MinuteCache& cache;
    Sequence sequence;
    std::vector<KlineChange>& changes;
  };

  void add(const KlinePrint& print, const Work& work);

  enum class Restated : std::uint8_t { done, too_old };
  // `minute` is the restated one. too_old: its K-line had to go, so what it was is not known.
  Restated restate(const KlineRestatement& restatement, const market::Minute& minute, const Work& work);

  const KlineSeries& series(market::KlineType type) const { return series_[market::index_of(type)]; }
  const KlineSeries& minutes() const { return series_[0]; }
  const KlineSeries& days() const { return series_[kDay]; }

  // Asks for the cache lines of the newest K-lines.
  void prefetch() const {
    for (const KlineSeries& series : series_) series.prefetch();
  }
  // When the first of the open K-lines is over; UnixNanos::max(): all are closed.
  UnixNanos next_close() const { return next_close_; }
  void close_ended(UnixNanos now, Sequence sequence, std::vector<KlineChange>& changes);

 private:
  // A change of the sums.
  struct Difference {
    Volume volume;
    Turnover turnover;
    std::int64_t trades = 0;
  };
  // What the K-lines that make up a longer one come to.
  struct Fold {
    KlineSlot slot;        // prices, sums, first and last
    bool any = false;      // there is at least one
    bool complete = true;  // none of them had to go
  };

  void add_late(const KlinePrint& print, const KlineSpans& spans, const Work& work);
  void add_to(std::size_t type, const KlinePrint& print, const KlineSpans& spans, const Work& work);
  // Puts it where it belongs by time, and marks it closed if it is not the newest; if it is, reports the one
  // that it closes.
  void place(std::size_t type, KlineSlot& slot, UnixNanos ends, const Work& work);
  void update_next_close();
  KlineSlot fresh(const KlinePrint& print, const KlineSpans& spans, std::size_t type,
                  Sequence sequence) const;
  // Sets the flat minutes that follow `minute` in its day to the price before them.
  std::vector<market::Minute> refresh_flats(const market::Minute& minute, UnixNanos day, Sequence sequence);

  // Folds the longer types of the touched minutes again and reports all. The difference is the first
  // minute's.
  void fold_again(std::span<const market::Minute> touched, const Difference& difference, const Work& work);
  void settle(std::size_t type, const market::Minute& minute, const Difference& difference, const Work& work);
  Fold fold_of(std::size_t type, const market::Minute& minute, const KlineSpans& spans) const;
  void remove(std::size_t type, const KlineSlot& slot, const Work& work);

  std::array<KlineSeries, kTypes> series_;
  UnixNanos next_close_ = UnixNanos::max();
  // Volume of a day that has no price yet.
  UnixNanos waiting_day_;
  Difference waiting_;
};

}  // namespace qos::state
