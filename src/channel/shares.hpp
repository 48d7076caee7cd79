// Who gets which frames of a batch. Each frame names its listeners; in the end each listener is given his
// frames, in their order, as one list.
//
// A counting sort: what is written per frame and listener is eight bytes behind the last eight, and a count
// in a table that stays in the cache, so that a thousand listeners cost no walk through a thousand objects.
//
// Thread: the loop's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "channel/batch.hpp"

namespace qos::channel {

class Shares {
 public:
  using Slot = std::uint32_t;  // a listener's, small and dense

  // The frame goes to all of them. Frames come in rising order.
  void add(Batch::Index frame, std::span<const Slot> listeners);

  // Frames times listeners.
  std::size_t size() const { return parts_.size(); }

  // Calls give(Slot, std::span<const Batch::Index>, Slot soon) for everyone who has a share, then forgets
  // all. `soon` is given to some calls later: what it needs may be asked for from memory. The lists are valid
  // until the next add().
  template <typename Give>
  void give_out(Give&& give) {
    sort();
    std::size_t begin = 0;
    for (std::size_t place = 0; place < touched_.size(); ++place) {
      const Slot slot = touched_[place];
      const std::size_t count = counts_[slot];
      counts_[slot] = 0;
      give(slot, std::span<const Batch::Index>{sorted_.data() + begin, count},
           touched_[std::min(place + kSoon, touched_.size() - 1)]);
      begin += count;
    }
    forget();
  }

 private:
  static constexpr std::size_t kSoon = 2;
  struct Part {
    Slot slot;
    Batch::Index frame;
  };
  void sort();
  void forget();

  std::vector<Part> parts_;
  std::vector<std::uint32_t> counts_;  // by slot; 0 between two turns
  std::vector<std::uint32_t> places_;  // by slot, where its next frame goes
  std::vector<Slot> touched_;
  std::vector<Batch::Index> sorted_;
};

}  // namespace qos::channel
