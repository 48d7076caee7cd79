// Marks when something that many cells make up is being written, so that a reader of several of them knows
// whether they belong together (InstrumentView::stamp).
//
// The odd number is stored relaxed: every cell behind it is written with release order, so whoever has seen
// any word of the write also sees the odd number, or a later one. The even number is stored with release
// order: whoever sees it sees all that was written. On x86 both are plain moves.
//
// Threads: Writing belongs to the one writer; value() to everybody.
#pragma once

#include <atomic>
#include <cstdint>

namespace qos::state {

class Stamp {
 public:
  // Look before with this, and after; what is read between must be read with acquire order.
  std::uint64_t value() const { return value_.load(std::memory_order_acquire); }

 private:
  friend class Writing;
  std::atomic<std::uint64_t> value_{0};
};

class Writing {
 public:
  explicit Writing(Stamp& stamp) : value_{&stamp.value_}, begun_{value_->load(std::memory_order_relaxed)} {
    value_->store(begun_ + 1, std::memory_order_relaxed);
  }
  ~Writing() { value_->store(begun_ + 2, std::memory_order_release); }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;

 private:
  std::atomic<std::uint64_t>* value_;
  std::uint64_t begun_;
};

}  // namespace qos::state
