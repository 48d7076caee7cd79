// Any bytes as a block and as a segment: refused or read, never past their end; what is read can be written
// and read again.
#include <algorithm>
#include <cstdint>

#include "journal/block.hpp"
#include "journal/event_columns.hpp"
#include "journal/number_column.hpp"
#include "journal/segment.hpp"

namespace {

using namespace qos;

// A file of these bytes, and nothing else.
class Bytes final : public io::DiskFile {
 public:
  explicit Bytes(std::span<const std::byte> bytes) : bytes_{bytes} {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    const auto from = std::min<std::size_t>(offset, bytes_.size());
    const auto some = bytes_.subspan(from, std::min(into.size(), bytes_.size() - from));
    std::ranges::copy(some, into.begin());
    return some.size();
  }
  Result<void> write_at(std::uint64_t, std::span<const std::byte>) override { return fail("read only"); }
  Result<void> sync() override { return fail("read only"); }
  Result<void> truncate(std::uint64_t) override { return fail("read only"); }
  Result<std::uint64_t> size() override { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
};

// Checksums keep mutations away from the columns, so these are tried without.
void read_as_columns(std::span<const std::byte> bytes) {
  if (bytes.size() < 3) return;
  const auto count =
      std::size_t{1} + static_cast<std::size_t>(bytes[0]) * 16 + static_cast<std::size_t>(bytes[1]);
  std::string columns{reinterpret_cast<const char*>(bytes.data()) + 2, bytes.size() - 2};
  const auto size = columns.size();
  columns.append(journal::kReadBeyond, '\0');
  std::vector<SequencedEvent> events;
  const journal::ColumnsFrame frame{.first = Sequence{1}, .first_received = {}, .events = count};
  if (!journal::read_columns(std::string_view{columns}.substr(0, size), frame, events)) return;
  QOS_ASSERT(events.size() == count);
  std::string block;
  journal::append_block(events, block);
  std::vector<SequencedEvent> again;
  QOS_ASSERT(journal::read_block(std::as_bytes(std::span{block}), again).has_value());
  QOS_ASSERT(again == events);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes{reinterpret_cast<const std::byte*>(data), size};
  std::vector<SequencedEvent> events;
  static_cast<void>(journal::read_block(bytes, events));
  read_as_columns(bytes);
  Bytes file{bytes};
  if (const auto scan = journal::scan_segment(file)) QOS_ASSERT(scan->end + scan->torn == size);
  return 0;
}
