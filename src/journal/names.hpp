// What the ids inside events stand for. Every segment begins with the names of its run, so that a journal can
// be read when the tables have changed since.
#pragma once

#include <string>
#include <vector>

#include "event/event.hpp"

namespace qos::journal {

// By id.
struct Names {
  std::vector<std::string> instruments;  // codes: "US:AAPL"
  std::vector<std::string> calendars;
  std::vector<std::string> feeds;  // as configured; the last is the server itself

  friend bool operator==(const Names&, const Names&) = default;
};

// Gives the events of one run the ids of another. What the other does not have gets an id that it does not
// have (the largest), which state counts as unknown.
class NameMap {
 public:
  NameMap(const Names& from, const Names& to);
  bool changes_nothing() const { return changes_nothing_; }
  void apply(SequencedEvent& event) const;

 private:
  std::vector<InstrumentId> instruments_;
  std::vector<CalendarId> calendars_;
  std::vector<FeedId> feeds_;
  bool changes_nothing_ = true;
};

}  // namespace qos::journal
