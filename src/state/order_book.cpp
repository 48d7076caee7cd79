#include "state/order_book.hpp"

#include <algorithm>

#include "core/result.hpp"

namespace qos::state {

std::size_t BookSide::set(Price price, Quantity size) {
  const std::int64_t rank = rank_of(price);
  const auto at = std::ranges::lower_bound(levels_, rank, {}, &Level::rank);
  const bool found = at != levels_.end() && at->rank == rank;
  const auto better = static_cast<std::size_t>(levels_.end() - at) - (found ? 1 : 0);
  if (size <= Quantity{}) {
    if (!found) return kNotChanged;
    levels_.erase(at);
    return better;
  }
  if (found) {
    if (at->size == size) return kNotChanged;
    at->size = size;
  } else {
    levels_.insert(at, {rank, size});
  }
  return better;
}

std::uint32_t BookSide::best(std::span<DepthLevel> out) const {
  const std::size_t count = std::min(out.size(), levels_.size());
  for (std::size_t at = 0; at < count; ++at) {
    const Level& level = levels_[levels_.size() - 1 - at];
    out[at] = {price_of(level.rank), level.size};
  }
  return static_cast<std::uint32_t>(count);
}

OrderBook::Applied OrderBook::apply(Side side, Price price, Quantity size) {
  BookSide& levels = side == Side::bid ? bids_ : asks_;
  Applied applied{.rank = levels.set(price, size)};
  if (levels.size() > kMaxLevels) {
    levels.drop_worst();
    applied.dropped_level = true;
  }
  return applied;
}

void OrderBook::clear() {
  bids_.clear();
  asks_.clear();
}

Depth OrderBook::depth(std::size_t levels) const {
  QOS_ASSERT(levels <= kMaxDepthLevels);
  Depth depth;
  depth.bid_count = bids_.best(std::span{depth.bids}.first(levels));
  depth.ask_count = asks_.best(std::span{depth.asks}.first(levels));
  return depth;
}

}  // namespace qos::state
