// The machine of tests/state over a journal on a disk in memory: what happens is appended, and applied.
#pragma once

#include <algorithm>

#include "io/manual_clock.hpp"
#include "journal/journal.hpp"
#include "journal/reader.hpp"
#include "replay/rewind.hpp"
#include "state/random_day.hpp"
#include "support/fake_disk.hpp"

namespace qos::replay {

using state::Heard;
using state::World;

inline const std::filesystem::path kJournal = "data/journal";
inline const std::filesystem::path kCheckpoints = "data/journal/checkpoints";

inline journal::Names names_of(const market::InstrumentTable& instruments) {
  journal::Names names;
  for (std::uint32_t id = 0; id < instruments.size(); ++id)
    names.instruments.push_back(instruments.at(InstrumentId{id}).code.to_string());
  for (std::uint16_t id = 0; id < state::world_calendars().size(); ++id)
    names.calendars.push_back(state::world_calendars().at(CalendarId{id}).name());
  names.feeds = {"venue", "server"};
  return names;
}

// The latest received time is the sequence, in seconds: events are made of venue times only.
inline SequencedEvent numbered(std::uint64_t sequence, const EventBody& body) {
  const bool own = std::holds_alternative<ClockTick>(body) || std::holds_alternative<StateDigest>(body);
  return {Sequence{sequence},
          {.feed = FeedId{static_cast<std::uint16_t>(own ? 1 : 0)},
           .ts_recv = from_unix_seconds(static_cast<std::int64_t>(sequence)),
           .body = body}};
}

class JournalledWorld : public World {
 public:
  explicit JournalledWorld(const state::Machine::Options& options = {},
                           journal::Journal::Options journal_options = usual())
      : World{options}, options_{options}, names_{names_of(instruments())} {
    auto opened = journal::Journal::open(disk_, clock_, std::move(journal_options), names_);
    QOS_ASSERT(opened.has_value());
    journal_ = std::move(*opened);
  }

  static journal::Journal::Options usual() {
    return {.folder = kJournal, .segment_bytes = 100'000, .tail_events = 4'096, .keep_bytes = 0};
  }

  // Appends, applies, and tells what every instrument hears.
  std::vector<Heard> live(const EventBody& body) {
    const auto event = numbered(last().value() + 1, body);
    while (!journal_->append(event)) step();
    return apply_to_all(body);
  }
  // All of it is on the disk.
  void flush() {
    while (journal_->durable() < last()) step();
  }
  void step() {
    clock_.advance(std::chrono::milliseconds{10});
    journal_->step();
  }

  Archive archive() {
    return {.disk = disk_,
            .journal = kJournal,
            .checkpoints = kCheckpoints,
            .names = names_,
            .instruments = instruments(),
            .calendars = state::world_calendars(),
            .options = options_};
  }
  test::FakeDisk& disk() { return disk_; }
  io::ManualClock& clock() { return clock_; }
  journal::Journal& journal() { return *journal_; }
  void close_journal() { journal_.reset(); }
  const journal::Names& names() const { return names_; }

 private:
  state::Machine::Options options_;
  journal::Names names_;
  test::FakeDisk disk_;
  io::ManualClock clock_{from_unix_seconds(1'722'816'000)};
  std::unique_ptr<journal::Journal> journal_;
};

}  // namespace qos::replay
