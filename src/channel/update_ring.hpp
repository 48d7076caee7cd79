// A bounded queue of updates from the market thread to one I/O loop, without locks. The bodies lie in the
// ring itself: a push is a copy of some hundred bytes that no allocator and no count of references is asked
// for. Full is an answer, not a wait: the caller decides.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "channel/update.hpp"

namespace qos::channel {

class UpdateRing {
 public:
  // Rounded up to a power of two, 256 at least. An update takes 48 bytes and its body; one that takes more
  // than half of the ring is a mistake of whoever chose the size.
  explicit UpdateRing(std::size_t bytes);

  // Producer's thread only. False when full.
  bool try_push(const Update& update);

  // Consumer's thread only. False when empty. The body is valid until the next call.
  bool try_pop(Update& update);

  // Updates that wait. Any thread; a moment's truth.
  std::uint64_t size() const;

 private:
  static constexpr std::size_t kCacheLine = 64;

  const std::size_t mask_;
  const std::unique_ptr<std::byte[]> bytes_;
  // Positions only grow; their low bits are places in bytes_.
  alignas(kCacheLine) std::atomic<std::uint64_t> head_{0};  // everything before it was taken
  std::atomic<std::uint64_t> popped_{0};
  std::uint64_t next_ = 0;        // the consumer's: behind the update that was taken last
  std::uint64_t known_tail_ = 0;  // the consumer's last look at tail_
  alignas(kCacheLine) std::atomic<std::uint64_t> tail_{0};
  std::atomic<std::uint64_t> pushed_{0};
  std::uint64_t known_head_ = 0;  // the producer's last look at head_
};

}  // namespace qos::channel
