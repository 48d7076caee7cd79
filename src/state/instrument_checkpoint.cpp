// One instrument in a checkpoint: which of its parts there are, then each. Nothing in it says which
// instrument it is, nor any other id, for the tables of the next run may number them otherwise.
#include <utility>

#include "state/instrument_state.hpp"

namespace qos::state {
namespace {

enum Parts : std::uint8_t {
  kTold = 1,
  kSnapshot = 2,
  kBook = 4,
  kTape = 8,
  kKlines = 16,
  kExtended = 32,
  kLedger = 64,
  kUnknown = 128,
};

}  // namespace

void InstrumentState::save(Saving& out) const {
  out.sequence(version());
  const auto* told = told_.get();
  const auto* fold = snapshot_.get();
  const auto* book = book_.get();
  const auto* tape = tape_.get();
  const auto* klines = klines_.get();
  const auto* extended = extended_.get();
  out.number((told ? kTold : 0) | (fold ? kSnapshot : 0) | (book ? kBook : 0) | (tape ? kTape : 0) |
             (klines ? kKlines : 0) | (extended ? kExtended : 0) | (ledger_ ? kLedger : 0));
  if (told) told->save(out);
  if (fold) fold->save(out);
  if (book) book->save(out);
  if (tape) tape->save(out);
  if (klines) klines->save(out);
  if (extended)
    for (const auto series : ExtendedMinutes::kSeries) extended->of(series).save(out);
  if (ledger_) ledger_->save(out);
}

Result<void> InstrumentState::restore(Restoring& in, const Machine::Options& options) {
  const Writing writing{stamp_};
  Sequence version;
  std::uint64_t parts = 0;
  in.sequence(version);
  in.number(parts);
  in.require(parts < kUnknown);
  if (parts & kBook) in.require(depth_levels() > 0);
  if (parts & kExtended) in.require(instrument_->code.market == market::Market::US);
  const auto refused = [&](std::string_view part) {
    return fail("{}: its {} in the checkpoint ends too early, or cannot be true",
                instrument_->code.to_string(), part);
  };
  if (!in.ok()) return refused("list of parts");
  if (parts & kTold) told_.make(seed()).restore(in);
  if (!in.ok()) return refused("numbers of pushes");
  if (parts & kSnapshot) snapshot_fold().restore(in);
  if (!in.ok()) return refused("snapshot");
  if (parts & kBook) book().restore(in);
  if (!in.ok()) return refused("order book");
  if (parts & kTape) tape_.make(options.trades_kept).restore(in);
  if (!in.ok()) return refused("list of trades");
  if (parts & kKlines) klines_.make(options.klines_kept).restore(in);
  if (!in.ok()) return refused("K-lines");
  if (parts & kExtended) {
    auto& extended = extended_.make(options.klines_kept);
    for (const auto series : ExtendedMinutes::kSeries) extended.of(series).restore(in);
  }
  if (!in.ok()) return refused("minutes of extended sessions");
  if (parts & kLedger) {
    ledger_ = std::make_unique<TradeLedger>(std::max<std::size_t>(options.ledger_kept, 1));
    ledger_->restore(in);
    if (options.ledger_kept == 0) ledger_.reset();
  }
  if (!in.ok()) return refused("trades that may be taken back");
  version_.store(version.value());
  return {};
}

}  // namespace qos::state
