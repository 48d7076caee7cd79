// Numbers as bytes and back, for formats that are written once and read for years: checkpoints, journal
// blocks, names. Little-endian; varints are LEB128, signed ones zigzag first.
//
// A reader never throws and never reads past its end: the first thing that does not fit makes ok() false and
// everything after it zero, so that a decoder checks once at its end.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/decimal.hpp"

namespace qos {

__extension__ using UInt128 = unsigned __int128;

static_assert(std::endian::native == std::endian::little);

constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_{&out} {}

  template <typename T>
    requires std::is_integral_v<T>
  void fixed(T value) {
    out_->append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      *out_ += static_cast<char>(value | 0x80);
      value >>= 7;
    }
    *out_ += static_cast<char>(value);
  }
  void signed_varint(std::int64_t value) { varint(zigzag(value)); }
  void varint128(Int128 value) {
    const auto sign = value < 0 ? ~UInt128{0} : 0;
    auto rest = (static_cast<UInt128>(value) << 1) ^ sign;
    while (rest >= 0x80) {
      *out_ += static_cast<char>(static_cast<std::uint8_t>(rest) | 0x80);
      rest >>= 7;
    }
    *out_ += static_cast<char>(rest);
  }
  // Its length, then its bytes.
  void text(std::string_view value) {
    varint(value.size());
    out_->append(value);
  }

 private:
  std::string* out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : rest_{bytes} {}
  explicit ByteReader(std::string_view bytes) : rest_{std::as_bytes(std::span{bytes})} {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }

  template <typename T>
    requires std::is_integral_v<T>
  T fixed() {
    T value{};
    if (rest_.size() < sizeof value) return give_up(value);
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_ = rest_.subspan(sizeof value);
    return value;
  }
  std::uint64_t varint() { return static_cast<std::uint64_t>(unsigned_of(64)); }
  std::int64_t signed_varint() { return unzigzag(varint()); }
  Int128 varint128() {
    const auto value = unsigned_of(128);
    return static_cast<Int128>(value >> 1) ^ -static_cast<Int128>(value & 1);
  }
  // A count of things of which each takes at least `least` bytes: one that the rest cannot hold is refused,
  // so nobody reserves memory for it.
  std::size_t count(std::size_t least = 1) {
    const auto value = varint();
    return value <= rest_.size() / least ? static_cast<std::size_t>(value) : give_up(std::size_t{0});
  }
  // Good as long as the bytes are.
  std::string_view text() { return bytes(count()); }
  std::string_view bytes(std::size_t size) {
    if (size > rest_.size()) return give_up(std::string_view{});
    const std::string_view value{reinterpret_cast<const char*>(rest_.data()), size};
    rest_ = rest_.subspan(size);
    return value;
  }

 private:
  template <typename T>
  T give_up(T value) {
    ok_ = false;
    rest_ = {};
    return value;
  }
  UInt128 unsigned_of(int bits) {
    UInt128 value = 0;
    for (int shift = 0; !rest_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_ = rest_.subspan(1);
      if (shift + 7 > bits && (byte & 0x7F) >> (bits - shift) != 0) break;
      value |= static_cast<UInt128>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
      if (shift + 7 >= bits) break;
    }
    return give_up(UInt128{0});
  }

  std::span<const std::byte> rest_;
  bool ok_ = true;
};

}  // namespace qos
