// The market as a fold over the journal: the same events give the same state and the same changes, always. No
// clock, socket, file or thread in here; time enters as ClockTick.
//
// Thread: the market thread owns the machine and is the only one to call it. view() may be read by any
// thread.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/bytes.hpp"
#include "core/counter.hpp"
#include "core/result.hpp"
#include "event/event.hpp"
#include "market/instrument.hpp"
#include "state/snapshot.hpp"
#include "state/trade_verdict.hpp"
#include "state/view.hpp"

namespace qos::state {

// values: it is another one than before. closed: its values are as they were and final now (a later change of
// them raises its revision); only subscribers of the extension `closed` are told.
enum class KlineNews : std::uint8_t { values, closed };

struct KlineChange {
  market::KlineType type = market::KlineType::m1;
  Kline kline;
  // regular: any type. Another session: a minute (m1) of it, told to subscribers of the extension `ses` only.
  StoredSeries session = StoredSeries::regular;
  KlineNews news = KlineNews::values;
  std::uint64_t number = 0;  // as Numbers has it

  friend bool operator==(const KlineChange&, const KlineChange&) = default;
};

// What one event made different, in the order in which it is published: trade, snapshot, depth, K-lines
// (shortest type first, oldest first). Values are those after the event.
struct Change {
  Sequence sequence;
  InstrumentId instrument;
  UnixNanos received;  // when its event came; 0: it is of none that a feed sent, as the end of a K-line
  std::optional<TapeTrade> trade;
  std::optional<Snapshot> snapshot;
  std::optional<Depth> depth;
  std::span<const KlineChange> klines;  // valid until the next apply()
  // Which snapshot and depth of this instrument these are, as Numbers has it; a trade has its own.
  std::uint64_t snapshot_number = 0;
  std::uint64_t depth_number = 0;
  // What was done with the trade or the corrected one, or where a busted one counted; no news by itself.
  std::optional<TradeVerdict> verdict;

  bool empty() const { return !trade && !snapshot && !depth && klines.empty(); }
  // False if all it says is that K-lines are final now.
  bool has_new_values() const {
    return trade || snapshot || depth ||
           std::ranges::any_of(klines, [](const auto& change) { return change.news == KlineNews::values; });
  }
};

// Receives what an event made different, instrument by instrument.
class ChangeSink {
 public:
  virtual ~ChangeSink() = default;
  virtual void on(const Change& change) = 0;
};

struct MachineCounters {
  Counter events;
  Counter unknown_instruments;  // events that name a row the table does not have
  Counter stale_book_deltas;    // deltas dropped because the book waits for a snapshot
  Counter outside_sessions;     // trades outside every session: they stand on the tape and move nothing else
  Counter refused;  // events that cannot be true: negative sizes, times before 1970 or after 2200, sums
                    // that would not fit, days that a calendar cannot have, a past told too late
  Counter dropped_levels;     // worst levels of books that had too many
  Counter digest_mismatches;  // StateDigests that said something else than this state does
  Counter lost_restatements;  // of minutes that are not kept any more or that no session has, of trades that
                              // are not known (any more) or were taken back before
};

class Machine {
 public:
  struct Options {
    std::size_t trades_kept = 64;     // an instrument; at least 50, the protocol's largest count
    std::size_t klines_kept = 1'000;  // an instrument and type; the oldest is dropped
    // An instrument's trades that can still be taken back or corrected exactly, 40 bytes each, made as they
    // come; only of feeds that number their trades. 0: none can.
    std::size_t ledger_kept = 4'096;
    market::Anchor anchor = market::Anchor::session;  // where 5 to 240 minute K-lines start counting
  };

  // Both tables must outlive the machine. It is the only one to change a calendar from now on.
  Machine(const market::InstrumentTable& instruments, market::CalendarTable& calendars, Options options);
  ~Machine();

  // Tells the sink what became different, one Change an instrument, none that is empty. Sequences must rise.
  //
  // A K-line that is over is told once as closed: by the ClockTick that reaches its end, or by the event that
  // opens a later one of its type, and then right before that one. The tick that reaches the open of a
  // trading day's first regular session also opens the day in the snapshots of its calendar: the views show
  // it at once, subscribers are told with the instrument's next event that changes its snapshot.
  void apply(const SequencedEvent& event, ChangeSink& sink);
  // The same for events of one instrument, the change returned. What a ClockTick or a CalendarChange makes
  // different, of many instruments, is not told by this form.
  Change apply(const SequencedEvent& event);

  // --- checkpoints: src/state/README.md says how they are taken while events go on ---
  // What belongs to no instrument: calendars changed by events, clocks. Take it first.
  void save(ByteWriter& out) const;
  // One instrument as of the last event.
  void save(InstrumentId id, ByteWriter& out) const;
  // Into a fresh machine: first what belongs to none, then instruments, each at most once. The calendars must
  // be as their files have them, without a change by events, and nobody else may read them meanwhile: what
  // events have changed is amended (CalendarTable::amend), a word that the files do not fit any more is
  // refused and counted. Events that an instrument has already seen when it was saved do nothing to it when
  // they are applied again; so the next event is the first one after the first save. StateDigests are
  // compared once all instruments have caught up. Options may differ, but the anchor: where less is kept now,
  // the newest stays. An error says what does not fit; the machine is then of no use.
  Result<void> restore(ByteReader& in);
  Result<void> restore(InstrumentId id, ByteReader& in);

  // Of the last event; 0: none yet.
  Sequence last() const;
  // Of everything that was told to sinks since the first event. The same in every machine that has applied
  // the same journal, restored from a checkpoint or not.
  std::uint64_t digest() const;

  const ViewTable& views() const;
  const MachineCounters& counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace qos::state
