// What other threads may see of the state: copies of cells that the market thread overwrites, without locks
// on either side (sequence-locked cells of atomic words).
//
// Threads: every const member may be called by any thread at any time. Only the machine writes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/id.hpp"
#include "core/time.hpp"
#include "market/kline_clock.hpp"
#include "state/snapshot.hpp"

namespace qos::state {

// How many pushes each channel of an instrument has had since the journal began: the first is 1, and there is
// no hole. K-lines count what subscribers of the extensions turnover and closed are told (values and closed).
struct Numbers {
  std::uint64_t snapshot = 0;
  std::uint64_t depth = 0;
  std::uint64_t trade = 0;
  std::array<std::uint64_t, market::kKlineTypes.size()> klines{};
  std::uint64_t session_minutes = 0;  // of all extended sessions

  friend bool operator==(const Numbers&, const Numbers&) = default;
};

class InstrumentView {
 public:
  virtual ~InstrumentView() = default;

  // For a look at several things that must belong together: all of it was one state if stamp() was even
  // before and is the same after. Odd: an event is being applied; look again.
  virtual std::uint64_t stamp() const { return 0; }
  virtual Numbers numbers() const { return {}; }

  // The sequence of the last event applied to this instrument. Sequentially consistent with the writer's look
  // at who is interested: a subscriber who first registers, then reads version() and the cells, misses
  // nothing that is not sent to it (docs/decisions/0002-subscribe-without-locks.md).
  virtual Sequence version() const = 0;

  virtual Snapshot snapshot() const = 0;
  // Empty levels where the instrument has no depth yet.
  virtual Depth depth() const = 0;
  // The latest `count` trades, oldest first.
  virtual std::vector<TapeTrade> trades(std::size_t count) const = 0;
  // The latest `count` K-lines whose start is <= `until` (nullopt: all), oldest first, the one in progress
  // included.
  virtual std::vector<Kline> klines(market::KlineType type, std::size_t count,
                                    std::optional<UnixNanos> until = std::nullopt) const = 0;
  // The same for the minutes of an extended session (US); empty where there are none.
  virtual std::vector<Kline> extended_minutes(StoredSeries /*session*/, std::size_t /*count*/,
                                              std::optional<UnixNanos> /*until*/ = std::nullopt) const {
    return {};
  }
};

class ViewTable {
 public:
  virtual ~ViewTable() = default;
  // nullptr for an id the table does not have.
  virtual const InstrumentView* find(InstrumentId id) const = 0;
};

}  // namespace qos::state
