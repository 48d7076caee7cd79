#include "journal/block_file.hpp"

#include <algorithm>
#include <string_view>

namespace qos::journal {
namespace {

// Small blocks (a quiet night writes one every 5 ms) are read many at a time.
constexpr std::size_t kReadAhead = 64 << 10;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Result<std::span<const std::byte>> BlockFile::bytes_at(std::uint64_t offset, std::size_t least) {
  if (offset < begin_ || offset + least > begin_ + filled_) {
    // What was the end may not be it any more: everything is read again.
    if (buffer_.size() < least) buffer_.resize(std::max(least, kReadAhead));
    filled_ = 0;
    const auto got = file_->read_at(offset, buffer_);
    if (!got) return std::unexpected{got.error()};
    begin_ = offset;
    filled_ = *got;
  }
  return std::span<const std::byte>{buffer_}.first(filled_).subspan(
      static_cast<std::size_t>(offset - begin_));
}

Result<BlockAt> BlockFile::header_at(std::uint64_t offset) {
  const auto bytes = bytes_at(offset, sizeof(BlockHeader));
  if (!bytes) return std::unexpected{bytes.error()};
  const auto header = read_block_header(*bytes);
  if (header) return BlockAt{.header = *header};
  return BlockAt{.reason = header.error().message, .at_end = bytes->size() < sizeof(BlockHeader)};
}

Result<BlockAt> BlockFile::block_at(std::uint64_t offset, std::vector<SequencedEvent>& out) {
  auto found = header_at(offset);
  if (!found || !found->header) return found;
  const auto size = found->header->bytes();
  const auto bytes = bytes_at(offset, size);
  if (!bytes) return std::unexpected{bytes.error()};
  const auto read = read_block(*bytes, out);
  if (read) return found;
  return BlockAt{.reason = read.error().message, .at_end = bytes->size() < size};
}

Result<std::optional<std::uint64_t>> BlockFile::find_block(std::uint64_t from) {
  const std::uint32_t magic = kBlockMagic;
  const std::string_view mark{reinterpret_cast<const char*>(&magic), sizeof magic};
  std::vector<SequencedEvent> events;
  for (;;) {
    const auto bytes = bytes_at(from, kReadAhead);
    if (!bytes) return std::unexpected{bytes.error()};
    if (bytes->size() < mark.size()) return std::nullopt;
    const auto at = text_of(*bytes).find(mark);
    if (at == std::string_view::npos) {
      from += bytes->size() - mark.size() + 1;
      continue;
    }
    from += at;
    const auto found = block_at(from, events);
    if (!found) return std::unexpected{found.error()};
    if (found->header) return from;
    ++from;
  }
}

Result<BlockFile::Behind> BlockFile::look_behind(std::uint64_t from, Sequence missing) {
  Behind behind;
  while (!behind.was_durable) {
    const auto found = find_block(from);
    if (!found) return std::unexpected{found.error()};
    if (!*found) break;
    const auto block = header_at(**found);
    if (!block) return std::unexpected{block.error()};
    from = **found + block->header->bytes();
    if (block->header->first() < missing) continue;
    if (!behind.offset) {
      behind.offset = **found;
      behind.first = block->header->first();
    }
    behind.was_durable = block->header->durable >= missing.value();
  }
  return behind;
}

}  // namespace qos::journal
