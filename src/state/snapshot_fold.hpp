// One instrument's snapshot as a fold: last of any session, the day's figures from its day K-line, the close
// it is quoted against, US session parts, suspension, a venue's own rolling figures.
//
// Threads: load() may be called by any thread, everything else belongs to the market thread.
#pragma once

#include <optional>

#include "event/event.hpp"
#include "market/instrument.hpp"
#include "state/kline_series.hpp"
#include "state/seq_cell.hpp"
#include "state/session_parts.hpp"
#include "state/snapshot.hpp"

namespace qos::state {

class SnapshotFold {
 public:
  // `opened`: start of the trading day that the clock has opened last; UnixNanos::min(): none yet.
  SnapshotFold(market::Market market, UnixNanos opened) : market_{market}, opened_{opened} {}

  Snapshot load() const { return cell_.load(); }

  // Calls change(snapshot), which says whether it changed something; if so stores it under `sequence`, and
  // leaves it in `out`.
  template <typename Change>
  void update(Sequence sequence, std::optional<Snapshot>& out, Change&& change) {
    Snapshot& snapshot = out.emplace(cell_.own());
    if (!change(snapshot)) {
      out.reset();
      return;
    }
    snapshot.sequence = sequence;
    cell_.store(snapshot);
  }
  void prefetch() const { cell_.prefetch(); }

  // What changes a snapshot. Those that return bool say whether it did.

  // A trade that counts at `order`, the time that decides which of two trades is later: its own, held within
  // its minute if it has one (an opening print has its own clock; a closing print is later than its minute).
  struct Last {
    Price price;
    UnixNanos ts;
    UnixNanos order;
    std::optional<UnixNanos> minute;  // start of its minute; nullopt outside regular sessions
    UsSession session = UsSession::unknown;
  };
  bool show_last(Snapshot& snapshot, const Last& last);
  // The newest day K-line changed; nullptr: there is none any more.
  void show_day(Snapshot& snapshot, const KlineSlot* day);
  // The day before the newest one closed at `close`, as far as is known now; nullopt: there is none.
  void show_close_before(Snapshot& snapshot, std::optional<Price> close);
  // The clock has opened the trading day that starts at `day`: the figures are that day's from now on. A day
  // that a trade has opened before is left as it is, and so are a venue's own figures.
  bool open_day(Snapshot& snapshot, UnixNanos day);
  // `newest`: the newest minute after `restated` was restated; nullptr: there is none any more.
  bool restate_last(Snapshot& snapshot, UnixNanos restated, const KlineSlot* newest);
  // Trades were taken back or corrected: the latest that is left; nullopt: there is none.
  void put_last(Snapshot& snapshot, const std::optional<Last>& last);
  // A trade of an extended session, and the latest such session as a whole: as SessionParts has it.
  bool show_extended(Snapshot& snapshot, const SessionParts::Session& session, const Trade& trade,
                     Eligibility eligibility, const Kline& minute) {
    return parts_.add(snapshot, session, trade, eligibility, minute, closes_);
  }
  void show_told(Snapshot& snapshot, const SessionParts::Session& session, const Kline& minute) {
    parts_.tell(snapshot, session, minute, closes_);
  }
  void show_whole(Snapshot& snapshot, StoredSeries series, const std::optional<SessionParts::Whole>& whole) {
    parts_.show(snapshot, series, whole, closes_);
  }
  // The close that the trading day that starts at `day` is quoted against.
  bool show_reference(Snapshot& snapshot, Price previous_close, UnixNanos day);
  bool show_rolling(Snapshot& snapshot, const RollingStats& stats);

  // snapshot_checkpoint.cpp. Into a fresh one.
  void save(Saving& out) const;
  void restore(Restoring& in);

 private:
  template <typename Archive, typename Self>
  static void archive(Archive& archive, Self& self);
  bool has_previous_close() const { return market::spec_of(market_).has_previous_close; }
  // The clock has opened a later day than the latest one with trades.
  bool waits_for_trade() const { return closes_.last && closes_.day < opened_; }
  std::optional<Price> close_before(UnixNanos day) const;
  void show_figures(Snapshot& snapshot, const Kline* day) const;

  SeqCell<Snapshot> cell_;
  market::Market market_;
  UnixNanos opened_;                    // start of the day that the clock has opened last
  bool rolling_ = false;                // the venue's own figures have been seen
  std::optional<UnixNanos> minute_;     // of `last`; nullopt: not from a regular session
  UnixNanos order_ = UnixNanos::min();  // of `last`
  Closes closes_;
  std::optional<Price> quoted_before_;  // the previous close of the day before closes_.day
  SessionParts parts_;
};

}  // namespace qos::state
