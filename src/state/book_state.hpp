// One instrument's depth: the book of deltas, or the venue's best bid and ask while there is none, and the
// published levels of either.
//
// Threads: load() may be called by any thread, everything else belongs to the market thread.
#pragma once

#include <optional>

#include "event/event.hpp"
#include "state/order_book.hpp"
#include "state/seq_cell.hpp"
#include "state/snapshot.hpp"

namespace qos::state {

class BookState {
 public:
  // levels: a side that are published; a change behind them is none.
  explicit BookState(std::size_t levels) : levels_{levels} {}

  Depth load() const { return cell_.load(); }

  // All levels go; what is shown stays until the message that rebuilds the book is complete.
  void clear();
  // The book is out of step: what is shown stays until a clear() and the deltas after it.
  void mark_stale() { stale_ = true; }

  struct Applied {
    bool stale = false;          // dropped, the book waits for a snapshot
    bool dropped_level = false;  // the book was full
  };
  // Leaves the published levels in `out` if they changed.
  Applied apply(const BookDelta& delta, Sequence sequence, std::optional<Depth>& out);
  // Likewise; ignored once there was a delta.
  void apply(const Quote& quote, Sequence sequence, std::optional<Depth>& out);

  // snapshot_checkpoint.cpp. Into a fresh one.
  void save(Saving& out) const;
  void restore(Restoring& in);

 private:
  // `out` holds the new levels; it is emptied if they are the old ones.
  void show(std::optional<Depth>& out, UnixNanos ts, Sequence sequence);

  SeqCell<Depth> cell_;
  OrderBook book_;
  std::size_t levels_;
  bool has_deltas_ = false;
  bool stale_ = false;
  bool touched_ = false;  // a published level may differ from what is shown
};

}  // namespace qos::state
