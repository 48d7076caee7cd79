// The latest values of a growing list, which one thread writes and any number of threads copy. Values are
// numbered from 1; the ring keeps `capacity` of them in cells that are allocated in growing chunks as they
// are needed and overwritten in place once there are enough. A reader who meets a cell that has been given to
// a later value is told so: the value it wanted, and all before it, are gone.
//
// Threads: write() and own() belong to the one writer; read() to everybody.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "core/result.hpp"
#include "state/seq_cell.hpp"

namespace qos::state {

// T has a member `std::uint64_t ordinal`, its number; 0 in T{}.
template <typename T>
class CellRing {
 public:
  static constexpr std::size_t kMaxCapacity = std::size_t{1} << 18;

  explicit CellRing(std::size_t capacity) : capacity_{capacity} {
    QOS_ASSERT(capacity > 0 && capacity <= kMaxCapacity);
  }
  CellRing(const CellRing&) = delete;
  CellRing& operator=(const CellRing&) = delete;
  ~CellRing() {
    for (auto& chunk : chunks_) delete[] chunk.load(std::memory_order_relaxed);
  }

  std::size_t capacity() const { return capacity_; }

  void write(const T& value) {
    const Place place = place_of(value.ordinal);
    auto* cells = chunks_[place.chunk].load(std::memory_order_relaxed);
    if (cells == nullptr) {
      cells = new SeqCell<T>[size_of(place.chunk)];
      chunks_[place.chunk].store(cells, std::memory_order_release);
    }
    cells[place.offset].store(value);
  }

  // The value must be kept.
  T own(std::uint64_t ordinal) const {
    const Place place = place_of(ordinal);
    return chunks_[place.chunk].load(std::memory_order_relaxed)[place.offset].own();
  }

  // False if it is not there any more, or not yet.
  bool read(std::uint64_t ordinal, T& value) const {
    const Place place = place_of(ordinal);
    const auto* cells = chunks_[place.chunk].load(std::memory_order_acquire);
    if (cells == nullptr) return false;
    value = cells[place.offset].load();
    return value.ordinal == ordinal;
  }

 private:
  // The first chunk has kFirst cells, and every further one doubles what there is.
  static constexpr std::size_t kFirst = 8;
  static constexpr std::size_t kChunks = 16;
  static_assert(kFirst << (kChunks - 1) == kMaxCapacity);

  struct Place {
    std::size_t chunk;
    std::size_t offset;
  };
  Place place_of(std::uint64_t ordinal) const {
    const std::size_t index = (ordinal - 1) % capacity_;
    const auto chunk = static_cast<std::size_t>(std::bit_width(index / kFirst));
    return {chunk, index - begin_of(chunk)};
  }
  static std::size_t begin_of(std::size_t chunk) { return chunk == 0 ? 0 : kFirst << (chunk - 1); }
  std::size_t size_of(std::size_t chunk) const {
    return std::min(kFirst << chunk, capacity_) - begin_of(chunk);
  }

  const std::size_t capacity_;
  std::array<std::atomic<SeqCell<T>*>, kChunks> chunks_{};
};

}  // namespace qos::state
