// Whoever travels to an instant finds the machine that had applied what was received by then, byte by byte,
// and hears from there on what was told then.
#include "replay/traveller.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "replay/checkpoint_file.hpp"
#include "replay/lived_journal.hpp"

namespace qos::replay {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// When each event happened, worked out from the whole list.
std::vector<UnixNanos> times_of(const std::vector<SequencedEvent>& events) {
  std::vector<UnixNanos> times;
  UnixNanos latest = UnixNanos::min();
  for (const auto& [sequence, event] : events) {
    if (event.feed != FeedId{2}) latest = std::max(latest, event.ts_recv);
    if (const auto* past = std::get_if<PastKline>(&event.body)) {
      const auto end = past->start + (past->series == StoredSeries::day ? 24h : std::chrono::hours{0} + 1min);
      latest = std::max(latest, std::min<UnixNanos>(end, past->ts_event));
    }
    times.push_back(latest);
  }
  return times;
}

std::unique_ptr<Traveller> travel(LivedJournal& lived, UnixNanos at) {
  auto traveller = Traveller::open(lived.archive(), {.at = at});
  EXPECT_TRUE(traveller) << traveller.error().message;
  return traveller ? std::move(*traveller) : nullptr;
}

std::string error_of(LivedJournal& lived, UnixNanos at) {
  const auto traveller = Traveller::open(lived.archive(), {.at = at});
  return traveller ? "" : traveller.error().message;
}

// A machine that has applied the first `count` events and nothing else.
struct Plain {
  Plain(LivedJournal& lived, std::size_t count) : machine{lived.world.instruments(), calendars, {}} {
    for (std::size_t n = 0; n < count; ++n) machine.apply(lived.events[n], told);
  }
  market::CalendarTable calendars = state::make_calendars();
  state::Machine machine;
  Told told;
};

TEST(Traveller, stands_where_the_machine_of_then_stood_at_any_instant) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LivedJournal lived{seed};
    lived.live_on(4'000);
    ASSERT_GE(checkpoints_in(lived.disk, LivedJournal::kCheckpoints)->size(), 3U);
    const auto times = times_of(lived.events);
    for (int round = 0; round < 25; ++round) {
      // At an event's time and right before it; the first events are before everything.
      const auto at = times[static_cast<std::size_t>(20 + lived.pick(3'980))] - (round % 2 == 0 ? 0ns : 1ns);
      const auto count = static_cast<std::size_t>(std::ranges::upper_bound(times, at) - times.begin());
      const Plain plain{lived, count};
      const auto traveller = travel(lived, at);
      ASSERT_TRUE(traveller);
      ASSERT_EQ(traveller->machine().last(), Sequence{count}) << "round " << round;
      EXPECT_EQ(bytes_of(traveller->machine(), lived.world.instruments()),
                bytes_of(plain.machine, lived.world.instruments()));
      EXPECT_EQ(traveller->machine().digest(), plain.machine.digest());
      EXPECT_EQ(traveller->epoch(), lived.journal->epoch());
    }
  }
}

TEST(Traveller, tells_from_there_on_what_was_told_then_in_steps_of_any_length) {
  LivedJournal lived{4};
  lived.live_on(3'000);
  const auto times = times_of(lived.events);
  const auto traveller = travel(lived, times[1'500]);
  ASSERT_TRUE(traveller);
  Told told;
  const auto begun = traveller->machine().last();
  for (UnixNanos now = times[1'500]; now < times.back(); now += std::chrono::seconds{1 + lived.pick(40'000)})
    for (std::size_t applied = 7; applied == 7;) {
      const auto advanced = traveller->advance(now, told, 7);
      ASSERT_TRUE(advanced) << advanced.error().message;
      ASSERT_LE(*advanced, 7U);
      applied = *advanced;
      const auto last = traveller->machine().last();
      if (applied < 7) {
        EXPECT_EQ(last.value(), std::ranges::upper_bound(times, now) - times.begin());
        ASSERT_EQ(traveller->next(), times[last.value()]);
      }
    }
  ASSERT_TRUE(traveller->advance(UnixNanos::max(), told, 100'000));
  auto since = lived.told.told;
  std::erase_if(since, [&](const auto& change) { return change.first <= begun; });
  EXPECT_EQ(told.told, since);
  EXPECT_EQ(bytes_of(traveller->machine(), lived.world.instruments()),
            bytes_of(lived.machine, lived.world.instruments()));
}

TEST(Traveller, goes_on_while_the_journal_is_being_written) {
  LivedJournal lived{5};
  lived.live_on(500);
  const auto traveller = travel(lived, lived.received);
  ASSERT_TRUE(traveller);
  for (int round = 0; round < 20; ++round) {
    Told told;
    ASSERT_TRUE(traveller->advance(UnixNanos::max(), told, 100'000));
    EXPECT_EQ(traveller->next(), std::nullopt);
    EXPECT_EQ(bytes_of(traveller->machine(), lived.world.instruments()),
              bytes_of(lived.machine, lived.world.instruments()));
    lived.live_on(1 + lived.pick(300));
  }
}

// A damaged checkpoint costs time, not the journey; the one before it is there, or the beginning.
TEST(Traveller, passes_over_a_checkpoint_that_is_damaged) {
  LivedJournal lived{6};
  lived.live_on(3'000);
  const auto places = *checkpoints_in(lived.disk, LivedJournal::kCheckpoints);
  for (const auto& place : places) {
    const auto file = *lived.disk.open(place.path, io::Disk::Open::write);
    ASSERT_TRUE(file->write_at(20, std::as_bytes(std::span{std::string_view{"damage"}})));
  }
  std::vector<std::string> reported;
  const auto traveller = Traveller::open(
      lived.archive(),
      {.at = lived.received, .report = [&](const Error& error) { reported.push_back(error.message); }});
  ASSERT_TRUE(traveller) << traveller.error().message;
  EXPECT_EQ(reported.size(), places.size());
  EXPECT_EQ((*traveller)->machine().digest(), lived.machine.digest());
}

TEST(Traveller, says_when_nothing_goes_back_so_far) {
  LivedJournal lived{7};
  EXPECT_THAT(error_of(lived, market::utc("2024-08-06 00:00")), HasSubstr("nothing that was received"));
  lived.live_on(5'000);
  EXPECT_THAT(error_of(lived, market::utc("2024-08-04 00:00")),
              HasSubstr("the journal begins at 2024-08-05"));
  const auto places = *checkpoints_in(lived.disk, LivedJournal::kCheckpoints);
  for (const auto& place : places) ASSERT_TRUE(lived.disk.remove(place.path));
  const auto segments = *journal::segments_of(lived.disk, LivedJournal::kJournal);
  ASSERT_GE(segments.size(), 2U);
  ASSERT_TRUE(lived.disk.remove(LivedJournal::kJournal / segments.front().file));
  EXPECT_THAT(error_of(lived, lived.received), HasSubstr("the journal is kept from"));
}

TEST(Traveller, gives_up_when_it_is_asked_to) {
  LivedJournal lived{8};
  lived.live_on(100);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(Traveller::open(lived.archive(), {.at = lived.received, .stop = stop.get_token()}));
}

// The other run's feeds are not in this run's configuration.
TEST(Traveller, counts_the_time_of_feeds_that_are_configured_no_more) {
  LivedJournal lived{9};
  lived.live_on(1'000);
  auto archive = lived.archive();
  const journal::Names names{.instruments = lived.names.instruments,
                             .calendars = lived.names.calendars,
                             .feeds = {"another", "server"}};
  const auto at = times_of(lived.events)[600];
  const auto known = travel(lived, at);
  const auto unknown = Traveller::open(Archive{archive.disk, archive.journal, archive.checkpoints, names,
                                               archive.instruments, archive.calendars, archive.options},
                                       {.at = at});
  ASSERT_TRUE(known && unknown);
  EXPECT_EQ((*unknown)->machine().last(), known->machine().last());
  EXPECT_EQ((*unknown)->machine().digest(), known->machine().digest());
}

}  // namespace
}  // namespace qos::replay
