// Places where a test may make the process die as by kill -9: between two instructions that recovery must
// tell apart. A tool of tests; QOS_CRASH_POINT=NAME[:COUNT] arms one place at the start of the program, and
// the COUNT-th pass (1 if it is left out) is the last. Not armed, a pass is one relaxed load.
//
// Threads: passed by any; armed by main() before there is a second one.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <string_view>

#include "core/result.hpp"

namespace qos {

// All there are, so that a test can walk through them.
inline constexpr std::array kCrashPoints = std::to_array<std::string_view>({
    "tail.copied",                 // an event lies in the tail and does not count yet
    "tail.appended",               // it counts, nobody has seen it
    "market.applied",              // state has it, and it is handed to those who publish
    "commit.packed",               // a batch is packed
    "commit.written",              // and in the file
    "commit.synced",               // and on the disk; the tail still has it
    "commit.released",             // and the tail may forget it
    "segment.header_written",      // under its unfinished name
    "segment.renamed",             // under its own, the folder not synced
    "segment.made",                // for good
    "archive.written",             // beside the raw segment, under its unfinished name
    "archive.renamed",             // both are there
    "archive.raw_removed",         // the folder not synced
    "retention.removed",           // the oldest segment, the folder not synced
    "checkpoint.first_part",       // is written
    "checkpoint.parts_written",    // all of them, without index
    "checkpoint.finished",         // on the disk, under its unfinished name
    "checkpoint.renamed",          // the folder not synced
    "checkpoint.removed",          // an older one
    "klines.before_commit",        // K-lines that closed are not stored
    "klines.committed",            // they are
    "cursors.before_flush",        // positions of keys with a cursor are not stored
    "cursors.flushed",             // they are
    "recovery.torn_end_cut",       // a start after a crash: a torn block is cut off
    "recovery.tail_written_down",  // what only the tail had is in a segment
    "recovery.segment_made",       // this run's first segment stands, the tail is the last run's
    "recovery.tail_made",          // and now this run's
    "recovery.restored",           // state is a checkpoint's
    "recovery.caught_up",          // and has everything after it
});

class CrashPoint {
 public:
  // The name must be in the table; otherwise this does not compile.
  consteval explicit(false) CrashPoint(const char* name) : place_{place_of(name)} {
    if (place_ == kCrashPoints.size()) throw "no such crash point";
  }
  constexpr std::size_t place() const { return place_; }

  static constexpr std::size_t place_of(std::string_view name) {
    std::size_t place = 0;
    while (place < kCrashPoints.size() && kCrashPoints[place] != name) ++place;
    return place;
  }

 private:
  std::size_t place_;
};

namespace crash_point_detail {
inline constexpr std::size_t kNone = kCrashPoints.size();
inline constinit std::atomic<std::size_t> armed{kNone};
void pass();  // the armed one
}  // namespace crash_point_detail

inline void crash_point(CrashPoint point) {
  using crash_point_detail::armed;
  if (armed.load(std::memory_order_relaxed) == point.place()) [[unlikely]]
    crash_point_detail::pass();
}

// "NAME" or "NAME:COUNT". An error says what is wrong with it; then nothing is armed.
Result<void> arm_crash_point(std::string_view text);
// As QOS_CRASH_POINT says; without it nothing is armed.
Result<void> arm_crash_point_of_environment();

}  // namespace qos
