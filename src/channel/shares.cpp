#include "channel/shares.hpp"

#include <algorithm>

namespace qos::channel {
namespace {

// What a turn out of the ordinary needed is given back.
constexpr std::size_t kPartsKept = 1 << 19;

}  // namespace

void Shares::add(Batch::Index frame, std::span<const Slot> listeners) {
  if (listeners.empty()) return;
  // They lie in rising order.
  if (listeners.back() >= counts_.size()) {
    const std::size_t slots = std::max<std::size_t>(listeners.back() + 1, counts_.size() * 2);
    counts_.resize(slots);
    places_.resize(slots);
  }
  const std::size_t before = parts_.size();
  parts_.resize(before + listeners.size());
  Part* part = parts_.data() + before;
  for (const Slot slot : listeners) {
    if (counts_[slot]++ == 0) touched_.push_back(slot);
    *part++ = {slot, frame};
  }
}

void Shares::sort() {
  // Connections that came one after another lie so in memory, the kernel's too.
  std::ranges::sort(touched_);
  sorted_.resize(parts_.size());
  std::uint32_t place = 0;
  for (const Slot slot : touched_) {
    places_[slot] = place;
    place += counts_[slot];
  }
  for (const Part part : parts_) sorted_[places_[part.slot]++] = part.frame;
}

void Shares::forget() {
  touched_.clear();
  parts_.clear();
  if (parts_.capacity() > kPartsKept) {
    parts_ = {};
    sorted_ = {};
  }
}

}  // namespace qos::channel
