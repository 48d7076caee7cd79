// A run of a server in short: seeded days of six instruments go into a journal on a disk in memory and
// through a machine, with checkpoints taken while they go on. Two feeds whose clocks differ by seconds, and
// the server itself, whose clock is years ahead.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/manual_clock.hpp"
#include "journal/journal.hpp"
#include "replay/checkpointer.hpp"
#include "replay/rewind.hpp"
#include "state/random_day.hpp"
#include "support/fake_disk.hpp"

namespace qos::replay {

inline std::string bytes_of(const state::Machine& machine, const market::InstrumentTable& instruments) {
  std::string bytes;
  ByteWriter out{bytes};
  machine.save(out);
  for (std::uint32_t row = 0; row < instruments.size(); ++row) machine.save(InstrumentId{row}, out);
  return bytes;
}

struct Told final : state::ChangeSink {
  void on(const state::Change& change) override { told.emplace_back(change.sequence, change.instrument); }
  std::vector<std::pair<Sequence, InstrumentId>> told;
};

struct LivedJournal {
  explicit LivedJournal(unsigned seed)
      : random{seed}, source{{.seed = seed, .calendar_permille = 5, .past_permille = 20}} {
    auto opened = journal::Journal::open(
        disk, clock, {.folder = kJournal, .segment_bytes = 30'000, .tail_events = 4'096, .keep_bytes = 0},
        names);
    QOS_ASSERT(opened.has_value());
    journal = std::move(*opened);
    checkpointer = std::make_unique<Checkpointer>(
        *journal, clock, world.instruments(),
        Checkpointer::Options{.folder = kCheckpoints, .spacing = std::chrono::hours{6}}, Sequence{});
  }

  static journal::Names names_of(const market::InstrumentTable& instruments,
                                 const market::CalendarTable& calendars) {
    journal::Names names{.feeds = {"a", "b", "server"}};
    for (std::uint32_t row = 0; row < instruments.size(); ++row)
      names.instruments.push_back(instruments.at(InstrumentId{row}).code.to_string());
    for (std::uint16_t id = 0; id < calendars.size(); ++id)
      names.calendars.push_back(calendars.at(CalendarId{id}).name());
    return names;
  }

  int pick(int below) { return std::uniform_int_distribution<int>{0, below - 1}(random); }

  void live_on(int count) {
    for (int n = 0; n < count; ++n) {
      const auto body = source.next(world.instruments());
      const bool own = std::holds_alternative<CalendarChange>(body) ||
                       std::holds_alternative<PastKline>(body) || std::holds_alternative<PastReset>(body);
      add({.feed = FeedId{own ? std::uint16_t{2} : static_cast<std::uint16_t>(pick(2))},
           .ts_recv = own ? clock.now() : ts_event_of(body) + std::chrono::milliseconds{pick(90'000)},
           .body = body});
    }
    settle();
  }

  void add(const Event& event) {
    const SequencedEvent numbered{Sequence{events.size() + 1}, event};
    while (!journal->append(numbered)) journal->step();
    machine.apply(numbered, told);
    events.push_back(numbered);
    if (event.feed != FeedId{2}) received = std::max(received, event.ts_recv);
    if (pick(400) == 0 && !checkpointer->under_way()) {
      checkpointer->begin(machine, {.epoch = journal->epoch()});
    } else if (pick(3) == 0) {
      checkpointer->step(machine, received);
    }
    if (pick(50) == 0) settle();
  }

  // What there is is on disk.
  void settle() {
    while (journal->step()) continue;
    while (checkpointer->write_some()) continue;
  }

  Archive archive() {
    return {.disk = disk,
            .journal = kJournal,
            .checkpoints = kCheckpoints,
            .names = names,
            .instruments = world.instruments(),
            .calendars = state::world_calendars(),
            .options = {}};
  }

  static inline const std::filesystem::path kJournal = "data/journal";
  static inline const std::filesystem::path kCheckpoints = "data/journal/checkpoints";

  test::FakeDisk disk;
  io::ManualClock clock{market::utc("2031-01-01 00:00")};
  std::mt19937 random;
  state::World world;  // for its instruments
  market::CalendarTable calendars = state::make_calendars();
  state::Machine machine{world.instruments(), calendars, {}};
  state::RandomEvents source;
  journal::Names names = names_of(world.instruments(), calendars);
  std::unique_ptr<journal::Journal> journal;
  std::unique_ptr<Checkpointer> checkpointer;
  std::vector<SequencedEvent> events;
  Told told;
  UnixNanos received = UnixNanos::min();
};

}  // namespace qos::replay
