// Brings what is in the tail to the disk: gathers, writes, syncs, lets the tail forget; begins a new segment
// when one is long enough or no longer to be trusted; tries again every second while the disk refuses.
//
// Thread: the journal's.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "io/clock.hpp"
#include "io/disk.hpp"
#include "journal/beside.hpp"
#include "journal/housekeeping.hpp"
#include "journal/journal.hpp"
#include "journal/segment_writer.hpp"
#include "journal/tail.hpp"

namespace qos::journal {

class Committer {
 public:
  struct Parts {
    io::Disk* disk;
    io::Clock* clock;
    Tail* tail;
    Housekeeping* housekeeping;
    Journal::Counters* counters;
    const Names* names;
    Epoch epoch;
  };
  Committer(Parts parts, const Journal::Options& options, std::unique_ptr<SegmentWriter> first);

  // Who helps where many events wait: events of the next commit are packed while the disk syncs this one, and
  // packed by two.
  struct Helpers {
    Beside syncs;
    Beside packs;
  };
  // One commit, whatever the rhythm says: true if events have become durable by it.
  bool commit(Helpers* helpers = nullptr);
  // When the next one is due; nullopt: nothing waits.
  std::optional<SteadyTime> due() const;
  bool failing() const { return retry_at_.has_value(); }

 private:
  Result<void> try_commit(Helpers* helpers);
  Result<void> ready_segment();
  Result<void> sync(Helpers* helpers);
  void gather(SegmentWriter::Batch& batch, Sequence after, Helpers* helpers);
  void close_segment();
  void failed(const Error& error);
  void works_again();

  Parts parts_;
  const Journal::Options* options_;
  std::unique_ptr<SegmentWriter> segment_;  // none: the next commit begins one
  bool distrusted_ = false;                 // a sync of it failed
  SegmentWriter::Batch batch_;              // of this commit; after a failure it is written again as it is
  SegmentWriter::Batch next_;               // packed already
  SegmentWriter::Batch half_;               // what a helper packs
  std::optional<SteadyTime> last_begin_;    // of a commit
  std::optional<SteadyTime> retry_at_;      // it fails
};

}  // namespace qos::journal
