// How a K-line came about: the trades that it is made of, those of its time that were left out, and the rule
// that decided. Derived again from the journal by the same state machine, so it is what was decided then.
//
// A trade may end up in another K-line than it first counted in: what moves no price waits for the first
// price of its day, and if that is taken back, waits again. So the journal is read once, and again where that
// happened to the K-line. Memory: the trades asked for, the ledger's, and one entry for each such move.
//
// Threads: as Rewind.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "event/kline.hpp"
#include "market/kline_clock.hpp"
#include "replay/rewind.hpp"
#include "state/trade_verdict.hpp"

namespace qos::replay {

struct KlineQuestion {
  InstrumentId instrument;
  market::KlineType type = market::KlineType::m1;
  UnixNanos start;                                       // of the K-line
  Sequence after;                                        // tell trades of events above it
  std::size_t count = 0;                                 // tell at most so many
  std::function<bool()> give_up = [] { return false; };  // asked now and then; true: an error will do
};

struct ExplainedTrade {
  Sequence sequence;
  Price price;
  Quantity size;
  UnixNanos ts;  // of a correction: when the trade was made
  std::uint64_t trade_id = 0;
  TradeCondition condition = TradeCondition::regular;
  // counted, volume_only: in the K-line. waits_for_price: in it as well, with its day's first price, if there
  // is one.
  state::TradeRule rule = state::TradeRule::counted;
  Sequence taken_back;  // by a bust or a correction; 0: it was not

  friend bool operator==(const ExplainedTrade&, const ExplainedTrade&) = default;
};

struct Explained {
  std::optional<Kline> kline;          // nullopt: there is none with this start
  std::vector<ExplainedTrade> trades;  // rising
  // Over all trades of the K-line, told or not; those taken back are left out.
  std::uint64_t counted = 0;
  std::uint64_t left_out = 0;
  bool more = false;  // there are trades behind the last one told
  // The store told a part of it (what came before the journal, or an import): its trades are not all here.
  bool was_told = false;
  // The last event by which the venue replaced a minute of it: its values are the venue's since. 0: none.
  Sequence restated;
};

// nullopt: nothing that is kept goes back so far. An error: the journal is damaged, or has lost events there.
Result<std::optional<Explained>> explain(const Rewind& rewind, const KlineQuestion& question);

}  // namespace qos::replay
