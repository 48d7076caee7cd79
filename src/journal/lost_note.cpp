#include "journal/lost_note.hpp"

#include <algorithm>
#include <charconv>

#include "journal/whole_file.hpp"

namespace qos::journal {
namespace {

// "lost 1201 1310 …"; anything else is not ours.
Result<Reader::Lost> parse_line(std::string_view line) {
  constexpr std::string_view kWord = "lost ";
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  const auto* const end = line.data() + line.size();
  if (line.starts_with(kWord)) {
    const auto first = std::from_chars(line.data() + kWord.size(), end, from);
    if (first.ec == std::errc{} && first.ptr != end && *first.ptr == ' ') {
      const auto second = std::from_chars(first.ptr + 1, end, to);
      if (second.ec == std::errc{} && (second.ptr == end || *second.ptr == ' ') && 0 < from && from <= to)
        return Reader::Lost{.from = Sequence{from}, .to = Sequence{to}};
    }
  }
  return fail("a line is \"lost FROM TO …\", here is \"{}\"", line.substr(0, 80));
}

Result<std::vector<Reader::Lost>> parse_note(std::string_view text) {
  std::vector<Reader::Lost> note;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto lost = parse_line(text.substr(0, end));
    if (!lost) return std::unexpected{lost.error()};
    note.push_back(*lost);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::ranges::sort(note, {}, &Reader::Lost::from);
  return note;
}

Result<std::string> note_text(io::Disk& disk, const std::filesystem::path& path) {
  if (!disk.exists(path)) return std::string{};
  return read_whole_file(disk, path);
}

}  // namespace

Result<std::vector<Reader::Lost>> read_lost_note(io::Disk& disk, const std::filesystem::path& folder) {
  const auto path = folder / kLostNote;
  const auto text = note_text(disk, path);
  if (!text) return std::unexpected{text.error()};
  auto note = parse_note(*text);
  if (!note) return within(path.string(), note.error());
  return note;
}

Result<void> add_to_lost_note(io::Disk& disk, const std::filesystem::path& folder,
                              const std::vector<LostLine>& lines) {
  const auto path = folder / kLostNote;
  auto text = note_text(disk, path);
  if (!text) return std::unexpected{text.error()};
  const auto note = parse_note(*text);
  if (!note) return within(path.string(), note.error());
  bool changed = false;
  for (const auto& [lost, words] : lines) {
    if (is_noted(*note, lost.from, lost.to)) continue;
    *text += fmt::format("lost {} {} {}\n", lost.from.value(), lost.to.value(), words);
    changed = true;
  }
  if (!changed) return {};
  return write_whole_file(disk, path, *text);
}

bool is_noted(const std::vector<Reader::Lost>& note, Sequence from, Sequence to) {
  auto missing = from;
  for (const auto& lost : note) {
    if (lost.from > missing) break;
    if (lost.to >= to) return true;
    if (lost.to >= missing) missing = Sequence{lost.to.value() + 1};
  }
  return false;
}

}  // namespace qos::journal
