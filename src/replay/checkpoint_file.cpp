#include "replay/checkpoint_file.hpp"

#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <charconv>

#include "core/bytes.hpp"
#include "core/crash_point.hpp"

namespace qos::replay {
namespace {

// docs/formats/checkpoint.md
constexpr std::uint32_t kMagic = 0x43'53'4F'51;  // "QOSC"
constexpr std::uint8_t kVersion = 1;
constexpr std::string_view kSuffix = ".qosc";
constexpr std::string_view kUnfinished = ".unfinished";
constexpr std::size_t kFooterBytes = 32;
// The bytes of an instrument with everything kept are a few megabytes.
constexpr std::uint64_t kLargestPart = std::uint64_t{1} << 30;
constexpr std::uint64_t kLargestIndex = std::uint64_t{1} << 28;
constexpr int kLevel = 1;  // taken every few minutes: the processor's time is dearer than the disk's space

std::uint64_t checksum_of(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text});
}

Result<std::string> read(io::DiskFile& file, std::string_view name, std::uint64_t offset,
                         std::uint64_t size) {
  std::string bytes(size, '\0');
  const auto got = file.read_at(offset, std::as_writable_bytes(std::span{bytes}));
  if (!got) return std::unexpected{got.error()};
  if (*got != size) return fail("{}: {} bytes at offset {}, expected {}", name, *got, offset, size);
  return bytes;
}

// checkpoints/00000000000000012345.qosc
std::string file_name(Sequence first) {
  return fmt::format("{:020}{}", first.value(), kSuffix);
}

struct Footer {
  std::uint64_t index_offset = 0;
  std::uint64_t index_size = 0;
  std::uint64_t index_checksum = 0;
};

Result<Footer> read_footer(io::DiskFile& file, std::string_view name) {
  const auto size = file.size();
  if (!size) return std::unexpected{size.error()};
  if (*size < kFooterBytes)
    return fail("{}: {} bytes, a checkpoint has at least {}", name, *size, kFooterBytes);
  const auto bytes = read(file, name, *size - kFooterBytes, kFooterBytes);
  if (!bytes) return std::unexpected{bytes.error()};
  ByteReader in{*bytes};
  const Footer footer{in.fixed<std::uint64_t>(), in.fixed<std::uint64_t>(), in.fixed<std::uint64_t>()};
  const auto magic = in.fixed<std::uint32_t>();
  const auto version = in.fixed<std::uint32_t>();
  if (magic != kMagic) return fail("{}: ends with {:08x}, a checkpoint with {:08x}", name, magic, kMagic);
  if (version != kVersion)
    return fail("{}: checkpoint format {}, this program reads {}", name, version, kVersion);
  const auto before_footer = *size - kFooterBytes;
  if (footer.index_size > std::min(kLargestIndex, before_footer) ||
      footer.index_offset != before_footer - footer.index_size)
    return fail("{}: its index is said to be {} bytes at {}, the file has {}", name, footer.index_size,
                footer.index_offset, *size);
  return footer;
}

void append_facts(ByteWriter& out, const CheckpointFacts& facts) {
  out.varint(facts.epoch.value());
  out.varint(facts.first.value());
  out.varint(facts.last.value());
  out.signed_varint(unix_nanos(facts.received));
  out.varint(facts.handed_over.size());
  for (const auto& [feed, events] : facts.handed_over) {
    out.text(feed);
    out.varint(events);
  }
}

CheckpointFacts read_facts(ByteReader& in) {
  CheckpointFacts facts;
  facts.epoch = journal::Epoch{in.varint()};
  facts.first = Sequence{in.varint()};
  facts.last = Sequence{in.varint()};
  facts.received = from_unix_nanos(in.signed_varint());
  for (auto feeds = in.count(2); feeds > 0; --feeds) {
    std::string feed{in.text()};
    facts.handed_over.insert_or_assign(std::move(feed), in.varint());
  }
  return facts;
}

}  // namespace

CheckpointWriter::CheckpointWriter(io::Disk& disk, std::filesystem::path folder, Sequence first)
    : disk_{&disk},
      folder_{std::move(folder)},
      path_{folder_ / file_name(first)},
      unfinished_{path_.string() + std::string{kUnfinished}} {}

Result<CheckpointWriter> CheckpointWriter::begin(io::Disk& disk, const std::filesystem::path& folder,
                                                 Sequence first) {
  CheckpointWriter writer{disk, folder, first};
  if (auto made = disk.make_folder(folder); !made) return std::unexpected{made.error()};
  if (disk.exists(writer.unfinished_))
    if (auto removed = disk.remove(writer.unfinished_); !removed) return std::unexpected{removed.error()};
  auto file = disk.open(writer.unfinished_, io::Disk::Open::create);
  if (!file) return std::unexpected{file.error()};
  writer.file_ = std::move(*file);
  return writer;
}

Result<void> CheckpointWriter::add(std::string_view code, std::string_view bytes) {
  packed_.resize(ZSTD_compressBound(bytes.size()));
  const auto size = ZSTD_compress(packed_.data(), packed_.size(), bytes.data(), bytes.size(), kLevel);
  QOS_ASSERT(!ZSTD_isError(size));
  packed_.resize(size);
  if (auto written = file_->write_at(offset_, bytes_of(packed_)); !written) return written;
  rows_.push_back({std::string{code}, offset_, size, bytes.size(), checksum_of(packed_)});
  offset_ += size;
  if (rows_.size() == 1) crash_point("checkpoint.first_part");
  return {};
}

Result<void> CheckpointWriter::finish(const CheckpointFacts& facts) {
  crash_point("checkpoint.parts_written");
  std::string end;
  ByteWriter out{end};
  append_facts(out, facts);
  out.varint(rows_.size());
  for (const CheckpointRow& row : rows_) {
    out.text(row.code);
    out.varint(row.stored);
    out.varint(row.size);
    out.fixed(row.checksum);
  }
  const auto index_size = end.size();
  const auto index_checksum = checksum_of(end);
  out.fixed(offset_);
  out.fixed(static_cast<std::uint64_t>(index_size));
  out.fixed(index_checksum);
  out.fixed(kMagic);
  out.fixed(std::uint32_t{kVersion});
  if (auto written = file_->write_at(offset_, bytes_of(end)); !written) return written;
  if (auto synced = file_->sync(); !synced) return synced;
  file_.reset();
  crash_point("checkpoint.finished");
  if (auto renamed = disk_->rename(unfinished_, path_); !renamed) return renamed;
  crash_point("checkpoint.renamed");
  return disk_->sync_folder(folder_);
}

Result<CheckpointFile> CheckpointFile::open(io::Disk& disk, const std::filesystem::path& path) {
  auto opened = disk.open(path, io::Disk::Open::read);
  if (!opened) return std::unexpected{opened.error()};
  CheckpointFile checkpoint;
  checkpoint.name_ = path.string();
  checkpoint.file_ = std::move(*opened);
  const auto footer = read_footer(*checkpoint.file_, checkpoint.name_);
  if (!footer) return std::unexpected{footer.error()};
  const auto index = read(*checkpoint.file_, checkpoint.name_, footer->index_offset, footer->index_size);
  if (!index) return std::unexpected{index.error()};
  if (checksum_of(*index) != footer->index_checksum)
    return fail("{}: the checksum of its index is {:016x}, expected {:016x}", checkpoint.name_,
                checksum_of(*index), footer->index_checksum);

  ByteReader in{*index};
  checkpoint.facts_ = read_facts(in);
  std::uint64_t offset = 0;
  for (auto rows = in.count(11); rows > 0; --rows) {
    CheckpointRow row{.code = std::string{in.text()}, .offset = offset};
    row.stored = in.varint();
    row.size = in.varint();
    row.checksum = in.fixed<std::uint64_t>();
    if (row.stored > footer->index_offset - offset || row.size > kLargestPart)
      return fail("{}: part '{}' of {} bytes at {} does not fit", checkpoint.name_, row.code, row.stored,
                  offset);
    offset += row.stored;
    checkpoint.by_code_.emplace(row.code, checkpoint.rows_.size());
    checkpoint.rows_.push_back(std::move(row));
  }
  if (!in.ok() || !in.at_end()) return fail("{}: its index ends too early or too late", checkpoint.name_);
  if (checkpoint.rows_.empty() || !checkpoint.rows_.front().code.empty())
    return fail("{}: its first part must be the one of no instrument", checkpoint.name_);
  return checkpoint;
}

std::vector<std::string_view> CheckpointFile::codes() const {
  std::vector<std::string_view> codes;
  codes.reserve(rows_.size());
  for (const CheckpointRow& row : rows_) codes.push_back(row.code);
  return codes;
}

Result<std::string> CheckpointFile::stored_bytes(const CheckpointRow& row) const {
  auto bytes = read(*file_, name_, row.offset, row.stored);
  if (bytes && checksum_of(*bytes) != row.checksum)
    return fail("{}: part '{}' at offset {}: checksum {:016x}, expected {:016x}", name_, row.code, row.offset,
                checksum_of(*bytes), row.checksum);
  return bytes;
}

Result<std::optional<std::string>> CheckpointFile::part(std::string_view code) const {
  const auto found = by_code_.find(code);
  if (found == by_code_.end()) return std::nullopt;
  const CheckpointRow& row = rows_[found->second];
  const auto stored = stored_bytes(row);
  if (!stored) return std::unexpected{stored.error()};
  // Before room is made for it.
  if (ZSTD_getFrameContentSize(stored->data(), stored->size()) != row.size)
    return fail("{}: part '{}' is no zstd frame of {} bytes", name_, row.code, row.size);
  std::string bytes(row.size, '\0');
  const auto size = ZSTD_decompress(bytes.data(), bytes.size(), stored->data(), stored->size());
  if (ZSTD_isError(size) || size != row.size)
    return fail("{}: part '{}' is no zstd frame of {} bytes", name_, row.code, row.size);
  return bytes;
}

Result<void> CheckpointFile::check() const {
  for (const CheckpointRow& row : rows_)
    if (const auto bytes = stored_bytes(row); !bytes) return std::unexpected{bytes.error()};
  return {};
}

Result<std::vector<CheckpointPlace>> checkpoints_in(io::Disk& disk, const std::filesystem::path& folder) {
  const auto names = disk.list(folder);
  if (!names) return std::unexpected{names.error()};
  std::vector<CheckpointPlace> places;
  for (const auto& name : *names) {
    if (!name.ends_with(kSuffix)) continue;
    std::uint64_t first = 0;
    const char* end = name.data() + name.size() - kSuffix.size();
    const auto read = std::from_chars(name.data(), end, first);
    if (read.ec == std::errc{} && read.ptr == end) places.push_back({Sequence{first}, folder / name});
  }
  std::ranges::sort(places, {}, &CheckpointPlace::first);
  return places;
}

Result<void> remove_unfinished(io::Disk& disk, const std::filesystem::path& folder) {
  const auto names = disk.list(folder);
  if (!names) return std::unexpected{names.error()};
  for (const auto& name : *names)
    if (name.ends_with(kUnfinished))
      if (auto removed = disk.remove(folder / name); !removed) return removed;
  return {};
}

}  // namespace qos::replay
