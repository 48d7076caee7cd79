#include "feed/binance/book_sync.hpp"

#include <utility>

namespace qos::feed::binance {

// The venue's rule 5 is U <= lastUpdateId <= u. A symbol that was quiet since the snapshot meets the other
// half: the snapshot ends with the u before, so this diff is the next by rule 6.
bool BookSync::follows_snapshot(const UpdateIds& ids, std::uint64_t last_update_id) const {
  return (ids.first <= last_update_id && last_update_id <= ids.last) || ids.previous == last_update_id;
}

BookSync::DiffVerdict BookSync::on_diff(const DepthDiff& diff) {
  // The same message from a second connection; any other step back is a chain that broke.
  const bool repeated = diff.ids == last_diff_;
  last_diff_ = diff.ids;
  if (repeated) return DiffVerdict::old;

  if (state_ == State::none) {
    const bool lost = !waiting_.empty() && diff.ids.previous != last_id_;
    while (lost && !waiting_.empty()) drop_first();
    keep(diff);
    return lost ? DiffVerdict::lost : DiffVerdict::wait;
  }
  if (state_ == State::snapshot && diff.ids.last < last_id_) return DiffVerdict::old;
  const bool next =
      state_ == State::snapshot ? follows_snapshot(diff.ids, last_id_) : diff.ids.previous == last_id_;
  if (!next) {
    state_ = State::none;
    keep(diff);
    return DiffVerdict::gap;
  }
  state_ = State::follow;
  last_id_ = diff.ids.last;
  return DiffVerdict::apply;
}

BookSync::SnapshotVerdict BookSync::on_snapshot(std::uint64_t last_update_id) {
  if (state_ != State::none && last_update_id <= last_id_) return SnapshotVerdict::old;
  while (!waiting_.empty() && waiting_.front().ids.last < last_update_id) drop_first();
  if (waiting_.empty()) {
    state_ = State::snapshot;
    last_id_ = last_update_id;
    return SnapshotVerdict::apply;
  }
  if (!follows_snapshot(waiting_.front().ids, last_update_id)) return SnapshotVerdict::too_old;
  state_ = State::follow;
  return SnapshotVerdict::apply;
}

std::deque<WaitingDiff> BookSync::take_waiting() {
  waiting_levels_ = 0;
  return std::exchange(waiting_, {});
}

void BookSync::keep(const DepthDiff& diff) {
  waiting_.push_back({.ids = diff.ids,
                      .ts_event = diff.ts_event,
                      .bids = {diff.bids.begin(), diff.bids.end()},
                      .asks = {diff.asks.begin(), diff.asks.end()}});
  waiting_levels_ += diff.bids.size() + diff.asks.size();
  last_id_ = diff.ids.last;
  while (waiting_.size() > limits_.diffs || waiting_levels_ > limits_.levels) drop_first();
}

void BookSync::drop_first() {
  waiting_levels_ -= waiting_.front().bids.size() + waiting_.front().asks.size();
  waiting_.pop_front();
}

}  // namespace qos::feed::binance
