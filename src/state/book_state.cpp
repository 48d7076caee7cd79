#include "state/book_state.hpp"

namespace qos::state {

void BookState::clear() {
  book_.clear();
  stale_ = false;
  touched_ = true;
}

BookState::Applied BookState::apply(const BookDelta& delta, Sequence sequence, std::optional<Depth>& out) {
  has_deltas_ = true;
  if (stale_) return {.stale = true};
  const auto applied = book_.apply(delta.side, delta.price, delta.size);
  if (applied.rank < levels_) touched_ = true;
  if (delta.part == DeltaPart::last && touched_) {
    touched_ = false;
    out = book_.depth(levels_);
    show(out, delta.ts_event, sequence);
  }
  return {.dropped_level = applied.dropped_level};
}

void BookState::apply(const Quote& quote, Sequence sequence, std::optional<Depth>& out) {
  if (has_deltas_) return;
  Depth& depth = out.emplace();
  if (quote.bid_size > Quantity{}) {
    depth.bid_count = 1;
    depth.bids[0] = {quote.bid, quote.bid_size};
  }
  if (quote.ask_size > Quantity{}) {
    depth.ask_count = 1;
    depth.asks[0] = {quote.ask, quote.ask_size};
  }
  show(out, quote.ts_event, sequence);
}

void BookState::show(std::optional<Depth>& out, UnixNanos ts, Sequence sequence) {
  if (same_levels(*out, cell_.own())) {
    out.reset();
    return;
  }
  out->ts = ts;
  out->sequence = sequence;
  cell_.store(*out);
}

}  // namespace qos::state
