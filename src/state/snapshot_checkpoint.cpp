// Snapshot, depth and tape in a checkpoint.
#include <type_traits>

#include "state/book_state.hpp"
#include "state/plausible.hpp"
#include "state/snapshot_fold.hpp"
#include "state/tape.hpp"

namespace qos::state {
namespace {

constexpr std::size_t kUsSessions = 5;
constexpr std::size_t kAggressors = 3;

// A part's prices, against its last.
template <typename Archive, typename Part>
void archive_part(Archive& archive, Part& part) {
  archive.price(part.last);
  archive.price(part.high, part.last);
  archive.price(part.low, part.last);
  archive.price(part.previous_close, part.last);
  archive.sum(part.volume);
  archive.sum(part.turnover);
  archive.time(part.ts);
}

template <typename Archive, typename Value>
void archive_snapshot(Archive& archive, Value& snapshot) {
  archive.sequence(snapshot.sequence);
  archive.price(snapshot.last);
  const Price base = snapshot.last.value_or(Price{});
  archive.time(snapshot.ts);
  archive.price(snapshot.open, base);
  archive.price(snapshot.high, base);
  archive.price(snapshot.low, base);
  archive.price(snapshot.previous_close, base);
  archive.sum(snapshot.volume);
  archive.sum(snapshot.turnover);
  archive.flag(snapshot.suspended);
  archive.choice(snapshot.session, kUsSessions);
  const auto part = [&](auto& value) { archive_part(archive, value); };
  archive.optional(snapshot.pre_market, part);
  archive.optional(snapshot.after_hours, part);
  archive.optional(snapshot.night, part);
}

void save_levels(Saving& out, std::span<const DepthLevel> levels) {
  out.number(levels.size());
  Price base;
  for (const auto& level : levels) {
    out.price(level.price, base);
    out.size(level.size);
    base = level.price;
  }
}

constexpr std::size_t kLeastLevel = 2;  // bytes

}  // namespace

template <typename Archive, typename Self>
void SessionParts::archive(Archive& archive, Self& self) {
  for (auto& day : self.days_) archive.time_if_any(day);
}

// Which parts are shown, and of which days, go together.
template <typename Archive, typename Self>
void SnapshotFold::archive(Archive& archive, Self& self) {
  archive.time_if_any(self.opened_);
  archive.flag(self.rolling_);
  archive.optional(self.minute_, [&](auto& minute) { archive.time(minute); });
  archive.time_if_any(self.order_);
  archive.time(self.closes_.day);
  archive.price(self.closes_.last);
  archive.time(self.closes_.coming_day);
  archive.price(self.closes_.coming);
  archive.price(self.quoted_before_);
  SessionParts::archive(archive, self.parts_);
}

void SnapshotFold::save(Saving& out) const {
  const Snapshot snapshot = cell_.own();
  archive_snapshot(out, snapshot);
  archive(out, *this);
}

void SnapshotFold::restore(Restoring& in) {
  Snapshot snapshot;
  archive_snapshot(in, snapshot);
  archive(in, *this);
  in.require(parts_.fits(snapshot));
  if (in.ok()) cell_.store(snapshot);
}

void BookSide::save(Saving& out) const {
  out.number(levels_.size());
  std::int64_t base = 0;
  for (const Level& level : levels_) {
    out.difference(level.rank, base);
    out.size(level.size);
    base = level.rank;
  }
}

void BookSide::restore(Restoring& in, std::size_t most) {
  const std::size_t count = in.count(kLeastLevel);
  in.require(count <= most);
  Level level{.rank = 0, .size = {}};
  for (std::size_t n = 0; n < count && in.ok(); ++n) {
    const std::int64_t base = level.rank;
    in.difference(level.rank, base);
    in.size(level.size);
    in.require((n == 0 || base < level.rank) && level.size > Quantity{});
    if (in.ok()) levels_.push_back(level);
  }
}

void BookState::save(Saving& out) const {
  out.flag(has_deltas_);
  out.flag(stale_);
  out.flag(touched_);
  book_.save(out);
  const Depth shown = cell_.own();
  out.sequence(shown.sequence);
  out.time(shown.ts);
  // What is shown is mostly the book's best.
  const bool is_best = same_levels(shown, book_.depth(levels_));
  out.flag(is_best);
  if (is_best) return;
  save_levels(out, std::span{shown.bids}.first(shown.bid_count));
  save_levels(out, std::span{shown.asks}.first(shown.ask_count));
}

void BookState::restore(Restoring& in) {
  in.flag(has_deltas_);
  in.flag(stale_);
  in.flag(touched_);
  book_.restore(in);
  Depth shown = book_.depth(levels_);
  in.sequence(shown.sequence);
  in.time(shown.ts);
  bool is_best = false;
  in.flag(is_best);
  if (!is_best) {
    const auto restore_levels = [&](auto& levels) {
      levels = {};
      const std::size_t count = in.count(kLeastLevel);
      in.require(count <= kMaxDepthLevels);
      Price base;
      for (std::size_t n = 0; n < count && in.ok(); ++n) {
        in.price(levels[n].price, base);
        in.size(levels[n].size);
        base = levels[n].price;
      }
      return static_cast<std::uint32_t>(in.ok() ? count : 0);
    };
    shown.bid_count = restore_levels(shown.bids);
    shown.ask_count = restore_levels(shown.asks);
  }
  if (in.ok()) cell_.store(shown);
}

void Tape::save(Saving& out) const {
  const auto newest = added_.load(std::memory_order_relaxed);
  out.number(newest);
  out.number(newest + 1 - oldest());
  Entry base;
  for (auto ordinal = oldest(); ordinal <= newest; ++ordinal) {
    const Entry entry = ring_.own(ordinal);
    out.sequence(entry.trade.sequence, base.trade.sequence);
    out.price(entry.trade.price, base.trade.price);
    out.size(entry.trade.size);
    out.time(entry.trade.ts, base.trade.ts);
    out.choice(entry.trade.aggressor, kAggressors);
    out.difference(static_cast<std::int64_t>(entry.trade_id), static_cast<std::int64_t>(base.trade_id));
    out.flag(entry.gone);
    base = entry;
  }
}

void Tape::restore(Restoring& in) {
  std::uint64_t newest = 0;
  in.number(newest);
  const std::size_t count = in.count(kLeastBytes);
  // Far more than there will ever be, and far from wrapping around.
  in.require(newest < std::uint64_t{1} << 62 && count <= newest);
  Entry entry;
  for (std::size_t n = 0; n < count && in.ok(); ++n) {
    auto trade_id = static_cast<std::int64_t>(entry.trade_id);
    in.sequence(entry.trade.sequence, entry.trade.sequence);
    in.price(entry.trade.price, entry.trade.price);
    in.size(entry.trade.size);
    in.time(entry.trade.ts, entry.trade.ts);
    in.choice(entry.trade.aggressor, kAggressors);
    in.difference(trade_id, trade_id);
    in.flag(entry.gone);
    entry.trade_id = static_cast<std::uint64_t>(trade_id);
    entry.ordinal = entry.trade.number = newest - count + 1 + n;
    if (in.ok()) ring_.write(entry);
  }
  if (!in.ok()) return;
  first_ = newest - count + 1;
  added_.store(newest, std::memory_order_release);
}

}  // namespace qos::state
