// One stored series of one instrument, minutes or days, as store and memory have it together: read from the
// newest back. What longer K-lines are folded out of.
//
// Memory speaks alone from the oldest K-line on from which every one was made by an event of this run: that
// is what subscribers were sent, and what was taken back since is not there any more. Before it the store
// speaks: an import shows at once, although state was told of older values when it began. Two exceptions:
// a K-line that an event restated wins, and one that only memory has counts.
//
// Thread: the caller's.
#pragma once

#include <optional>
#include <vector>

#include "core/result.hpp"
#include "event/kline.hpp"
#include "market/kline_fold.hpp"
#include "state/view.hpp"
#include "store/kline_store.hpp"

namespace qos::history {

class PartReader {
 public:
  struct Source {
    const market::SessionCalendar& calendar;
    const state::InstrumentView* view = nullptr;  // nullptr: nothing in memory
    const store::KlineStore* store = nullptr;
    std::optional<store::StoreKey> key{};  // nullopt: the store has nothing of it
    StoredSeries series = StoredSeries::regular;
    std::optional<UnixNanos> now{};  // what was not over by then is not read from the store
  };
  // Looks at memory, once.
  explicit PartReader(const Source& source);

  // The latest `count` that start at or before `until`, oldest first; fewer: there is nothing older.
  Result<std::vector<market::FoldPart>> latest(std::size_t count, UnixNanos until) const;

 private:
  void remember(const std::vector<Kline>& klines);

  UnixNanos latest_stored() const;

  Source source_;
  UnixNanos latest_stored_;               // a K-line of the store that starts later is not over
  std::vector<market::FoldPart> memory_;  // oldest first
  std::size_t alone_from_ = 0;            // from here on memory speaks alone
};

}  // namespace qos::history
