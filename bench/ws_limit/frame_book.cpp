#include "frame_book.hpp"

#include <cstring>
#include <stdexcept>

#include "ws_payload.hpp"

namespace qos::bench {
namespace {

constexpr std::size_t kHeader = 4;

}  // namespace

FrameBook::FrameBook(std::size_t instruments) : slots_(instruments) {
  for (std::size_t i = 0; i < instruments; ++i) {
    const auto payload = ws_payload(i);
    if (payload.size() + kHeader != kPushBytes)
      throw std::runtime_error(
          fmt::format("a push has {} bytes, not {}", payload.size() + kHeader, kPushBytes));
    auto* bytes = slots_[i].bytes;
    bytes[0] = static_cast<char>(0x81);
    bytes[1] = 126;
    bytes[2] = 0;
    bytes[3] = static_cast<char>(payload.size());
    std::memcpy(bytes + kHeader, payload.data(), payload.size());
    stamp_at_ = kHeader + stamp_place(payload);
  }
}

void FrameBook::stamp(std::size_t instrument, std::uint64_t monotonic_ns) {
  write_stamp(slots_[instrument].bytes + stamp_at_, monotonic_ns);
}

}  // namespace qos::bench
