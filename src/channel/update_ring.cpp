#include "channel/update_ring.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

#include "core/result.hpp"

namespace qos::channel {
namespace {

constexpr std::size_t kAlign = 8;
// In place of a body's size: nothing more lies between here and the end of the ring.
constexpr std::uint32_t kSkip = 0xFFFF'FFFF;

struct Sizes {
  std::uint32_t record;  // with everything, a multiple of kAlign
  std::uint32_t body;
};

struct Record {
  Sizes sizes;
  ChannelKey key;
  Sequence sequence;
  std::uint64_t number;
  std::int64_t piece;
  UnixNanos received;
};
static_assert(std::is_trivially_copyable_v<Record> && sizeof(Record) == 48 && sizeof(Sizes) == kAlign);

constexpr std::size_t record_size(std::size_t body) {
  return (sizeof(Record) + body + kAlign - 1) / kAlign * kAlign;
}

}  // namespace

UpdateRing::UpdateRing(std::size_t bytes)
    : mask_{std::bit_ceil(std::max<std::size_t>(bytes, 256)) - 1},
      bytes_{std::make_unique_for_overwrite<std::byte[]>(mask_ + 1)} {}

bool UpdateRing::try_push(const Update& update) {
  const std::size_t size = record_size(update.body.size());
  QOS_ASSERT(size <= (mask_ + 1) / 2);
  auto tail = tail_.load(std::memory_order_relaxed);
  const std::size_t to_end = mask_ + 1 - (tail & mask_);
  const std::size_t skipped = size > to_end ? to_end : 0;
  const auto fits = [&] { return tail + skipped + size - known_head_ <= mask_ + 1; };
  if (!fits()) {
    known_head_ = head_.load(std::memory_order_acquire);
    if (!fits()) return false;
  }
  if (skipped > 0) {
    const Sizes skip{static_cast<std::uint32_t>(skipped), kSkip};
    std::memcpy(&bytes_[tail & mask_], &skip, sizeof skip);
    tail += skipped;
  }
  const Record record{
      .sizes = {static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(update.body.size())},
      .key = update.key,
      .sequence = update.sequence,
      .number = update.number,
      .piece = update.piece,
      .received = update.received};
  std::byte* place = &bytes_[tail & mask_];
  std::memcpy(place, &record, sizeof record);
  std::memcpy(place + sizeof record, update.body.data(), update.body.size());
  pushed_.store(pushed_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  tail_.store(tail + size, std::memory_order_release);
  return true;
}

bool UpdateRing::try_pop(Update& update) {
  if (next_ != head_.load(std::memory_order_relaxed)) head_.store(next_, std::memory_order_release);
  if (next_ == known_tail_) {
    known_tail_ = tail_.load(std::memory_order_acquire);
    if (next_ == known_tail_) return false;
  }
  Sizes sizes;
  std::memcpy(&sizes, &bytes_[next_ & mask_], sizeof sizes);
  if (sizes.body == kSkip) next_ += sizes.record;
  Record record;
  const std::byte* place = &bytes_[next_ & mask_];
  std::memcpy(&record, place, sizeof record);
  update = {.key = record.key,
            .sequence = record.sequence,
            .number = record.number,
            .piece = record.piece,
            .received = record.received,
            .body = {reinterpret_cast<const char*>(place) + sizeof record, record.sizes.body}};
  next_ += record.sizes.record;
  popped_.store(popped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return true;
}

std::uint64_t UpdateRing::size() const {
  const auto popped = popped_.load(std::memory_order_acquire);
  return pushed_.load(std::memory_order_acquire) - popped;
}

}  // namespace qos::channel
