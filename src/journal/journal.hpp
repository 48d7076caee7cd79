// The ordered journal of events: what is in it happened. docs/formats/journal.md
//
// An event's way: the market thread puts it into the tail (shared memory that is a file: it survives kill -9
// from that instant, without a system call), applies and publishes it. The journal's thread gathers what is
// in the tail into blocks, writes them behind each other into a segment, syncs at most every commit_interval,
// and lets the tail forget what is on disk. A feed may ask that its events are published only then.
//
// Full or failing disk: the tail fills, append() says no, feeds wait; the journal tries again every second,
// and goes on by itself. After a failed sync nothing is trusted: what was not acknowledged is written again
// into a new segment.
//
// Threads: open(), start() and stop() are the owner's; append() the market thread's; the rest any thread's.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "core/counter.hpp"
#include "core/result.hpp"
#include "event/event.hpp"
#include "io/clock.hpp"
#include "io/disk.hpp"
#include "journal/names.hpp"
#include "journal/position.hpp"

namespace qos::journal {

// What open() found.
struct Found {
  Position last;                 // the last event there is; sequence 0: the journal is new
  bool new_epoch = false;        // something that was published may be missing, so a new epoch begins
  std::string reason;            // of the new epoch, a sentence for the log; empty if there is none
  std::uint64_t torn_bytes = 0;  // of an unfinished block at the end, cut off
  std::uint64_t from_tail = 0;   // events that only the tail had
};

class Journal {
 public:
  struct Options {
    std::filesystem::path folder;
    std::chrono::milliseconds commit_interval{5};  // longest wait of an event for its sync
    std::uint64_t segment_bytes = 256 << 20;       // a longer one is closed and archived
    std::uint64_t tail_events = 65'536;            // that may wait for the disk; 160 bytes each
    std::chrono::seconds keep_for{0};              // since it was closed; 0: as long as keep_bytes allows
    std::uint64_t keep_bytes = std::uint64_t{16} << 30;  // oldest segments beyond it are removed; 0: no limit
    bool archive = true;                                 // closed segments are compressed
    std::function<void(const Error&)> report{};          // any thread: what an operator must read
  };
  // Finishes what a crash has left (tail, torn block) and begins a new segment; the tables of this run are
  // `names`. An error: damage inside the segments, a tail of another version, another process has it open, or
  // the disk's.
  static Result<std::unique_ptr<Journal>> open(io::Disk& disk, io::Clock& clock, Options options,
                                               Names names);
  ~Journal();

  const Found& found() const;
  Epoch epoch() const;
  const Names& names() const;
  io::Disk& disk() const;
  const std::filesystem::path& folder() const;

  // False: there is no room, the disk is behind; nothing was appended. Sequences are dense from
  // found().last.sequence + 1.
  bool append(const SequencedEvent& event);
  Sequence appended() const;
  // Up to here everything is on the disk.
  Sequence durable() const;
  // Called by the journal's thread after durable() has grown or append() has room again. Before start().
  void on_progress(std::function<void()> wake);

  // Segments that hold events after `sequence` are kept, whatever their age (a checkpoint needs them). Until
  // it is called, all are. Any thread.
  void keep_after(Sequence sequence);

  void start();
  // Writes and syncs what was appended, as far as the disk takes it; ends.
  void stop();
  // After stop(): another process may open it. Nothing of it is written any more.
  void give_up_folder();
  // What start()'s thread does, by hand (simulation): one round of gathering, writing, syncing, archiving and
  // removing. Returns whether there was anything to do.
  bool step();

  struct Counters {
    Counter blocks;
    Counter bytes;
    Counter syncs;
    Counter failures;          // writes and syncs that failed; each is tried again
    Counter refused;           // append() found no room
    Counter archived;          // segments
    Counter removed;           // segments, by age or size
    Gauge failing;             // 1 while the disk refuses
    Gauge segment_bytes_held;  // of all segments
  };
  const Counters& counters() const;

 private:
  class Impl;
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace qos::journal
