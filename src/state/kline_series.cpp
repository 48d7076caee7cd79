#include "state/kline_series.hpp"

#include <algorithm>

namespace qos::state {
namespace {

// Whether it was open.
bool close(KlineSlot& slot, Sequence sequence) {
  if (slot.kline.closed) return false;
  slot.kline.closed = true;
  slot.kline.sequence = sequence;
  return true;
}

}  // namespace

KlineSeries::KlineSeries(std::size_t kept) : past_kept_{kept - 1} {
  QOS_ASSERT(kept >= 2);
}

KlineSlot KlineSeries::at(std::uint64_t ordinal) const {
  QOS_ASSERT(ordinal >= oldest_ && ordinal <= newest_ordinal_);
  return ordinal == newest_ordinal_ ? newest_.own() : past_.get()->own(ordinal);
}

std::uint64_t KlineSeries::first_from(UnixNanos start) const {
  std::uint64_t low = oldest_;
  std::uint64_t high = end();
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (at(middle).kline.start < start) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::optional<KlineSlot> KlineSeries::find(UnixNanos start) const {
  const std::uint64_t ordinal = first_from(start);
  if (ordinal == end()) return std::nullopt;
  const KlineSlot slot = at(ordinal);
  if (slot.kline.start != start) return std::nullopt;
  return slot;
}

void KlineSeries::rewrite(const KlineSlot& slot) {
  if (slot.ordinal == newest_ordinal_) {
    newest_.store(slot);
  } else {
    past_.get()->write(slot);
  }
}

std::optional<Kline> KlineSeries::append(KlineSlot slot, UnixNanos ends, Sequence sequence) {
  std::optional<Kline> closed;
  if (!empty()) {
    // Closed on its way into the past: a reader never finds it closed and still the newest, with nothing
    // behind it.
    KlineSlot before = newest_.own();
    if (close(before, sequence)) closed = before.kline;
    move_to_past(before);
  }
  slot.ordinal = ++newest_ordinal_;
  newest_.store(slot);
  newest_start_ = slot.kline.start;
  ends_ = ends;
  return closed;
}

bool KlineSeries::insert(std::uint64_t ordinal, KlineSlot slot) {
  const bool full = newest_ordinal_ - oldest_ >= past_kept_;
  if (full && ordinal == oldest_) {
    dropped_ = {slot.kline.start, slot.day};
    return false;
  }
  begin_move();
  KlineSlot newest = newest_.own();
  const std::uint64_t top = newest.ordinal++;
  ++newest_ordinal_;
  for (std::uint64_t from = top; from > ordinal; --from) {
    KlineSlot moved = past_.get()->own(from - 1);
    moved.ordinal = from;
    move_to_past(moved);
  }
  slot.ordinal = ordinal;
  move_to_past(slot);
  newest_.store(newest);
  end_move();
  return true;
}

void KlineSeries::erase(std::uint64_t ordinal) {
  QOS_ASSERT(ordinal >= oldest_ && ordinal <= newest_ordinal_);
  begin_move();
  KlineSlot newest = newest_.own();
  if (ordinal == newest_ordinal_) {
    newest = ordinal > oldest_ ? past_.get()->own(ordinal - 1) : KlineSlot{};
    ends_ = UnixNanos::max();
  } else {
    for (std::uint64_t from = ordinal + 1; from < newest_ordinal_; ++from) {
      KlineSlot moved = past_.get()->own(from);
      moved.ordinal = from - 1;
      past_.get()->write(moved);
    }
    newest.ordinal = newest_ordinal_ - 1;
  }
  --newest_ordinal_;
  newest_start_ = newest.kline.start;
  newest_.store(newest);
  end_move();
}

std::optional<Kline> KlineSeries::begin_after(const Dropped& dropped, Sequence sequence) {
  dropped_ = dropped;
  if (empty()) return std::nullopt;
  KlineSlot newest = newest_.own();
  const bool was_open = close(newest, sequence);
  begin_move();
  newest_.store(KlineSlot{});
  // A reader who goes back from the next K-line ends here.
  KlineSlot gap{.day = KlineSlot::kGap};
  gap.ordinal = ++newest_ordinal_;
  past_.make(past_kept_).write(gap);
  oldest_ = newest_ordinal_ + 1;
  newest_start_ = {};
  ends_ = UnixNanos::max();
  end_move();
  if (!was_open) return std::nullopt;
  return newest.kline;
}

Kline KlineSeries::close_newest(Sequence sequence) {
  KlineSlot slot = newest_.own();
  close(slot, sequence);
  newest_.store(slot);
  ends_ = UnixNanos::max();
  return slot.kline;
}

void KlineSeries::move_to_past(const KlineSlot& slot) {
  // As seen from the ordinal that is written: one that is not the oldest kept any more makes room first.
  if (slot.ordinal - oldest_ >= past_kept_) drop_oldest();
  past_.make(past_kept_).write(slot);
}

void KlineSeries::drop_oldest() {
  const KlineSlot oldest = past_.get()->own(oldest_);
  dropped_ = {oldest.kline.start, oldest.day};
  ++oldest_;
}

std::vector<Kline> KlineSeries::latest(std::size_t count, std::optional<UnixNanos> until) const {
  std::vector<Kline> klines;
  for (Patience patience;; patience.wait()) {
    const auto moves = moves_.load(std::memory_order_acquire);
    if (moves % 2 != 0) continue;
    klines.clear();
    const auto wanted = [&](const KlineSlot& slot) { return !until || slot.kline.start <= *until; };
    KlineSlot slot = newest_.load();
    if (slot.ordinal > 0 && count > 0 && wanted(slot)) klines.push_back(slot.kline);
    const Ring* past = past_.get();
    // A cell that went to a newer K-line meanwhile ends the list: what was there, and all before it, is
    // dropped.
    for (auto ordinal = slot.ordinal; past != nullptr && ordinal > 1 && klines.size() < count; --ordinal) {
      if (!past->read(ordinal - 1, slot) || slot.is_gap()) break;
      if (wanted(slot)) klines.push_back(slot.kline);
    }
    if (moves_.load(std::memory_order_acquire) == moves) break;
  }
  std::ranges::reverse(klines);
  return klines;
}

}  // namespace qos::state
