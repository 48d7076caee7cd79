// The K-lines of one type of one instrument, in time order: the newest in a cell of its own (the eleven
// newest ones lie side by side, for every trade changes them all), those before it in a ring that grows as
// they come.
//
// Threads: latest() may be called by any thread, everything else belongs to the market thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/time.hpp"
#include "state/cell_ring.hpp"
#include "state/checkpoint.hpp"
#include "state/published.hpp"
#include "state/seq_cell.hpp"
#include "state/snapshot.hpp"

namespace qos::state {

// A K-line and what the fold must know about it beside.
struct KlineSlot {
  Kline kline;
  // Times of the earliest and latest trade that moved its price, within its minutes: open and close are
  // theirs.
  UnixNanos first;
  UnixNanos last = kNoPrice;
  UnixNanos day;  // start of the trading day's K-line
  std::uint64_t ordinal = 0;

  static constexpr UnixNanos kNoPrice = UnixNanos::min();
  // Made by trades that count in volume only: flat at the price before them. `first` is then the start of the
  // minute that made it.
  bool flat() const { return last == kNoPrice; }
  // No K-line: those before it are not here any more.
  bool is_gap() const { return day == kGap; }
  static constexpr UnixNanos kGap = UnixNanos::min();
};

class KlineSeries {
 public:
  // kept: K-lines at most, the newest included; at least 2.
  explicit KlineSeries(std::size_t kept);

  bool empty() const { return newest_ordinal_ < oldest_; }
  std::uint64_t oldest() const { return oldest_; }
  // One past the newest.
  std::uint64_t end() const { return newest_ordinal_ + 1; }
  KlineSlot newest() const { return newest_.own(); }
  UnixNanos newest_start() const { return newest_start_; }
  KlineSlot at(std::uint64_t ordinal) const;
  // The first K-line that starts at or after `start`; end() if there is none.
  std::uint64_t first_from(UnixNanos start) const;
  std::optional<KlineSlot> find(UnixNanos start) const;

  // Start and day of the newest K-line that had to go; nullopt: all are here that ever were.
  struct Dropped {
    UnixNanos start;
    UnixNanos day;
  };
  const std::optional<Dropped>& dropped() const { return dropped_; }
  bool reaches_back_to(UnixNanos start) const { return !dropped_ || dropped_->start < start; }
  // What came until then is not here and never will be; all there is goes. The newest one, closed, if it was
  // open.
  std::optional<Kline> begin_after(const Dropped& dropped, Sequence sequence);

  // Overwrites the K-line with its ordinal.
  void rewrite(const KlineSlot& slot);
  void rewrite_newest(const KlineSlot& slot) { newest_.store(slot); }
  // A new newest one, open until `ends`; the one before it is closed, and returned if it was open.
  std::optional<Kline> append(KlineSlot slot, UnixNanos ends, Sequence sequence);
  // A closed one before `ordinal`, which moves up. False if it would be the first to go.
  bool insert(std::uint64_t ordinal, KlineSlot slot);
  void erase(std::uint64_t ordinal);

  void prefetch() const { newest_.prefetch(); }
  // When the newest K-line is over; UnixNanos::max() if it is closed or there is none.
  UnixNanos ends() const { return ends_; }
  void set_ends(UnixNanos ends) { ends_ = ends; }
  // The newest one, closed.
  Kline close_newest(Sequence sequence);

  std::vector<Kline> latest(std::size_t count, std::optional<UnixNanos> until) const;

  // kline_checkpoint.cpp. Into a fresh one: if it keeps fewer, the oldest go.
  void save(Saving& out) const;
  void restore(Restoring& in);

 private:
  using Ring = CellRing<KlineSlot>;

  void move_to_past(const KlineSlot& slot);
  void drop_oldest();
  void begin_move() { moves_.store(moves_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  void end_move() { moves_.store(moves_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

  SeqCell<KlineSlot> newest_;
  // Odd while K-lines change their ordinals, which only late trades and restatements make them do.
  std::atomic<std::uint64_t> moves_{0};
  UnixNanos newest_start_;
  UnixNanos ends_ = UnixNanos::max();
  std::uint64_t newest_ordinal_ = 0;
  std::uint64_t oldest_ = 1;
  std::size_t past_kept_;
  std::optional<Dropped> dropped_;
  Published<Ring> past_;
};

}  // namespace qos::state
