#include "journal/segment.hpp"

#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "core/bytes.hpp"
#include "journal/block_file.hpp"

namespace qos::journal {
namespace {

constexpr std::size_t kChecked = offsetof(SegmentHeader, header_check);
constexpr std::size_t kDigits = 20;              // of the largest sequence
constexpr std::uint32_t kMostNames = 64U << 20;  // bytes; a million instruments have 10 MB of codes
constexpr int kNamesLevel = 3;

std::string file_name(Sequence first, std::string_view suffix) {
  return fmt::format("{:020}{}", first.value(), suffix);
}

void write_list(ByteWriter& out, const std::vector<std::string>& list) {
  out.varint(list.size());
  for (const auto& name : list) out.text(name);
}

std::vector<std::string> read_list(ByteReader& in) {
  std::vector<std::string> list;
  for (auto count = in.count(); count > 0 && in.ok(); --count) list.emplace_back(in.text());
  return list;
}

Result<Names> read_names(std::string_view stored, const SegmentHeader& header) {
  if (const auto check = XXH3_64bits(stored.data(), stored.size()); check != header.names_check)
    return fail("the names have checksum {:016x}, the header says {:016x}", check, header.names_check);
  std::string plain(header.names_size, '\0');
  const auto got = ZSTD_decompress(plain.data(), plain.size(), stored.data(), stored.size());
  if (ZSTD_isError(got) != 0) return fail("the names: {}", ZSTD_getErrorName(got));
  ByteReader in{std::string_view{plain}.substr(0, got)};
  Names names{.instruments = read_list(in), .calendars = read_list(in), .feeds = read_list(in)};
  if (!in.ok() || !in.at_end()) return fail("the names are not three lists in {} bytes", got);
  return names;
}

Result<SegmentHeader> read_header(io::DiskFile& file) {
  SegmentHeader header;
  const auto got = file.read_at(0, std::as_writable_bytes(std::span{&header, 1}));
  if (!got) return std::unexpected{got.error()};
  if (*got < sizeof header) return fail("a segment's header has {} bytes, the file {}", sizeof header, *got);
  if (header.magic != kSegmentMagic)
    return fail("a segment begins with {:#010x}, here is {:#010x}", kSegmentMagic, header.magic);
  // Before the checksum: another version may have it elsewhere.
  if (header.version != kJournalVersion)
    return fail("the segment has version {}, this program reads version {}", header.version, kJournalVersion);
  if (const auto check = XXH3_64bits(&header, kChecked); check != header.header_check)
    return fail("the segment's header has checksum {:016x}, it says {:016x}", check, header.header_check);
  if (header.names_bytes > kMostNames || header.names_size > kMostNames || header.first_sequence == 0)
    return fail("a segment from sequence {} with {} bytes of names, at most {}", header.first_sequence,
                std::max(header.names_bytes, header.names_size), kMostNames);
  return header;
}

// Walks over the blocks of a file, and over what is none.
class Scanner {
 public:
  Scanner(io::DiskFile& file, SegmentStart start) : file_{&file}, blocks_{file} {
    scan_.end = start.bytes;
    scan_.last = Sequence{start.first.value() - 1};
    scan_.start = std::move(start);
  }

  Result<Scan> run() {
    const auto size = file_->size();
    if (!size) return std::unexpected{size.error()};
    for (at_ = scan_.end; at_ < *size;) {
      const auto found = blocks_.block_at(at_, events_);
      if (!found) return std::unexpected{found.error()};
      if (found->header && found->header->first() == missing()) {
        take(*found->header);
        continue;
      }
      const auto reason = found->header ? fmt::format("a block with sequence {}, here is {}",
                                                      missing().value(), found->header->first_sequence)
                                        : found->reason;
      const auto went_on = pass_bad_place(reason);
      if (!went_on) return std::unexpected{went_on.error()};
      if (!*went_on) {
        scan_.torn_reason = reason;
        break;
      }
    }
    scan_.torn = *size > scan_.end ? *size - scan_.end : 0;
    return std::move(scan_);
  }

 private:
  Sequence missing() const { return Sequence{scan_.last.value() + 1}; }

  void take(const BlockHeader& header) {
    at_ += header.bytes();
    scan_.end = at_;
    scan_.last = header.last();
    if (scan_.events == 0) scan_.first_received = from_unix_nanos(header.first_received);
    scan_.last_received = from_unix_nanos(header.last_received);
    scan_.events += header.events;
  }

  // Finds where it goes on, if what is missing was on the disk once. False: nothing says so, it is torn here.
  Result<bool> pass_bad_place(const std::string& reason) {
    const auto behind = blocks_.look_behind(at_, missing());
    if (!behind) return std::unexpected{behind.error()};
    if (!behind->was_durable) return false;
    const auto next = blocks_.header_at(*behind->offset);
    if (!next) return std::unexpected{next.error()};
    scan_.damage.push_back(
        {.offset = at_,
         .bytes = *behind->offset - at_,
         .expected = missing(),
         .next = behind->first,
         .received_before = scan_.events > 0 ? std::optional{scan_.last_received} : std::nullopt,
         .received_after = from_unix_nanos(next->header->first_received),
         .reason = reason});
    at_ = *behind->offset;
    scan_.last = Sequence{behind->first.value() - 1};
    return true;
  }

  io::DiskFile* file_;
  BlockFile blocks_;
  std::vector<SequencedEvent> events_;
  std::uint64_t at_ = 0;
  Scan scan_;
};

}  // namespace

std::string segment_file_name(Sequence first) {
  return file_name(first, kSegmentSuffix);
}

std::string archive_file_name(Sequence first) {
  return file_name(first, kArchiveSuffix);
}

std::optional<Sequence> first_sequence_of(std::string_view file_name) {
  const auto digits = file_name.substr(0, kDigits);
  const auto suffix = file_name.substr(digits.size());
  if (suffix != kSegmentSuffix && suffix != kArchiveSuffix) return std::nullopt;
  std::uint64_t first = 0;
  const auto* const end = digits.data() + digits.size();
  const auto [rest, problem] = std::from_chars(digits.data(), end, first);
  if (problem != std::errc{} || rest != end || first == 0) return std::nullopt;
  return Sequence{first};
}

std::string segment_header(Epoch epoch, Sequence first, UnixNanos created, const Names& names) {
  std::string plain;
  ByteWriter write{plain};
  write_list(write, names.instruments);
  write_list(write, names.calendars);
  write_list(write, names.feeds);
  QOS_ASSERT(plain.size() <= kMostNames && first.value() > 0);

  std::string out(sizeof(SegmentHeader) + ZSTD_compressBound(plain.size()), '\0');
  const auto size = ZSTD_compress(out.data() + sizeof(SegmentHeader), out.size() - sizeof(SegmentHeader),
                                  plain.data(), plain.size(), kNamesLevel);
  QOS_ASSERT(ZSTD_isError(size) == 0);  // there is room enough, so nothing can go wrong
  out.resize(sizeof(SegmentHeader) + size);
  SegmentHeader header{.magic = kSegmentMagic,
                       .version = kJournalVersion,
                       .zero = {},
                       .epoch = epoch.value(),
                       .first_sequence = first.value(),
                       .created = unix_nanos(created),
                       .names_bytes = static_cast<std::uint32_t>(size),
                       .names_size = static_cast<std::uint32_t>(plain.size()),
                       .names_check = XXH3_64bits(out.data() + sizeof(SegmentHeader), size),
                       .header_check = 0};
  header.header_check = XXH3_64bits(&header, kChecked);
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

Result<SegmentStart> read_segment_start(io::DiskFile& file) {
  const auto header = read_header(file);
  if (!header) return std::unexpected{header.error()};
  std::string stored(header->names_bytes, '\0');
  const auto got = file.read_at(sizeof *header, std::as_writable_bytes(std::span{stored}));
  if (!got) return std::unexpected{got.error()};
  if (*got < stored.size()) return fail("the names have {} bytes, {} are there", stored.size(), *got);
  auto names = read_names(stored, *header);
  if (!names) return std::unexpected{names.error()};
  return SegmentStart{.epoch = Epoch{header->epoch},
                      .first = Sequence{header->first_sequence},
                      .created = from_unix_nanos(header->created),
                      .names = std::move(*names),
                      .bytes = sizeof *header + stored.size()};
}

Result<Scan> scan_segment(io::DiskFile& file) {
  auto start = read_segment_start(file);
  if (!start) return std::unexpected{start.error()};
  return Scanner{file, std::move(*start)}.run();
}

}  // namespace qos::journal
