#include "journal/repair.hpp"

#include <algorithm>
#include <span>

#include "journal/block_file.hpp"
#include "journal/lost_note.hpp"
#include "journal/segment.hpp"
#include "journal/whole_file.hpp"

namespace qos::journal {
namespace {

constexpr std::size_t kCopyBytes = 1 << 20;

// What is good in a segment behind a bad place.
struct Piece {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  Sequence first;
};

// Takes the damage of one segment out.
class SegmentRepair {
 public:
  SegmentRepair(io::Disk& disk, std::filesystem::path folder, std::span<const Damage> damage,
                std::vector<std::string>& aside)
      : disk_{&disk},
        folder_{std::move(folder)},
        path_{folder_ / damage.front().segment.name},
        damage_{damage},
        aside_{&aside} {}

  // The damaged bytes and what is good behind them are there a second time afterwards; the segment is as it
  // was.
  Result<void> copy() {
    if (damage_.front().whole) return {};
    auto file = disk_->open(path_, io::Disk::Open::read);
    if (!file) return std::unexpected{file.error()};
    file_ = std::move(*file);
    for (const auto& damage : damage_)
      if (auto done = set_aside(damage); !done) return done;
    const auto pieces = good_pieces();
    if (!pieces) return std::unexpected{pieces.error()};
    // The last one first: broken off, what is there is still the end of this segment.
    for (auto piece = pieces->rbegin(); piece != pieces->rend(); ++piece)
      if (auto done = make_segment(*piece); !done) return done;
    return {};
  }

  // The segment ends where it was damaged first.
  Result<void> cut() {
    const auto& first = damage_.front();
    if (first.whole) return move_whole();
    auto file = disk_->open(path_, io::Disk::Open::write);
    if (!file) return std::unexpected{file.error()};
    if (auto done = (*file)->truncate(first.offset); !done) return done;
    return (*file)->sync();
  }

 private:
  Result<void> set_aside(const Damage& damage) {
    if (damage.bytes == 0) return {};
    const auto name = fmt::format("{}.{}.damaged", damage.segment.name, damage.offset);
    auto to = FileAside::create(*disk_, folder_ / name);
    if (!to) return std::unexpected{to.error()};
    if (auto done = copy_bytes(damage.offset, damage.offset + damage.bytes, *to); !done) return done;
    aside_->push_back(name);
    return to->finish();
  }

  // Between one damage and the next, as far as the next segment does not have it already.
  Result<std::vector<Piece>> good_pieces() {
    const auto scan = scan_segment(*file_);
    if (!scan) return std::unexpected{scan.error()};
    std::vector<Piece> pieces;
    for (std::size_t n = 0; n < scan->damage.size(); ++n) {
      const auto& bad = scan->damage[n];
      const auto end = n + 1 < scan->damage.size() ? scan->damage[n + 1].offset : scan->end;
      const auto begin = bad.offset + bad.bytes;
      if (begin < end) pieces.push_back({.begin = begin, .end = end, .first = bad.next});
    }
    start_ = scan->start;
    return pieces;
  }

  Result<void> make_segment(const Piece& piece) {
    const bool archived = damage_.front().segment.archived;
    const auto path = folder_ / (archived ? archive_file_name(piece.first) : segment_file_name(piece.first));
    if (disk_->exists(path)) return {};
    auto to = FileAside::create(*disk_, path);
    if (!to) return std::unexpected{to.error()};
    const auto header = segment_header(start_.epoch, piece.first, start_.created, start_.names);
    if (auto done = to->append(header); !done) return done;
    if (auto done = copy_bytes(piece.begin, piece.end, *to); !done) return done;
    return to->finish();
  }

  Result<void> move_whole() {
    const auto name = path_.filename().string() + ".damaged";
    if (auto done = disk_->rename(path_, folder_ / name); !done) return done;
    aside_->push_back(name);
    return disk_->sync_folder(folder_);
  }

  Result<void> copy_bytes(std::uint64_t from, std::uint64_t end, FileAside& to) {
    std::string bytes;
    while (from < end) {
      bytes.resize(std::min<std::uint64_t>(kCopyBytes, end - from));
      const auto got = file_->read_at(from, std::as_writable_bytes(std::span{bytes}));
      if (!got) return std::unexpected{got.error()};
      if (*got < bytes.size())
        return fail("{}: ends at {}, {} bytes are to be copied", path_.string(), from + *got, end - from);
      if (auto done = to.append(bytes); !done) return done;
      from += bytes.size();
    }
    return {};
  }

  io::Disk* disk_;
  std::filesystem::path folder_;
  std::filesystem::path path_;
  std::span<const Damage> damage_;  // of this segment
  std::vector<std::string>* aside_;
  std::unique_ptr<io::DiskFile> file_;
  SegmentStart start_;
};

std::vector<LostLine> lines_of(const std::vector<Damage>& damage, UnixNanos now) {
  std::vector<LostLine> lines;
  for (const auto& one : damage) {
    // Numbers at the journal's end are given again, to other events, in the next epoch.
    if (!one.to) continue;
    auto words = fmt::format("noted at {}: {}", unix_seconds(now), describe(one));
    std::ranges::replace_if(words, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    lines.push_back({.lost = {.from = one.from, .to = *one.to}, .words = std::move(words)});
  }
  return lines;
}

}  // namespace

Result<Repaired> repair_journal(io::Disk& disk, const std::filesystem::path& folder, UnixNanos now) {
  const auto lock = disk.lock(folder / kFolderLock);
  if (!lock) return std::unexpected{lock.error()};
  auto checked = check_journal(disk, folder);
  if (!checked) return std::unexpected{checked.error()};
  Repaired repaired{.damage = std::move(checked->damage), .aside = {}};
  const auto& damage = repaired.damage;
  if (damage.empty()) return repaired;

  std::vector<SegmentRepair> repairs;
  for (std::size_t n = 0; n < damage.size();) {
    auto end = n + 1;
    while (end < damage.size() && damage[end].segment == damage[n].segment) ++end;
    repairs.emplace_back(disk, folder, std::span{damage}.subspan(n, end - n), repaired.aside);
    n = end;
  }
  for (auto& repair : repairs)
    if (auto done = repair.copy(); !done) return std::unexpected{done.error()};
  // Before anything is missing, it is said.
  if (auto done = write_whole_file(disk, folder / kRepairedMarker, ""); !done)
    return std::unexpected{done.error()};
  if (auto done = add_to_lost_note(disk, folder, lines_of(damage, now)); !done)
    return std::unexpected{done.error()};
  for (auto& repair : repairs)
    if (auto done = repair.cut(); !done) return std::unexpected{done.error()};
  return repaired;
}

}  // namespace qos::journal
