// The frames that the limit program pushes: one by instrument, encoded before the first client comes. Only
// the stamp changes. A frame is 176 bytes with its header of 4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench_codes.hpp"

namespace qos::bench {

class FrameBook {
 public:
  explicit FrameBook(std::size_t instruments);

  std::size_t size() const { return slots_.size(); }
  // Writes the time into the frame: whoever is sent it from now on sees it.
  void stamp(std::size_t instrument, std::uint64_t monotonic_ns);
  const char* at(std::size_t instrument) const { return slots_[instrument].bytes; }

 private:
  // Three cache lines, so that no frame shares one with another.
  struct alignas(64) Slot {
    char bytes[kPushBytes];
  };

  std::vector<Slot> slots_;
  std::size_t stamp_at_ = 0;
};

}  // namespace qos::bench
