#include "state/book_state.hpp"

namespace qos::state {
namespace {

bool same_levels(const Depth& a, const Depth& b) {
  return a.bid_count == b.bid_count && a.ask_count == b.ask_count && a.bids == b.bids && a.asks == b.asks;
}

}  // namespace

void BookState::clear() {
  book_.clear();
  stale_ = false;
  touched_ = true;
}

BookState::Applied BookState::apply(const BookDelta& delta, Sequence sequence) {
  has_deltas_ = true;
  if (stale_) return {.stale = true};
  const auto applied = book_.apply(delta.side, delta.price, delta.size);
  Applied result{.dropped_level = applied.dropped_level};
  if (applied.rank < levels_) touched_ = true;
  if (delta.part == DeltaPart::last && touched_) {
    touched_ = false;
    result.depth = show(book_.depth(levels_), delta.ts_event, sequence);
  }
  return result;
}

std::optional<Depth> BookState::apply(const Quote& quote, Sequence sequence) {
  if (has_deltas_) return std::nullopt;
  Depth depth;
  if (quote.bid_size > Quantity{}) {
    depth.bid_count = 1;
    depth.bids[0] = {quote.bid, quote.bid_size};
  }
  if (quote.ask_size > Quantity{}) {
    depth.ask_count = 1;
    depth.asks[0] = {quote.ask, quote.ask_size};
  }
  return show(depth, quote.ts_event, sequence);
}

std::optional<Depth> BookState::show(Depth depth, UnixNanos ts, Sequence sequence) {
  if (same_levels(depth, cell_.own())) return std::nullopt;
  depth.ts = ts;
  depth.sequence = sequence;
  cell_.store(depth);
  return depth;
}

}  // namespace qos::state
