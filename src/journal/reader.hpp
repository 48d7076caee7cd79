// Reads the events of a journal in order, while it is being written too. docs/formats/journal.md
//
// Thread: one at a time; any number of readers beside the writer.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/result.hpp"
#include "event/event.hpp"
#include "io/disk.hpp"
#include "journal/names.hpp"
#include "journal/position.hpp"

namespace qos::journal {

class Reader {
 public:
  // Events with a sequence after `after`, with the ids of `names`. An error: `after` is before what is kept
  // (retention), or the disk's.
  static Result<std::unique_ptr<Reader>> open(io::Disk& disk, const std::filesystem::path& folder,
                                              Sequence after, const Names& names);
  ~Reader();

  // The next ones in order, at most a block's; good until the next call. Empty: no more is on disk now; ask
  // again later. An error is damage (segment, offset, what was expected and seen) or the disk's.
  Result<std::span<const SequencedEvent>> next();

  // Sequences that a repair has left out, as far as they were passed.
  struct Lost {
    Sequence from;
    Sequence to;  // inclusive
  };
  const std::vector<Lost>& lost() const;

 private:
  class Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What the journal has: of each segment the first and last sequence and ts_recv, its size, epoch and form.
struct SegmentFacts {
  std::string file;
  Epoch epoch;
  Sequence first;
  Sequence last;      // first - 1: it has no events
  UnixNanos created;  // when it was begun, by the clock of whoever wrote it
  UnixNanos first_received;
  UnixNanos last_received;
  std::uint64_t bytes = 0;
  std::uint64_t events = 0;
  bool archived = false;
};
// In order. Reads headers only.
Result<std::vector<SegmentFacts>> segments_of(io::Disk& disk, const std::filesystem::path& folder);

// The sequence of the last event before the first one received after `t` (any feed but the server itself).
// 0: the journal begins later. An error: there is no journal, or the disk's.
Result<Sequence> last_received_by(io::Disk& disk, const std::filesystem::path& folder, UnixNanos t);

}  // namespace qos::journal
