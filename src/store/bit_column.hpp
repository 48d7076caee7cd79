// A column of unsigned numbers in as few bits as they need: the bottom layer of the K-line chunks. A column
// is stored in the smallest of a few ways; docs/formats/kline_store.md names them.
//
// Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace qos::store {

using Bytes = std::vector<std::byte>;

// Numbers near zero of either sign become small: 0, -1, 1, -2 -> 0, 1, 2, 3. For all 64 bits.
constexpr std::uint64_t zigzag(std::uint64_t signed_value) {
  return (signed_value << 1) ^ (std::uint64_t{0} - (signed_value >> 63));
}
constexpr std::uint64_t unzigzag(std::uint64_t value) {
  return (value >> 1) ^ (std::uint64_t{0} - (value & 1));
}

// Seven bits a byte, the lowest first.
void append_varint(Bytes& out, std::uint64_t value);

// The bytes that are still to be read. What runs past the end makes it bad for good and reads zeros.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes)
      : at_{bytes.data()}, end_{bytes.data() + bytes.size()} {}

  std::uint8_t byte();
  std::uint64_t varint();
  std::span<const std::byte> take(std::size_t count);
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  bool good() const { return good_; }
  void fail() {
    good_ = false;
    at_ = end_;
  }

 private:
  const std::byte* at_;
  const std::byte* end_;
  bool good_ = true;
};

// Eight bytes from `at` as a little-endian number; what lies past `end` counts as zero.
inline std::uint64_t load_up_to_8(const std::byte* at, const std::byte* end) {
  std::uint64_t value = 0;
  if (at == end) return value;
  std::memcpy(&value, at, end - at >= 8 ? 8 : static_cast<std::size_t>(end - at));
  return value;
}

void append_column(Bytes& out, std::span<const std::uint64_t> values);

// Fills `values`, whose size the caller knows. Damaged bytes make the reader bad.
void read_column(ByteReader& in, std::span<std::uint64_t> values);

}  // namespace qos::store
