// Events as the columns of a block, and back: what a block holds behind its header.
// docs/formats/journal.md, "The columns", is the specification.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "event/event.hpp"

namespace qos::journal {

// What the columns do not say themselves; it stands in the block's header.
struct ColumnsFrame {
  Sequence first;
  UnixNanos first_received;
  std::size_t events = 0;
};

// Bytes that a damaged or hostile block can make of one event's columns at most; none that is real comes
// near.
inline constexpr std::size_t kMaxEventBytes = 256;

// `events` have dense sequences; there is at least one.
void append_columns(std::span<const SequencedEvent> events, std::string& out);

// Puts the events in place of what is in `out`. Behind `bytes` kReadBeyond more must be readable.
Result<void> read_columns(std::string_view bytes, const ColumnsFrame& frame,
                          std::vector<SequencedEvent>& out);

}  // namespace qos::journal
