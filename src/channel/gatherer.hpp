// Puts the frames of a share one behind the other, so that a client's share is one call of the kernel's with
// one piece of memory. Clients that hear the same get the same bytes: what was put together for the one
// before is not put together again.
//
// Thread: the loop's.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "channel/batch.hpp"

namespace qos::channel {

class Gatherer {
 public:
  Gatherer();

  struct Gathered {
    std::string_view bytes;  // valid until the next call, or until the batch grows
    std::size_t frames = 0;  // whole ones, at least one
  };
  // As many of `frames`, of which there is one at least, as one call should carry.
  Gathered gather(const Batch& batch, std::span<const Batch::Index> frames);
  // The batch was cleared: its indexes mean other frames from now on.
  void forget() { last_ = {}; }

 private:
  std::unique_ptr<char[]> buffer_;
  std::span<const Batch::Index> last_;  // what lies in the buffer; of the share before, still valid
  std::size_t size_ = 0;
};

}  // namespace qos::channel
