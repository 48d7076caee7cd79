// `qos journal cat|verify|stat|repair`: a journal, read by hand, also beside a running server; repaired only
// without one. DIR is the journal's own folder (in the data folder: journal).
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

#include "core/time.hpp"
#include "server/key_command.hpp"

namespace CLI {
class App;
}

namespace qos::server {

// Adds the subcommand. When it was chosen, parsing runs it and sets exit_code.
void add_journal_command(CLI::App& app, int& exit_code);

struct CatRange {
  std::uint64_t from = 0;  // sequences; 0: the first one kept
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
  std::string code;  // only events of this instrument; empty: all
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();  // lines
};
// One JSON line an event (journal/event_text.hpp). 1 if there is damage on the way.
int cat_journal(const std::filesystem::path& folder, const CatRange& range, Terminal terminal);

// Reads everything. 1 and a line for each damage: segment, offset, events, times, what was seen.
int verify_journal(const std::filesystem::path& folder, Terminal terminal);

// A table of the segments. `kinds`: with how many events there are of each kind, which reads everything.
enum class Kinds : std::uint8_t { left_out, counted };
int stat_journal(const std::filesystem::path& folder, Kinds kinds, Terminal terminal);

// look: says what it would do.
enum class Repair : std::uint8_t { look, do_it };
int repair_journal(const std::filesystem::path& folder, Repair repair, UnixNanos now, Terminal terminal);

}  // namespace qos::server
