#include "api/ws/packer.hpp"

#include <limits>

#include "api/ws/frame.hpp"
#include "core/result.hpp"

namespace qos::api::ws {

bool Packer::is_worth(std::string_view frame) const {
  return carries_message(frame) && !is_packed(frame) && payload_of(frame).size() >= kLeastPacked;
}

void Packer::append(std::string& out, std::string_view frames) {
  while (!frames.empty()) {
    const auto frame = first_frame(frames);
    frames.remove_prefix(frame.size());
    if (!is_worth(frame)) {
      out += frame;
      continue;
    }
    packed_.clear();
    deflater_.append(packed_, payload_of(frame));
    // What a context knows the client must hear, even if it got no smaller.
    const bool is_smaller = packed_.size() < payload_of(frame).size();
    const std::size_t before = out.size();
    if (is_smaller || context_ == Deflater::Context::kept) {
      append_frame_header(out, opcode_of(frame), packed_.size(), Payload::packed);
      out += packed_;
    } else {
      out += frame;
    }
    counted_.before += frame.size();
    counted_.after += out.size() - before;
  }
}

void Packer::pack_last(std::string& out, std::size_t begin) {
  const std::string_view frame{out.data() + begin, out.size() - begin};
  if (!is_worth(frame)) return;
  frame_.clear();
  append(frame_, frame);
  out.replace(begin, std::string::npos, frame_);
}

channel::Frame Packer::pack(channel::Frame frame) {
  if (!is_worth(*frame)) return frame;
  std::string packed;
  append(packed, *frame);
  return channel::make_frame(std::move(packed));
}

std::string unpacked(std::string_view frame) {
  if (!is_packed(frame)) return std::string{frame};
  Inflater inflater;
  // It is one of our own.
  const auto message = inflater.inflate(payload_of(frame), std::numeric_limits<std::size_t>::max() / 2);
  QOS_ASSERT(message);
  std::string out;
  append_frame_header(out, opcode_of(frame), message->size());
  return out += *message;
}

}  // namespace qos::api::ws
