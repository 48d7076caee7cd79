// The K-lines of one instrument, all eleven types, as a fold over its trades; and, with one type only, the
// minutes of one of its extended sessions.
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
// A K-line that goes is told as one without trades, volume and turnover.
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
#include "state/trade_ledger.hpp"

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

// A closed K-line of the past: a minute, or a day whose minutes are not told.
struct ToldKline {
  enum class Part : std::uint8_t { minute, day };
  Part part = Part::minute;
  market::Minute minute;  // of a day: its last one
  UnixNanos first;        // nothing in it was traded before …
  UnixNanos last;         // … or after
  Kline kline;
};

// What a call works with: the calendar, the event's sequence, where changes go (shortest type first), and who
// must know when trades are counted in another minute than before (may be null).
struct KlineWork {
  MinuteCache& cache;
  Sequence sequence;
  std::vector<KlineChange>& changes;
  StoredSeries session = StoredSeries::regular;
  TradeLedger* ledger = nullptr;
};

// Types: how many of market::kKlineTypes, from the minute on.
template <std::size_t Types>
class BasicKlineSet {
 public:
  explicit BasicKlineSet(std::size_t kept);

  // Where the trade is counted.
  LedgerPlace add(const KlinePrint& print, const KlineWork& work);

  enum class Restated : std::uint8_t { done, unknown };
  // `minute` is the restated one. unknown: its K-line had to go, so what it was cannot be told.
  Restated restate(const KlineRestatement& restatement, const market::Minute& minute, const KlineWork& work);
  // Trades of a minute that are known came to `before` and should have come to `after`. If the minute holds
  // no others it is now what `after` says, else it is corrected by the difference. unknown: there is no such
  // K-line (any more), or there never was so much in it.
  Restated correct(UnixNanos minute, const TradeSum& before, const TradeSum& after, const KlineWork& work);
  // The same for trades that wait for the first price of their day.
  void correct_waiting(const TradeSum& before, const TradeSum& after);

  // Goes on from the past. `now`: K-lines that end later are open. False if it does not come after all that
  // there is. What is made of told K-lines only is no news; what was lived before, and goes on or is closed
  // by it, is. A day may follow minutes: they and what is cut from them are over then, and go.
  bool tell(const ToldKline& told, UnixNanos now, const KlineWork& work);

  const KlineSeries& series(market::KlineType type) const { return series_[market::index_of(type)]; }
  const KlineSeries& minutes() const { return series_[0]; }
  const KlineSeries& days() const
    requires(Types > kDay)
  {
    return series_[kDay];
  }

  // Asks for the cache lines of the newest K-lines.
  void prefetch() const {
    for (const KlineSeries& series : series_) series.prefetch();
  }
  // When the first of the open K-lines is over; UnixNanos::max(): all are closed.
  UnixNanos next_close() const { return next_close_; }
  void close_ended(UnixNanos now, const KlineWork& work);
  // The calendar has changed: when the open K-lines end now.
  void find_ends_again(MinuteCache& cache);

  // kline_checkpoint.cpp. Into a fresh one.
  void save(Saving& out) const;
  void restore(Restoring& in);

 private:
  // A change of the sums.
  struct Difference {
    Volume volume;
    Turnover turnover;
    std::int64_t trades = 0;

    void add(const Kline& kline);
    void take(const Kline& kline);
    // False if that is less than nothing; the K-line is then as it was.
    bool apply_to(Kline& kline) const;
  };
  // What the K-lines that make up a longer one come to.
  struct Fold {
    KlineSlot slot;        // prices, sums, first and last
    bool any = false;      // there is at least one
    bool complete = true;  // none of them had to go
  };

  bool has_price_in(UnixNanos day) const;
  LedgerPlace wait(const KlinePrint& print, UnixNanos day, const KlineWork& work);
  LedgerPlace add_late(const KlinePrint& print, const KlineSpans& spans, const KlineWork& work);
  void add_to(std::size_t type, const KlinePrint& print, const KlineSpans& spans, const KlineWork& work);
  void report(std::size_t type, const Kline& kline, const KlineWork& work,
              KlineNews news = KlineNews::values) const {
    work.changes.push_back({market::kKlineTypes[type], kline, work.session, news});
  }
  // Puts it where it belongs by time, and marks it closed if it is not the newest; if it is, reports the one
  // that it closes.
  void place(std::size_t type, KlineSlot& slot, UnixNanos ends, const KlineWork& work);
  void update_next_close();
  KlineSlot fresh(const KlinePrint& print, const KlineSpans& spans, std::size_t type,
                  Sequence sequence) const;
  // The close of the minute before in the same day; nullopt: it is the day's first one that is kept.
  std::optional<Price> price_before(UnixNanos minute, UnixNanos day) const;
  // Sets the flat minutes that follow `minute` in its day to the price before them.
  std::vector<market::Minute> refresh_flats(const market::Minute& minute, UnixNanos day, Sequence sequence);

  // The minute is `values` from now on; nullopt: there is none.
  void replace(const market::Minute& minute, const std::optional<KlineSlot>& old,
               std::optional<KlineSlot> values, const KlineWork& work);
  // A day cannot begin with flat minutes: what they hold goes to its first minute that has a price, or waits
  // for it. Returns the minutes that changed.
  std::vector<market::Minute> lead_with_a_price(const market::Minute& minute, UnixNanos day,
                                                Difference& difference, const KlineWork& work);
  // Folds the longer types of the touched minutes again and reports all. The difference is the first
  // minute's.
  void fold_again(std::span<const market::Minute> touched, const Difference& difference,
                  const KlineWork& work);
  void settle(std::size_t type, const market::Minute& minute, const Difference& difference,
              const KlineWork& work);
  Fold fold_of(std::size_t type, const market::Minute& minute, const KlineSpans& spans) const;
  void remove(std::size_t type, const KlineSlot& slot, const KlineWork& work);

  std::array<KlineSeries, Types> series_;
  UnixNanos next_close_ = UnixNanos::max();
  // Volume of a day that has no price yet.
  UnixNanos waiting_day_;
  Difference waiting_;
};

using KlineSet = BasicKlineSet<market::kKlineTypes.size()>;
using SessionMinutes = BasicKlineSet<1>;

}  // namespace qos::state
