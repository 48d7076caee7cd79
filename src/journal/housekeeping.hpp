// What becomes of closed segments: compressed as archives, and removed when they are too old or too many.
//
// Threads: any may add and keep_after(); step() one at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>

#include "core/counter.hpp"
#include "io/clock.hpp"
#include "io/disk.hpp"
#include "journal/doorbell.hpp"
#include "journal/reader.hpp"

namespace qos::journal {

class Housekeeping {
 public:
  struct Options {
    std::filesystem::path folder;
    std::chrono::seconds keep_for{0};
    std::uint64_t keep_bytes = 0;
    bool archive = true;
    std::function<void(const Error&)> report;
  };
  struct Counts {
    Counter* archived;
    Counter* removed;
    Gauge* bytes_held;  // of closed segments and of the open one
  };
  Housekeeping(io::Disk& disk, io::Clock& clock, Options options, Counts counts);

  // A segment is closed; they come in order.
  void add(const SegmentFacts& closed);
  // Bytes of the one that is being written.
  void open_bytes(std::uint64_t bytes);
  void keep_after(Sequence sequence);

  // Archives or removes one segment; false: there was none. What fails is told once and tried again when the
  // bell was rung.
  bool step();
  // Rings when there may be something to do.
  Doorbell& bell() { return bell_; }

 private:
  std::optional<SegmentFacts> to_remove() const;
  std::optional<SegmentFacts> to_archive() const;
  Result<void> remove(const SegmentFacts& segment);
  Result<void> archive(const SegmentFacts& segment);
  bool done(const Result<void>& result, bool& waits);
  void show_bytes();

  io::Disk* disk_;
  io::Clock* clock_;
  Options options_;
  Counts counts_;
  mutable std::mutex mutex_;
  std::deque<SegmentFacts> closed_;
  UnixNanos last_closed_;  // when the newest of them was, or was found at the start
  std::uint64_t closed_bytes_ = 0;
  std::uint64_t open_bytes_ = 0;
  Sequence keep_after_{0};
  bool removing_waits_ = false;   // it failed: not before the bell was rung
  bool archiving_waits_ = false;  // the same
  bool reported_ = false;         // that something fails
  Doorbell bell_;
};

}  // namespace qos::journal
