// What happened to one instrument, derived again: a checkpoint from before, its events of the journal after
// it, and the same state machine. So what is told is exactly what was told then.
//
// Threads: one call at a time on one object; any number of objects beside the server that writes the journal.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "core/result.hpp"
#include "io/disk.hpp"
#include "journal/reader.hpp"
#include "market/instrument.hpp"
#include "market/session_calendar.hpp"
#include "replay/checkpoint_file.hpp"
#include "state/machine.hpp"

namespace qos::replay {

// Where the past lies, and what the machine is made of that derives it again. All must outlive whoever holds
// it.
struct Archive {
  io::Disk& disk;
  std::filesystem::path journal;
  std::filesystem::path checkpoints;
  const journal::Names& names;
  const market::InstrumentTable& instruments;
  const market::CalendarTable& calendars;  // as their files say, before any event changed them
  state::Machine::Options options;
};

class Rewind {
 public:
  explicit Rewind(Archive archive) : archive_{std::move(archive)} {}

  struct Call {
    InstrumentId instrument;
    // Whether a state of the instrument, as of the sequence, is early enough to begin with. Asked of
    // checkpoints, newest first, and at last of the state before everything.
    std::function<bool(Sequence, const state::InstrumentView&)> begins_here;
    // It begins, with these calendars; events change them as they did then. Good until run() returns.
    std::function<void(const market::CalendarTable&)> begins = [](const market::CalendarTable&) {};
    // The instrument's events and those of its calendar, in order, and what each changed of the instrument,
    // which may be nothing. False: enough.
    std::function<bool(const SequencedEvent&, const state::Change&)> visit;
    // All that is on disk was told, up to `last`. True: look again.
    std::function<bool(Sequence last)> goes_on = [](Sequence) { return false; };
    // Asked now and then, with the last event that was looked at: whether that will do.
    std::function<bool(Sequence last)> enough = [](Sequence) { return false; };
    // The instrument as it was in the end.
    std::function<void(const state::InstrumentView&)> end = [](const state::InstrumentView&) {};
  };
  // Up to which event it has looked; nullopt: nothing that is kept goes back so far. An error: the journal is
  // damaged or has lost events there, or the disk's.
  Result<std::optional<Sequence>> run(const Call& call) const;
  const Archive& archive() const { return archive_; }

 private:
  struct World;
  // nullptr: nothing that is kept goes back so far.
  Result<std::unique_ptr<World>> begin(const Call& call) const;

  Result<Sequence> apply(World& world, journal::Reader& reader, const Call& call) const;

  Archive archive_;
};

}  // namespace qos::replay
