// The state as it was: a checkpoint, and what the journal has after it.
//
// Thread: one at a time; nothing else touches the machine meanwhile.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "core/result.hpp"
#include "io/disk.hpp"
#include "journal/reader.hpp"
#include "market/instrument.hpp"
#include "replay/checkpoint_file.hpp"
#include "state/machine.hpp"

namespace qos::replay {

// Which checkpoint will do.
struct CheckpointChoice {
  Sequence durable;                        // the journal has all events up to it
  std::optional<UnixNanos> received_by{};  // nothing that any feed received later
  std::optional<Sequence> first_by{};      // begins here or before
};

// Opens the newest one that will do and is whole. One that is damaged is reported and passed over. nullopt:
// there is none.
Result<std::optional<CheckpointFile>> newest_checkpoint(io::Disk& disk, const std::filesystem::path& folder,
                                                        const CheckpointChoice& choice,
                                                        const std::function<void(const Error&)>& report);

// Into a fresh machine. Parts of instruments that the table does not have are left out. After an error (a
// checkpoint of other options or of a newer program) the machine is of no use.
Result<void> restore(const CheckpointFile& checkpoint, const market::InstrumentTable& instruments,
                     state::Machine& machine);

struct Applied {
  Sequence last;  // 0: there was nothing
  std::uint64_t events = 0;
  UnixNanos received = UnixNanos::min();   // the latest ts_recv of a feed's event
  std::vector<std::uint64_t> handed_over;  // by FeedId: how many of each
};
// All that the reader gives, up to and including `until`. Gaps that a repair has left are passed over.
// `feeds`: how many the reader's names have; `own`: the server itself, whose time is not a feed's.
Result<Applied> apply_journal(journal::Reader& reader, std::size_t feeds, FeedId own, state::Machine& machine,
                              state::ChangeSink& sink, Sequence until);

}  // namespace qos::replay
