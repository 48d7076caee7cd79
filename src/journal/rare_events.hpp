// Events that are too rare for columns: plain numbers, one after another. What every event has (kind, times,
// feed, instrument) is in the columns.
#pragma once

#include "core/bytes.hpp"
#include "event/event.hpp"
#include "journal/event_kind.hpp"

namespace qos::journal {

// Whether events of the kind have columns of their own, or nothing to say.
constexpr bool is_rare(EventKind kind) {
  return kind > EventKind::book_clear;
}

void write_rare(ByteWriter& out, const EventBody& body);

// Instrument and ts_event are the caller's to fill in. False: the bytes are no such event.
bool read_rare(ByteReader& in, EventKind kind, EventBody& body);

}  // namespace qos::journal
