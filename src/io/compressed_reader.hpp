// Text files line by line, plain, gzip or zstd, without ever holding more than a chunk and one line in
// memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace qos::io {

// Bytes in order, from wherever. One thread.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills the front of `out` (not empty) and returns how much; 0 at the end. After an error it returns
  // errors.
  virtual Result<std::size_t> read(std::span<char> out) = 0;
};

// The content of a file, unpacked: gzip (RFC 1952, any number of members) and zstd (RFC 8878, any number of
// frames) are known by their first bytes, anything else is plain. A name that ends in .gz or .zst and other
// first bytes is an error, so that a file cut off within them does not pass for text. Data that is cut off or
// damaged is an error with the path and the offset in the file, after everything before it was read.
Result<std::unique_ptr<ByteSource>> open_unpacked(const std::filesystem::path& path);

// One thread. Movable.
class LineReader {
 public:
  // A longer line is an error; it bounds the memory that a hostile or damaged file can take.
  static constexpr std::size_t kLineBytes = std::size_t{16} << 20;

  static Result<LineReader> open(const std::filesystem::path& path, std::size_t line_bytes = kLineBytes);

  // The next line without its '\n', valid until the next call; nullopt at the end. A last line need not end
  // in
  // '\n'. After an error there are no more lines, only errors.
  Result<std::optional<std::string_view>> next();
  // The number of the line that next() gave last, from 1; 0 before the first.
  std::uint64_t line() const { return line_; }

 private:
  LineReader(std::filesystem::path path, std::unique_ptr<ByteSource> source, std::size_t line_bytes);
  Result<std::size_t> fill();

  std::filesystem::path path_;
  std::unique_ptr<ByteSource> source_;
  std::size_t line_bytes_;
  std::uint64_t line_ = 0;
  std::string buffer_;  // [begin_, end_) is read and not yet given out
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace qos::io
