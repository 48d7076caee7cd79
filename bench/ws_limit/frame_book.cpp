#include "frame_book.hpp"

#include <cstring>
#include <stdexcept>

namespace qos::bench {
namespace {

constexpr std::size_t kHeader = 4;
constexpr std::size_t kStampDigits = 19;

std::string payload_of(std::size_t instrument) {
  return fmt::format(
      R"({{"tp":"D","c":"{}","b":[{{"p":"100000.12345","v":"{:0{}}"}}],"a":[{{"p":"100001.12345","v":"12345678.12345678"}}],"ts":1790000000}})",
      bench_code(instrument), 0, kStampDigits);
}

}  // namespace

FrameBook::FrameBook(std::size_t instruments) : slots_(instruments) {
  for (std::size_t i = 0; i < instruments; ++i) {
    const auto payload = payload_of(i);
    if (payload.size() + kHeader != kPushBytes)
      throw std::runtime_error(
          fmt::format("a push has {} bytes, not {}", payload.size() + kHeader, kPushBytes));
    auto* bytes = slots_[i].bytes;
    bytes[0] = static_cast<char>(0x81);
    bytes[1] = 126;
    bytes[2] = 0;
    bytes[3] = static_cast<char>(payload.size());
    std::memcpy(bytes + kHeader, payload.data(), payload.size());
    stamp_at_ = kHeader + payload.find(R"("v":")") + 5;
  }
}

void FrameBook::stamp(std::size_t instrument, std::uint64_t monotonic_ns) {
  char* digit = slots_[instrument].bytes + stamp_at_ + kStampDigits;
  for (std::size_t i = 0; i < kStampDigits; ++i, monotonic_ns /= 10)
    *--digit = static_cast<char>('0' + monotonic_ns % 10);
}

}  // namespace qos::bench
