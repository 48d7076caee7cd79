// Which instruments of one calendar have K-lines to close, and when: a clock tick then touches only those.
//
// Thread: the market thread's.
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "core/id.hpp"
#include "core/time.hpp"

namespace qos::state {

// Earlier first; those of one time by instrument, so that every run closes in the same order.
class ClosingSchedule {
 public:
  struct Entry {
    UnixNanos time;
    InstrumentId id;
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };

  void add(const Entry& entry) { entries_.push(entry); }

  // The first entry whose time has come; nullopt: none.
  std::optional<Entry> take_due(UnixNanos now) {
    if (entries_.empty() || now < entries_.top().time) return std::nullopt;
    const Entry entry = entries_.top();
    entries_.pop();
    return entry;
  }

 private:
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> entries_;
};

}  // namespace qos::state
