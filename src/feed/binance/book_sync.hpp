// Decides which depth diffs of one symbol belong to its book, as the venue prescribes ("How to manage a local
// order book correctly", USD-M futures). Holds no book: it says what to do with each message.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "feed/binance/frame.hpp"

namespace qos::feed::binance {

// A diff that waits for a snapshot.
struct WaitingDiff {
  UpdateIds ids;
  UnixNanos ts_event;
  std::vector<Level> bids;
  std::vector<Level> asks;
};

// One thread.
class BookSync {
 public:
  // What is kept for a snapshot to come; beyond, the oldest diffs are let go, which a later snapshot does not
  // miss.
  struct Limits {
    std::size_t diffs = 10'000;
    std::size_t levels = 100'000;  // both sides, all diffs; 16 bytes each
  };

  enum class DiffVerdict : std::uint8_t {
    apply,  // the book's next change
    old,    // the book has it already
    wait,   // there is no book; kept until the snapshot
    gap,    // messages are missing: the book is stale from here; the diff is kept until the snapshot
    lost,   // there is no book, and messages are missing between the diffs kept before and this one, kept
            // instead
  };
  enum class SnapshotVerdict : std::uint8_t {
    apply,    // the book is this, then the diffs of take_waiting(), in order
    old,      // the book is newer
    too_old,  // messages are missing between it and the diffs that wait; still no book
  };

  BookSync() = default;
  explicit BookSync(Limits limits) : limits_{limits} {}

  DiffVerdict on_diff(const DepthDiff& diff);
  SnapshotVerdict on_snapshot(std::uint64_t last_update_id);
  // After SnapshotVerdict::apply: the diffs that follow the snapshot. Empties the queue.
  std::deque<WaitingDiff> take_waiting();

  // The last update that is in the book, or in the queue while there is none.
  std::uint64_t last_id() const { return last_id_; }
  bool has_book() const { return state_ != State::none; }

 private:
  enum class State : std::uint8_t {
    none,      // no book; diffs wait
    snapshot,  // the book is a snapshot; the first diff must reach over its end
    follow,    // the book follows the diffs, each pu the u before
  };

  bool follows_snapshot(const UpdateIds& ids, std::uint64_t last_update_id) const;
  void keep(const DepthDiff& diff);
  void drop_first();

  Limits limits_;
  State state_ = State::none;
  std::uint64_t last_id_ = 0;
  UpdateIds last_diff_{};
  std::deque<WaitingDiff> waiting_;  // an unbroken chain: each pu is the u before
  std::size_t waiting_levels_ = 0;
};

}  // namespace qos::feed::binance
