// One segment while it is written: blocks behind each other, and what of them is surely on the disk.
//
// Thread: one at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/result.hpp"
#include "io/disk.hpp"
#include "journal/names.hpp"
#include "journal/position.hpp"
#include "journal/reader.hpp"

namespace qos::journal {

class SegmentWriter {
 public:
  struct Begin {
    Epoch epoch;
    Sequence first;  // of its events
    UnixNanos created;
    const Names* names = nullptr;
  };
  // It appears under its name only with its header on the disk, and that is durable too when this returns. A
  // file of the same name goes: it has no event that counts.
  static Result<std::unique_ptr<SegmentWriter>> create(io::Disk& disk, const std::filesystem::path& folder,
                                                       const Begin& begin);

  // The blocks of one commit and what they hold.
  struct Batch {
    std::string bytes;
    Sequence last;
    UnixNanos first_received;
    UnixNanos last_received;
    std::uint64_t blocks = 0;

    bool empty() const { return blocks == 0; }
    // An empty one, behind `after`.
    void restart(Sequence after);
    void add(std::span<const SequencedEvent> events, Sequence durable);
    void add(const Batch& next);
  };
  // Behind what is durable. After an error the same or a longer batch may be written again.
  Result<void> write(const Batch& batch);
  // What was written is durable when this succeeds. After an error only cut() makes sense.
  Result<void> sync(const Batch& batch);
  // Takes away what is not durable.
  Result<void> cut();

  std::uint64_t durable_bytes() const { return facts_.bytes; }
  const SegmentFacts& facts() const { return facts_; }

 private:
  SegmentWriter(std::unique_ptr<io::DiskFile> file, SegmentFacts facts);

  std::unique_ptr<io::DiskFile> file_;
  SegmentFacts facts_;         // of what is durable
  std::uint64_t reached_ = 0;  // an earlier, failed write may have left bytes up to here
};

}  // namespace qos::journal
