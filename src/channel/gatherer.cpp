#include "channel/gatherer.hpp"

#include <algorithm>
#include <cstring>

namespace qos::channel {
namespace {

// Beyond this a call of the kernel's costs no less a byte.
constexpr std::size_t kBufferSize = std::size_t{256} << 10;
// How far ahead of the copying frames are asked for from memory.
constexpr std::size_t kAhead = 8;

}  // namespace

Gatherer::Gatherer() : buffer_{std::make_unique_for_overwrite<char[]>(kBufferSize)} {}

Gatherer::Gathered Gatherer::gather(const Batch& batch, std::span<const Batch::Index> frames) {
  if (frames.size() == 1 || batch.bytes(frames.front()).size() > kBufferSize)
    return {batch.bytes(frames.front()), 1};
  if (last_.size() == frames.size() && std::ranges::equal(last_, frames))
    return {{buffer_.get(), size_}, frames.size()};
  std::size_t used = 0;
  std::size_t count = 0;
  for (; count < frames.size(); ++count) {
    if (count + kAhead < frames.size()) {
      const auto ahead = batch.bytes(frames[count + kAhead]);
      __builtin_prefetch(ahead.data());
      __builtin_prefetch(ahead.data() + 64);
      __builtin_prefetch(ahead.data() + 128);
    }
    const auto bytes = batch.bytes(frames[count]);
    if (bytes.size() > kBufferSize - used) break;
    std::memcpy(buffer_.get() + used, bytes.data(), bytes.size());
    used += bytes.size();
  }
  last_ = frames.first(count);
  size_ = used;
  return {{buffer_.get(), used}, count};
}

}  // namespace qos::channel
