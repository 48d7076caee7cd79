// Frames made smaller. One a loop for all clients without a context; one for each client that has its own.
//
// Thread: the loop's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/ws/deflate.hpp"
#include "channel/frame.hpp"

namespace qos::api::ws {

// A message below this gains nothing without a context: its frame stays as it is.
inline constexpr std::size_t kLeastPacked = 64;

// Of the messages that were packed or found not to get smaller: their bytes, and those of what is sent.
struct PackedBytes {
  std::uint64_t before = 0;
  std::uint64_t after = 0;
};

class Packer {
 public:
  explicit Packer(PackedBytes& counted) : counted_{counted}, deflater_{Deflater::Context::none} {}
  Packer(PackedBytes& counted, Deflater::Context context, int window_bits)
      : counted_{counted}, context_{context}, deflater_{context, window_bits} {}

  // Makes the frame that begins at `begin` and ends with `out` smaller, if it gets smaller.
  void pack_last(std::string& out, std::size_t begin);
  // Appends whole frames, packed where they are messages that are worth it. Frames that are packed already
  // and control frames are appended as they are.
  void append(std::string& out, std::string_view frames);
  // The same of one frame; itself where nothing changes.
  channel::Frame pack(channel::Frame frame);

 private:
  bool is_worth(std::string_view frame) const;

  PackedBytes& counted_;
  Deflater::Context context_ = Deflater::Context::none;
  Deflater deflater_;
  std::string packed_;  // the memory of both serves every frame
  std::string frame_;
};

// A packed frame of a Packer without context as one that is not packed; others as they are.
std::string unpacked(std::string_view frame);

}  // namespace qos::api::ws
