// A column of unsigned numbers in few bits: what an event's values become in a block. Frames of 64 values,
// each with the width that makes it smallest; the few values that do not fit are patched in.
// docs/formats/journal.md, "A column".
//
// Pure; any thread, an object by one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/bytes.hpp"

namespace qos::journal {

inline constexpr std::size_t kFrame = 64;

// How far a reader looks past the end of a column's bytes, which must be readable.
inline constexpr std::size_t kReadBeyond = 8;

// Writes columns. Kept from block to block, it allocates nothing in the long run.
class ColumnWriter {
 public:
  // The column's size in bytes, then the column.
  void append(std::span<const std::uint64_t> values, std::string& out);

 private:
  std::vector<char> bytes_;
};

// Hands out the values of a column one by one. Bytes that are no such column make it bad for good; then it
// hands out zeros.
class ColumnReader {
 public:
  ColumnReader() = default;
  // Takes the column from `in`; it has `count` values.
  ColumnReader(ByteReader& in, std::size_t count);

  std::uint64_t next() {
    if (at_ == kFrame) refill();
    return values_[at_++];
  }
  // Everything was as it should be, and there is nothing left.
  bool ended_well() const { return good_ && left_ == 0 && at_ == filled_ && in_.ok() && in_.at_end(); }

 private:
  void refill();
  void read_frame(std::size_t count);
  void give_up();

  alignas(64) std::array<std::uint64_t, kFrame> values_;
  std::size_t at_ = kFrame;
  std::size_t filled_ = kFrame;  // the values end here
  std::size_t left_ = 0;         // values that no frame has brought yet
  ByteReader in_{std::string_view{}};
  bool same_ = true;  // all values are the one in values_
  bool good_ = true;
};

}  // namespace qos::journal
