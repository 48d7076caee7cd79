// A scripted life of a journal in which the disk fails, the process dies or the power goes at every call that
// it makes, one after the other; afterwards, on a disk that is well again, nothing acknowledged may be
// missing.
#include <gtest/gtest.h>

#include "journal/journal_support.hpp"

namespace qos::journal {
namespace {

using Fault = test::FakeDisk::Fault;
using Lasts = test::FakeDisk::Lasts;

// What someone who listened to durable() may count on.
struct Told {
  Appended appended;
  std::uint64_t durable = 0;
  Epoch epoch;
  Sequence kept{0};       // the last keep_after()
  bool finished = false;  // stop() came to its end and all is durable
};

// Two lives in one: commits of all sizes, rotation, archives, removal, a clean end, a start, and again.
// Whatever fails, the script goes on as a server would.
void live(test::FakeDisk& disk, io::ManualClock& clock, Told& told, bool removes) {
  auto options = small_options();
  if (removes) options.keep_bytes = 3'000;
  for (std::uint64_t life = 0; life < 2; ++life) {
    auto opened = Journal::open(disk, clock, options, test_names());
    if (!opened) return;
    Journal& journal = **opened;
    if (journal.found().new_epoch && told.epoch != Epoch{}) return;  // checked by other tests
    told.epoch = journal.epoch();
    told.finished = false;
    const auto look = [&] { told.durable = std::max(told.durable, journal.durable().value()); };
    for (std::uint64_t round = 0; round < 12; ++round) {
      for (std::uint64_t n = 0; n <= round * 5 % 23; ++n)
        if (!told.appended.append_to(journal, life)) break;
      journal.step();
      look();
      if (removes && round % 4 == 3) {
        told.kept = journal.durable();
        journal.keep_after(told.kept);
      }
      clock.advance(std::chrono::milliseconds{300});
    }
    journal.stop();
    look();
    told.finished = journal.durable() == journal.appended();
  }
}

std::uint64_t calls_of_script(bool removes) {
  test::FakeDisk disk;
  io::ManualClock clock{kStart};
  Told told;
  live(disk, clock, told, removes);
  EXPECT_TRUE(told.finished);
  EXPECT_EQ(told.durable, told.appended.events.size());
  return disk.calls();
}

// After the script, on a good disk: what is there, and the same epoch if nothing may be missing.
void expect_all_there(test::FakeDisk& disk, io::ManualClock& clock, const Told& told, bool complete,
                      std::string_view when) {
  SCOPED_TRACE(when);
  auto opened = Journal::open(disk, clock, small_options(), test_names());
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  const Found found = (*opened)->found();
  const std::uint64_t removed = segments_of(disk, kFolder).value().front().first.value() - 1;
  ASSERT_LE(removed, told.kept.value());
  const auto kept = read_all(disk, Sequence{removed});
  ASSERT_TRUE(kept.has_value()) << kept.error().message;
  // What was removed on purpose counts as there.
  std::vector<SequencedEvent> there{told.appended.events.begin(),
                                    told.appended.events.begin() + static_cast<std::ptrdiff_t>(removed)};
  there.insert(there.end(), kept->begin(), kept->end());
  expect_prefix(there, told.appended.events, complete ? told.appended.events.size() : told.durable, when);
  EXPECT_EQ(found.last.sequence.value(), there.size());
  if (complete && told.epoch != Epoch{}) {
    EXPECT_FALSE(found.new_epoch) << found.reason;
    EXPECT_EQ((*opened)->epoch(), told.epoch);
  }
  // And it goes on.
  Appended more{.events = there};
  ASSERT_TRUE(more.append_to(**opened, 7));
  (*opened)->step();
  EXPECT_EQ((*opened)->durable().value(), more.events.size());
  (*opened)->stop();
  const auto after = read_all(disk, Sequence{removed});
  ASSERT_TRUE(after.has_value()) << after.error().message;
  ASSERT_EQ(after->size(), more.events.size() - removed);
  EXPECT_TRUE(
      std::equal(after->begin(), after->end(), more.events.begin() + static_cast<std::ptrdiff_t>(removed)));
}

// The process lives on and dies at the end of the script without the disk ever having been well (for_good) or
// having been ill for one call only: all that was appended is there, out of the segments or the tail.
TEST(JournalFault, loses_nothing_whichever_call_fails) {
  for (const bool removes : {false, true}) {
    const std::uint64_t calls = calls_of_script(removes);
    ASSERT_GT(calls, 60U);
    for (const Lasts lasts : {Lasts::once, Lasts::for_good})
      for (const Fault fault : {Fault::error, Fault::short_write, Fault::no_space, Fault::read_only})
        for (std::uint64_t nth = 1; nth <= calls; ++nth) {
          test::FakeDisk disk{nth};
          io::ManualClock clock{kStart};
          Told told;
          disk.fail_at(nth, fault, lasts);
          live(disk, clock, told, removes);
          disk.heal();
          disk.kill();
          expect_all_there(disk, clock, told, true,
                           fmt::format("fault {} {} at call {}: {}", static_cast<int>(fault),
                                       lasts == Lasts::once ? "once" : "for good", nth, disk.call(nth)));
          if (testing::Test::HasFatalFailure()) return;
        }
  }
}

TEST(JournalFault, loses_nothing_when_killed_at_any_call) {
  for (const bool removes : {false, true}) {
    const std::uint64_t calls = calls_of_script(removes);
    for (std::uint64_t nth = 1; nth <= calls; ++nth) {
      test::FakeDisk disk{nth};
      io::ManualClock clock{kStart};
      Told told;
      disk.die_at(nth);
      live(disk, clock, told, removes);
      ASSERT_TRUE(disk.dead());
      const std::string call = disk.call(nth);
      disk.kill();
      expect_all_there(disk, clock, told, true, fmt::format("killed at call {}: {}", nth, call));
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

// What power losses leave of a script, over all calls and many seeds; how many acknowledged events are
// missing or how many journals cannot be opened at all.
struct Losses {
  std::uint64_t journals = 0;
  std::uint64_t harmed = 0;
  std::string first;
};
Losses power_losses(std::uint64_t seeds, bool ignore_syncs, std::size_t page_bytes, bool removes = false) {
  Losses losses;
  const std::uint64_t calls = calls_of_script(removes);
  for (std::uint64_t nth = 1; nth <= calls; ++nth)
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      test::FakeDisk disk{nth * 1'000 + seed, page_bytes};
      io::ManualClock clock{kStart};
      Told told;
      disk.ignore_syncs(ignore_syncs);
      disk.die_at(nth);
      live(disk, clock, told, removes);
      const std::string call = disk.call(nth);
      disk.power_loss();
      disk.ignore_syncs(false);
      ++losses.journals;
      const auto harm = [&](std::string_view what) {
        if (losses.harmed++ == 0)
          losses.first = fmt::format("power lost at call {} ({}), seed {}, pages of {}: {}", nth, call, seed,
                                     page_bytes, what);
      };
      auto opened = Journal::open(disk, clock, small_options(), test_names());
      if (!opened) {
        harm(opened.error().message);
        continue;
      }
      const std::uint64_t removed = segments_of(disk, kFolder).value().front().first.value() - 1;
      const auto there = read_all(disk, Sequence{removed});
      if (!there) {
        harm(there.error().message);
        continue;
      }
      const auto& events = told.appended.events;
      const std::uint64_t count = removed + there->size();
      if (removed > told.kept.value() || count < told.durable || count > events.size() ||
          !std::equal(there->begin(), there->end(), events.begin() + static_cast<std::ptrdiff_t>(removed)))
        harm(fmt::format("{} events of which {} were acknowledged, {} to {} are there", events.size(),
                         told.durable, removed + 1, count));
      // An old epoch may only go on if nothing that was published is missing.
      else if (!(*opened)->found().new_epoch && count != events.size())
        harm(fmt::format("{} of {} events are there, and the epoch is said to be the same", count,
                         events.size()));
    }
  return losses;
}

TEST(JournalFault, keeps_what_it_acknowledged_when_the_power_goes_at_any_call) {
  for (const bool removes : {false, true})
    for (const std::size_t page : {512U, 4096U}) {
      const Losses losses = power_losses(8, false, page, removes);
      EXPECT_GT(losses.journals, 500U);
      EXPECT_EQ(losses.harmed, 0U) << losses.first;
    }
}

// Who dies in a sync, or after one that failed, leaves events that only the kernel's memory has. The start
// after it counts on them, so it must bring them to the disk.
TEST(JournalFault, what_a_start_has_found_survives_a_power_loss) {
  const std::uint64_t calls = calls_of_script(false);
  for (const bool fails_first : {false, true})
    for (std::uint64_t nth = 2; nth <= calls; ++nth) {
      test::FakeDisk disk{nth};
      io::ManualClock clock{kStart};
      Told told;
      if (fails_first) disk.fail_at(nth - 1, Fault::error);
      disk.die_at(nth);
      live(disk, clock, told, false);
      SCOPED_TRACE(fmt::format("killed at call {}: {}, the one before it {}", nth, disk.call(nth),
                               fails_first ? "failed" : "did not"));
      disk.kill();
      disk.heal();
      std::uint64_t found = 0;
      {
        auto opened = Journal::open(disk, clock, small_options(), test_names());
        ASSERT_TRUE(opened.has_value()) << opened.error().message;
        found = (*opened)->durable().value();
        EXPECT_EQ(found, told.appended.events.size());
        disk.power_loss();
      }
      auto opened = Journal::open(disk, clock, small_options(), test_names());
      ASSERT_TRUE(opened.has_value()) << opened.error().message;
      const auto there = read_all(disk);
      ASSERT_TRUE(there.has_value()) << there.error().message;
      expect_prefix(*there, told.appended.events, found, "after the power loss");
      if (testing::Test::HasFailure()) return;
    }
}

// Clients tell epochs apart by the numbers of pushes alone, and every event may have numbered one.
TEST(JournalFault, a_new_epoch_is_above_every_number_of_the_old_one_though_the_clock_was_set_back) {
  test::FakeDisk disk;
  io::ManualClock clock{kStart};
  auto journal = open_journal(disk, clock);
  const std::uint64_t before = journal->epoch().value();
  Appended appended;
  for (int n = 0; n < 50; ++n) ASSERT_TRUE(appended.append_to(*journal));
  disk.power_loss();
  io::ManualClock earlier{kStart - std::chrono::hours{1}};
  journal = open_journal(disk, earlier);
  ASSERT_TRUE(journal->found().new_epoch);
  EXPECT_GT(journal->epoch().value(), before + appended.events.size());
}

// The test of power losses would be worthless if it did not see a journal that does not sync.
TEST(JournalFault, the_test_of_power_losses_notices_when_syncs_do_nothing) {
  EXPECT_GT(power_losses(2, true, 512).harmed, 50U);
}

}  // namespace
}  // namespace qos::journal
