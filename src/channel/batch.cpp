#include "channel/batch.hpp"

namespace qos::channel {
namespace {

// What a turn out of the ordinary needed is given back.
constexpr std::size_t kBytesKept = 4 << 20;

}  // namespace

const Frame& Batch::shared(Index index) {
  if (shared_.size() < frames_.size()) shared_.resize(frames_.size());
  Frame& frame = shared_[index];
  if (!frame) frame = make_frame(std::string{bytes(index)});
  return frame;
}

void Batch::clear() {
  bytes_.clear();
  if (bytes_.capacity() > kBytesKept) bytes_ = {};
  frames_.clear();
  labels_.clear();
  shared_.clear();
}

}  // namespace qos::channel
