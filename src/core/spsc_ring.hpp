// A bounded queue from exactly one thread to exactly one other, without locks. Full is an answer, not a wait:
// the caller decides (wait, conflate, refuse).
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

#include "core/result.hpp"

namespace qos {

template <typename T>
class SpscRing {
 public:
  // capacity: rounded up to a power of two.
  explicit SpscRing(std::size_t capacity)
      : mask_{std::bit_ceil(capacity) - 1}, slots_{std::make_unique<T[]>(mask_ + 1)} {
    QOS_ASSERT(capacity > 0);
  }

  // Producer's thread only. False when full; `value` is then untouched.
  bool try_push(T&& value) {
    const auto tail = tail_.load(std::memory_order_relaxed);
    if (tail - known_head_ > mask_) {
      known_head_ = head_.load(std::memory_order_acquire);
      if (tail - known_head_ > mask_) return false;
    }
    slots_[tail & mask_] = std::move(value);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }
  bool try_push(const T& value) { return try_push(T{value}); }

  // Consumer's thread only. False when empty.
  bool try_pop(T& value) {
    const auto head = head_.load(std::memory_order_relaxed);
    if (head == known_tail_) {
      known_tail_ = tail_.load(std::memory_order_acquire);
      if (head == known_tail_) return false;
    }
    value = std::move(slots_[head & mask_]);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  // Any thread; a moment's truth.
  std::size_t size() const {
    const auto head = head_.load(std::memory_order_acquire);
    return tail_.load(std::memory_order_acquire) - head;
  }
  std::size_t capacity() const { return mask_ + 1; }

 private:
  static constexpr std::size_t kCacheLine = 64;

  const std::size_t mask_;
  const std::unique_ptr<T[]> slots_;
  alignas(kCacheLine) std::atomic<std::size_t> head_{0};
  std::size_t known_tail_ = 0;  // the consumer's last look at tail_
  alignas(kCacheLine) std::atomic<std::size_t> tail_{0};
  std::size_t known_head_ = 0;  // the producer's last look at head_
};

}  // namespace qos
