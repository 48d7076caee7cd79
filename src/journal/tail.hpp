// The events that are not on the disk yet, in memory that is a file: what append() has taken survives the
// death of this process at any instruction, not that of the machine. docs/formats/journal.md, "The tail"
//
// A ring of SequencedEvents as they lie in memory, so it is read back only by a program whose events lie
// alike (the fingerprint says so), and only in the same boot of the machine.
//
// Threads: append() one (the market's), waiting() and release() one (the journal's), the numbers any.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "event/event.hpp"
#include "io/disk.hpp"
#include "journal/position.hpp"

namespace qos::journal {

inline constexpr std::string_view kTailFile = "tail";

// Changes whenever events lie differently in memory: size and place of every field of every kind.
std::uint64_t event_layout();

class Tail {
 public:
  struct Run {
    Epoch epoch;
    std::string boot_id;
    std::uint64_t capacity = 0;  // events
    Sequence last;               // the next event is the one after it
  };
  // Puts an empty one in the place of whatever is there. Durable only after a sync of the folder.
  static Result<std::unique_ptr<Tail>> create(io::Disk& disk, const std::filesystem::path& folder,
                                              const Run& run);

  // False: full. The event is the one after appended().
  bool append(const SequencedEvent& event);
  Sequence appended() const;
  Sequence released() const;
  std::uint64_t capacity() const { return capacity_; }

  // Events after `after`, in order, at most `most`; fewer where the ring begins anew. Good until released.
  std::span<const SequencedEvent> waiting(Sequence after, std::size_t most) const;
  // Events up to here may be forgotten.
  void release(Sequence up_to);

  // Nothing waits, and nothing will be appended: says so in the file, durably.
  Result<void> finish(io::Disk& disk, const std::filesystem::path& folder);

 private:
  Tail(std::unique_ptr<io::Mapping> memory, std::uint64_t capacity, Sequence last);
  std::atomic_ref<std::uint64_t> number(std::size_t offset) const;
  SequencedEvent* slot(std::uint64_t sequence) const;

  std::unique_ptr<io::Mapping> memory_;
  std::byte* base_;
  std::uint64_t capacity_;
  std::uint64_t mask_;                  // the ring's size is a power of two
  alignas(64) std::uint64_t next_ = 0;  // the producer's
  std::uint64_t known_released_ = 0;    // the producer's last look
};

// What an earlier run has left.
struct LeftTail {
  enum class State : std::uint8_t {
    none,          // there is no file
    unreadable,    // no tail at all, or its fixed part is damaged: `why`
    other_layout,  // of a program with other events: all but events() is told
    readable,
  };
  State state = State::none;
  std::string why;
  Epoch epoch;
  std::string boot_id;
  Sequence appended;
  Sequence released;
  bool finished = false;  // and appended is on the disk
  std::uint64_t capacity = 0;
};
Result<LeftTail> read_left_tail(io::Disk& disk, const std::filesystem::path& folder);

// Its events after `after` up to appended, as far as they are there; `why` not all of them, or empty.
struct LeftEvents {
  std::vector<SequencedEvent> events;
  std::string why;
};
Result<LeftEvents> events_of(io::Disk& disk, const std::filesystem::path& folder, const LeftTail& left,
                             Sequence after);

}  // namespace qos::journal
