// A journal on a disk that misbehaves, and what must come out of it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "io/manual_clock.hpp"
#include "journal/journal.hpp"
#include "journal/reader.hpp"
#include "support/fake_disk.hpp"

namespace qos::journal {

inline const std::filesystem::path kFolder = "data/journal";
inline constexpr UnixNanos kStart = from_unix_seconds(1'722'988'800);

inline Names test_names() {
  return {.instruments = {"US:AAPL", "HK:700"}, .calendars = {"US", "HK"}, .feeds = {"a", "server"}};
}

// The event that `life` appends as number `sequence`: no two alike.
inline SequencedEvent test_event(std::uint64_t sequence, std::uint64_t life = 0) {
  const UnixNanos at = kStart + std::chrono::milliseconds{sequence};
  Event event{.feed = FeedId{static_cast<std::uint16_t>(sequence % 2)}, .ts_recv = at};
  const InstrumentId instrument{static_cast<std::uint32_t>(sequence % 2)};
  const Price price = Price::from_raw(static_cast<std::int64_t>((100 + sequence % 7) * Price::kScale));
  if (sequence % 5 == 4)
    event.body = BookDelta{.instrument = instrument,
                           .side = sequence % 2 == 0 ? Side::bid : Side::ask,
                           .price = price,
                           .size = Quantity::from_units(static_cast<std::int64_t>(sequence % 11)),
                           .update_id = life,
                           .ts_event = at};
  else
    event.body = Trade{.instrument = instrument,
                       .price = price,
                       .size = Quantity::from_units(1),
                       .trade_id = life * 1'000'000 + sequence,
                       .ts_event = at};
  return {.sequence = Sequence{sequence}, .event = event};
}

// Small enough that a script of some hundred events rotates, archives and removes.
inline Journal::Options small_options() {
  return {.folder = kFolder, .segment_bytes = 2'000, .tail_events = 64, .keep_bytes = 0};
}

inline std::unique_ptr<Journal> open_journal(io::Disk& disk, io::Clock& clock,
                                             Journal::Options options = small_options()) {
  auto journal = Journal::open(disk, clock, std::move(options), test_names());
  EXPECT_TRUE(journal.has_value()) << (journal ? "" : journal.error().message);
  return journal ? std::move(*journal) : nullptr;
}

// Everything that a reader finds behind `after`.
inline Result<std::vector<SequencedEvent>> read_all(io::Disk& disk, Sequence after = Sequence{0},
                                                    const std::filesystem::path& folder = kFolder) {
  auto reader = Reader::open(disk, folder, after, test_names());
  if (!reader) return std::unexpected{reader.error()};
  std::vector<SequencedEvent> all;
  while (true) {
    const auto next = (*reader)->next();
    if (!next) return std::unexpected{next.error()};
    if (next->empty()) break;
    all.insert(all.end(), next->begin(), next->end());
  }
  if (!(*reader)->lost().empty()) return fail("the reader says that something is lost");
  return all;
}

// What was appended, in order, whatever became of it: events[n] has sequence n + 1.
struct Appended {
  std::vector<SequencedEvent> events;

  bool append_to(Journal& journal, std::uint64_t life = 0) {
    const auto event = test_event(events.size() + 1, life);
    if (!journal.append(event)) return false;
    events.push_back(event);
    return true;
  }
};

// Every event there is one that was appended, in order, from the first on, and `durable` of them at least.
inline void expect_prefix(const std::vector<SequencedEvent>& there,
                          const std::vector<SequencedEvent>& appended, std::uint64_t durable,
                          std::string_view when) {
  ASSERT_GE(there.size(), durable) << when << ": acknowledged events are missing";
  ASSERT_LE(there.size(), appended.size()) << when << ": there are events that nobody appended";
  for (std::size_t n = 0; n < there.size(); ++n)
    ASSERT_EQ(there[n], appended[n]) << when << ", event " << n + 1;
}

}  // namespace qos::journal
