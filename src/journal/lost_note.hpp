// What repairs have left out, written down in the journal's folder, so that readers pass over it and say so.
// A line a stretch: "lost 1201 1310 …", first and last sequence; the rest is for people.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "io/disk.hpp"
#include "journal/reader.hpp"

namespace qos::journal {

inline constexpr std::string_view kLostNote = "lost";

// In order; none if there is no note.
Result<std::vector<Reader::Lost>> read_lost_note(io::Disk& disk, const std::filesystem::path& folder);

struct LostLine {
  Reader::Lost lost;
  std::string words;  // one line
};
// Adds what the note does not have yet; it is on the disk when this returns.
Result<void> add_to_lost_note(io::Disk& disk, const std::filesystem::path& folder,
                              const std::vector<LostLine>& lines);

// Whether all sequences from `from` to `to` are in the note.
bool is_noted(const std::vector<Reader::Lost>& note, Sequence from, Sequence to);

}  // namespace qos::journal
