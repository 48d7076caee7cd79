// Reads a segment's file through a buffer: headers, to hop, and whole blocks.
//
// One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "io/disk.hpp"
#include "journal/block.hpp"

namespace qos::journal {

// What is at a place of the file.
struct BlockAt {
  std::optional<BlockHeader> header;  // nullopt: no block, or a damaged one
  std::string reason;                 // then what was expected and seen
  bool at_end = false;                // then: the file ends here or before the block does
};

class BlockFile {
 public:
  // The file must outlive it.
  explicit BlockFile(io::DiskFile& file) : file_{&file} {}

  // Looks at the header alone. Errors are the disk's, here and below.
  Result<BlockAt> header_at(std::uint64_t offset);
  // Its events take the place of what is in `out`.
  Result<BlockAt> block_at(std::uint64_t offset, std::vector<SequencedEvent>& out);
  // Where the first whole block at `from` or behind it begins; nullopt: there is none.
  Result<std::optional<std::uint64_t>> find_block(std::uint64_t from);
  // Whether a block at `from` or behind it was begun when `missing` was on the disk: then what is missing
  // there is damage, not an interrupted write. Stops at the first one that says so.
  struct Behind {
    std::optional<std::uint64_t> offset;  // of the first whole block that does not begin before `missing`
    Sequence first;                       // its first event
    bool was_durable = false;
  };
  Result<Behind> look_behind(std::uint64_t from, Sequence missing);
  // The file may have changed: what was read ahead does not count any more.
  void forget() { filled_ = 0; }

 private:
  // Bytes at `offset`, at least `least` of them unless the file ends; good until the next call.
  Result<std::span<const std::byte>> bytes_at(std::uint64_t offset, std::size_t least);

  io::DiskFile* file_;
  std::vector<std::byte> buffer_;
  std::uint64_t begin_ = 0;
  std::size_t filled_ = 0;
};

}  // namespace qos::journal
