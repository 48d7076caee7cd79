// What a journal promises while it lives, and what the next one finds.
#include <gtest/gtest.h>
#include <xxhash.h>

#include <signal.h>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "journal/journal_support.hpp"
#include "journal/segment.hpp"
#include "journal/tail.hpp"
#include "support/child.hpp"
#include "support/temp_folder.hpp"

namespace qos::journal {
namespace {

using namespace std::chrono_literals;
using Fault = test::FakeDisk::Fault;
using Lasts = test::FakeDisk::Lasts;

struct JournalTest : testing::Test {
  std::unique_ptr<Journal> open(const Journal::Options& options = small_options()) {
    return open_journal(disk, clock, options);
  }
  void append(Journal& journal, std::size_t count) {
    for (std::size_t n = 0; n < count; ++n) ASSERT_TRUE(appended.append_to(journal));
  }
  // As after kill -9: the object goes on existing and does nothing to the disk any more.
  void kill(std::unique_ptr<Journal>& journal) {
    disk.kill();
    journal.reset();
  }
  void expect_all_there() {
    const auto there = read_all(disk);
    ASSERT_TRUE(there.has_value()) << there.error().message;
    EXPECT_EQ(*there, appended.events);
  }
  std::vector<std::string> segments() {
    std::vector<std::string> files;
    const auto facts = segments_of(disk, kFolder).value();
    for (const auto& segment : facts) files.push_back(segment.file);
    return files;
  }

  test::FakeDisk disk;
  io::ManualClock clock{kStart};
  Appended appended;
};

TEST_F(JournalTest, begins_an_epoch_where_there_is_nothing) {
  const auto journal = open();
  EXPECT_EQ(journal->found().last, (Position{}));
  EXPECT_TRUE(journal->found().new_epoch);
  EXPECT_EQ(journal->found().reason, "there is no journal yet");
  EXPECT_EQ(journal->epoch(), Epoch{1'722'988'800'000'000});
  EXPECT_EQ(journal->appended(), Sequence{0});
  EXPECT_EQ(journal->durable(), Sequence{0});
  EXPECT_FALSE(journal->step());
}

TEST_F(JournalTest, makes_durable_what_was_appended_and_gives_it_back) {
  const auto journal = open();
  append(*journal, 10);
  EXPECT_EQ(journal->appended(), Sequence{10});
  EXPECT_EQ(journal->durable(), Sequence{0});
  EXPECT_TRUE(journal->step());
  EXPECT_EQ(journal->durable(), Sequence{10});
  EXPECT_FALSE(journal->step());
  expect_all_there();
  EXPECT_EQ(journal->counters().syncs.value(), 1U);
  EXPECT_EQ(journal->counters().blocks.value(), 1U);
}

TEST_F(JournalTest, goes_on_with_its_epoch_after_a_clean_end_even_on_another_boot) {
  auto journal = open();
  append(*journal, 3);
  journal->stop();
  journal.reset();
  disk.new_boot();
  clock.advance(1h);
  journal = open();
  EXPECT_FALSE(journal->found().new_epoch);
  EXPECT_EQ(journal->found().reason, "");
  EXPECT_EQ(journal->epoch(), Epoch{1'722'988'800'000'000});
  EXPECT_EQ(journal->found().last, (Position{.epoch = journal->epoch(), .sequence = Sequence{3}}));
  EXPECT_EQ(journal->found().from_tail, 0U);
  append(*journal, 3);
  journal->step();
  expect_all_there();
}

TEST_F(JournalTest, stop_writes_what_waits) {
  auto journal = open();
  append(*journal, 30);
  journal->stop();
  EXPECT_EQ(journal->durable(), Sequence{30});
  expect_all_there();
}

TEST_F(JournalTest, has_everything_after_kill_9_and_the_epoch_goes_on) {
  auto journal = open();
  append(*journal, 5);
  journal->step();
  append(*journal, 7);
  kill(journal);
  journal = open();
  EXPECT_FALSE(journal->found().new_epoch) << journal->found().reason;
  EXPECT_EQ(journal->found().from_tail, 7U);
  EXPECT_EQ(journal->found().last.sequence, Sequence{12});
  expect_all_there();
  EXPECT_EQ(segments().size(), 3U) << "of the first run, of its tail, of this run";
}

TEST_F(JournalTest, gives_the_tails_events_the_names_of_the_run_that_made_them) {
  auto journal = open();
  append(*journal, 2);
  kill(journal);
  auto others = test_names();
  std::swap(others.instruments[0], others.instruments[1]);
  journal = Journal::open(disk, clock, small_options(), others).value();
  // Read with the names of the first run, the events are the first run's.
  expect_all_there();
}

TEST_F(JournalTest, begins_a_new_epoch_when_the_machine_went_down_under_it) {
  auto journal = open();
  append(*journal, 5);
  journal->step();
  append(*journal, 7);
  disk.power_loss();
  journal.reset();
  clock.advance(1s);
  journal = open();
  EXPECT_TRUE(journal->found().new_epoch);
  EXPECT_NE(journal->found().reason, "");
  EXPECT_EQ(journal->found().last,
            (Position{.epoch = Epoch{1'722'988'800'000'000}, .sequence = Sequence{5}}));
  EXPECT_EQ(journal->epoch(), Epoch{1'722'988'801'000'000});
  appended.events.resize(5);
  append(*journal, 2);
  journal->step();
  expect_all_there();
}

TEST_F(JournalTest, a_new_epoch_is_later_than_the_one_before_though_the_clock_went_back) {
  auto journal = open();
  append(*journal, 1);
  disk.new_boot();
  kill(journal);
  io::ManualClock earlier{kStart - 24h};
  journal = open_journal(disk, earlier);
  EXPECT_GT(journal->epoch(), Epoch{1'722'988'800'000'001});
}

TEST_F(JournalTest, begins_a_new_epoch_without_its_tail) {
  for (const bool damaged : {false, true}) {
    auto journal = open();
    const Epoch before = journal->epoch();
    append(*journal, 1);
    journal->stop();
    journal.reset();
    if (damaged)
      disk.flip_bit(kFolder / kTailFile, 8 * 40);
    else
      disk.erase(kFolder / kTailFile);
    journal = open();
    EXPECT_TRUE(journal->found().new_epoch);
    EXPECT_GT(journal->epoch(), before);
    expect_all_there();
    journal->stop();
    journal.reset();
  }
}

TEST_F(JournalTest, begins_a_new_epoch_after_a_repair_once) {
  auto journal = open();
  append(*journal, 1);
  journal->stop();
  journal.reset();
  disk.put(kFolder / kRepairedMarker, "");
  journal = open();
  EXPECT_TRUE(journal->found().new_epoch);
  EXPECT_FALSE(disk.exists(kFolder / kRepairedMarker));
  const Epoch epoch = journal->epoch();
  journal->stop();
  journal.reset();
  EXPECT_EQ(open()->epoch(), epoch);
}

TEST_F(JournalTest, begins_a_new_epoch_when_a_finished_journal_has_lost_segments) {
  auto journal = open();
  append(*journal, 3);
  journal->stop();
  journal.reset();
  journal = open();
  append(*journal, 3);
  journal->stop();
  journal.reset();
  disk.erase(kFolder / segments().back());
  disk.new_boot();
  journal = open();
  EXPECT_TRUE(journal->found().new_epoch);
  EXPECT_EQ(journal->found().reason, "the journal was finished at event 6, its segments end at 3");
}

// The numbers and the checksum of the tail's header, as another version would have written them.
void make_layout_another(test::FakeDisk& disk) {
  auto bytes = *disk.content(kFolder / kTailFile);
  bytes[16] = static_cast<char>(bytes[16] ^ 1);
  const std::uint64_t checksum = XXH3_64bits(bytes.data(), 104);
  std::memcpy(bytes.data() + 104, &checksum, sizeof checksum);
  disk.put(kFolder / kTailFile, bytes);
}

TEST_F(JournalTest, refuses_the_tail_of_another_version_only_if_it_has_events_of_its_own) {
  auto journal = open();
  append(*journal, 3);
  journal->step();
  kill(journal);
  make_layout_another(disk);
  journal = open();
  EXPECT_FALSE(journal->found().new_epoch) << journal->found().reason;
  append(*journal, 4);
  kill(journal);
  make_layout_another(disk);
  const auto refused = Journal::open(disk, clock, small_options(), test_names());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(
      refused.error().message,
      "data/journal/tail: events 4 to 7 are only there, in the layout of another version: start and stop "
      "that version once");
  make_layout_another(disk);  // the version that wrote it
  journal = open();
  EXPECT_EQ(journal->found().from_tail, 4U);
  expect_all_there();
}

TEST_F(JournalTest, cuts_off_a_torn_end_and_takes_its_events_from_the_tail) {
  auto journal = open();
  append(*journal, 3);
  journal->step();
  append(*journal, 3);
  // The process dies in the middle of the write.
  disk.die_at(disk.calls() + 1);
  journal->step();
  ASSERT_TRUE(disk.dead());
  kill(journal);
  journal = open();
  EXPECT_FALSE(journal->found().new_epoch);
  EXPECT_EQ(journal->found().from_tail, 3U);
  expect_all_there();
}

TEST_F(JournalTest, does_not_open_a_journal_with_damage_inside) {
  auto journal = open();
  for (int n = 0; n < 4; ++n) {
    append(*journal, 10);
    journal->step();
  }
  journal->stop();
  journal.reset();
  const auto newest = segments().back();
  const auto bits = disk.content(kFolder / newest)->size() * 8;
  disk.flip_bit(kFolder / newest, bits / 2);
  const auto refused = Journal::open(disk, clock, small_options(), test_names());
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find(newest), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find("at offset"), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find("qos journal repair"), std::string::npos) << refused.error().message;
}

TEST_F(JournalTest, does_not_open_a_journal_in_whose_middle_a_segment_is_missing_or_short) {
  for (const bool missing : {true, false}) {
    auto journal = open();
    for (int n = 0; n < 20; ++n) {
      append(*journal, 60);
      journal->step();
    }
    journal->stop();
    journal.reset();
    const auto files = segments();
    ASSERT_GT(files.size(), 3U);
    const auto content = *disk.content(kFolder / files[1]);
    if (missing)
      disk.erase(kFolder / files[1]);
    else
      disk.put(kFolder / files[1], content.substr(0, content.size() - 1));
    const auto refused = Journal::open(disk, clock, small_options(), test_names());
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().message.find(files[missing ? 0 : 1]), std::string::npos)
        << refused.error().message;
    disk.put(kFolder / files[1], content);
  }
}

TEST_F(JournalTest, belongs_to_one_process) {
  const auto journal = open();
  const auto second = Journal::open(disk, clock, small_options(), test_names());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().message, "data/journal is in use by process 1");
}

TEST_F(JournalTest, refuses_events_when_its_tail_is_full_and_has_room_again_after_a_commit) {
  const auto journal = open();
  int woken = 0;
  journal->on_progress([&] { ++woken; });
  append(*journal, 64);
  EXPECT_FALSE(journal->append(test_event(65)));
  EXPECT_EQ(journal->counters().refused.value(), 1U);
  journal->step();
  EXPECT_EQ(woken, 1);
  append(*journal, 64);
  journal->step();
  expect_all_there();
}

TEST_F(JournalTest, waits_out_a_full_disk_and_goes_on_by_itself) {
  std::vector<std::string> told;
  auto options = small_options();
  options.report = [&](const Error& error) { told.push_back(error.message); };
  const auto journal = open(options);
  append(*journal, 20);
  journal->step();
  disk.capacity(disk.used() + 50);
  append(*journal, 64);
  EXPECT_TRUE(journal->step());
  EXPECT_FALSE(journal->step()) << "it waits a second before it tries again";
  EXPECT_FALSE(journal->append(test_event(85)));
  for (int second = 0; second < 3; ++second) {
    clock.advance(1s);
    EXPECT_TRUE(journal->step());
  }
  EXPECT_EQ(journal->durable(), Sequence{20});
  EXPECT_EQ(journal->counters().failing.value(), 1);
  EXPECT_EQ(journal->counters().failures.value(), 4U);
  EXPECT_EQ(told.size(), 1U);
  disk.capacity(test::FakeDisk::kUnlimited);
  clock.advance(1s);
  journal->step();
  EXPECT_EQ(journal->durable(), Sequence{84});
  EXPECT_EQ(journal->counters().failing.value(), 0);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_NE(told.front().find("No space left on device"), std::string::npos) << told.front();
  append(*journal, 5);
  journal->step();
  expect_all_there();
}

TEST_F(JournalTest, keeps_in_its_tail_what_a_refusing_disk_did_not_take_before_the_end) {
  auto journal = open();
  append(*journal, 20);
  disk.fail_at(disk.calls() + 1, Fault::read_only, Lasts::for_good);
  journal->stop();
  EXPECT_EQ(journal->durable(), Sequence{0});
  kill(journal);
  disk.heal();
  journal = open();
  EXPECT_FALSE(journal->found().new_epoch) << journal->found().reason;
  EXPECT_EQ(journal->found().from_tail, 20U);
  expect_all_there();
}

// After a failed sync the kernel calls pages clean that the disk does not have, so a second sync of the same
// file says yes and does nothing.
TEST_F(JournalTest, writes_again_into_a_new_segment_what_a_failed_sync_was_for) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    test::FakeDisk bad{seed};
    Appended events;
    auto journal = open_journal(bad, clock);
    for (int n = 0; n < 5; ++n) events.append_to(*journal);
    journal->step();
    for (int n = 0; n < 20; ++n) events.append_to(*journal);
    bad.fail_at(bad.calls() + 2, Fault::error);  // write, sync
    journal->step();
    EXPECT_EQ(journal->durable(), Sequence{5});
    clock.advance(1s);
    journal->step();
    EXPECT_EQ(journal->durable(), Sequence{25});
    EXPECT_EQ(segments_of(bad, kFolder).value().size(), 2U);
    bad.power_loss();
    journal.reset();
    journal = open_journal(bad, clock);
    const auto there = read_all(bad);
    ASSERT_TRUE(there.has_value()) << there.error().message;
    ASSERT_EQ(*there, events.events) << "seed " << seed;
  }
}

TEST_F(JournalTest, begins_a_new_segment_when_one_is_long_enough) {
  const auto journal = open();
  for (int n = 0; n < 20; ++n) {
    append(*journal, 60);
    journal->step();
  }
  EXPECT_GT(segments().size(), 3U);
  const auto facts = segments_of(disk, kFolder).value();
  for (std::size_t n = 1; n < facts.size(); ++n)
    EXPECT_EQ(facts[n].first.value(), facts[n - 1].last.value() + 1);
  expect_all_there();
}

TEST_F(JournalTest, archives_closed_segments) {
  const auto journal = open();
  for (int n = 0; n < 20; ++n) {
    append(*journal, 60);
    journal->step();
  }
  while (journal->step()) {
  }
  const auto facts = segments_of(disk, kFolder).value();
  for (const auto& segment : facts) EXPECT_EQ(segment.archived, &segment != &facts.back()) << segment.file;
  EXPECT_EQ(journal->counters().archived.value(), facts.size() - 1);
  std::uint64_t bytes = 0;
  for (const auto& segment : facts) bytes += disk.content(kFolder / segment.file)->size();
  EXPECT_EQ(journal->counters().segment_bytes_held.value(), static_cast<std::int64_t>(bytes));
  expect_all_there();
}

TEST_F(JournalTest, removes_the_oldest_segments_beyond_the_bytes_it_may_keep_but_none_that_is_needed) {
  auto options = small_options();
  options.keep_bytes = 4'000;
  options.archive = false;
  const auto journal = open(options);
  const auto live = [&] {
    for (int n = 0; n < 20; ++n) {
      append(*journal, 60);
      journal->step();
    }
    while (journal->step()) {
    }
  };
  live();
  EXPECT_EQ(journal->counters().removed.value(), 0U) << "nobody said what is not needed any more";
  journal->keep_after(Sequence{500});
  while (journal->step()) {
  }
  EXPECT_GT(journal->counters().removed.value(), 0U);
  const auto oldest = segments_of(disk, kFolder).value().front();
  EXPECT_LE(oldest.first.value(), 501U);
  EXPECT_GE(oldest.last.value(), 501U);
  journal->keep_after(journal->durable());
  while (journal->step()) {
  }
  EXPECT_LE(journal->counters().segment_bytes_held.value(), 4'000 + 2'500);
  const auto first = segments_of(disk, kFolder).value().front().first;
  const auto there = read_all(disk, Sequence{first.value() - 1});
  ASSERT_TRUE(there.has_value()) << there.error().message;
  EXPECT_EQ(there->size(), 1'200 - first.value() + 1);
}

TEST_F(JournalTest, removes_segments_whose_events_are_too_old) {
  auto options = small_options();
  options.keep_for = 1h;
  const auto journal = open(options);
  for (int n = 0; n < 20; ++n) {
    append(*journal, 60);
    journal->step();
  }
  journal->keep_after(journal->durable());
  while (journal->step()) {
  }
  EXPECT_EQ(journal->counters().removed.value(), 0U);
  clock.advance(2h);
  journal->keep_after(journal->durable());
  while (journal->step()) {
  }
  EXPECT_EQ(segments().size(), 1U) << "the one that is being written stays";
}

TEST_F(JournalTest, reads_a_journal_whose_tail_has_another_size_now) {
  auto journal = open();
  append(*journal, 40);
  kill(journal);
  auto options = small_options();
  options.tail_events = 16;
  journal = open(options);
  EXPECT_EQ(journal->found().from_tail, 40U);
  expect_all_there();
}

// The ring has begun anew several times, and the part that waits lies across its end.
TEST_F(JournalTest, keeps_the_order_when_the_ring_begins_anew) {
  auto journal = open();
  for (int n = 0; n < 37; ++n) {
    append(*journal, 13);
    if (n % 3 != 0) journal->step();
  }
  kill(journal);
  journal = open();
  expect_all_there();
}

// The real disk, the real clock, three threads.
TEST(JournalThreads, make_durable_what_another_thread_appends) {
  const test::TempFolder folder;
  std::mutex mutex;
  std::condition_variable grown;
  auto journal = Journal::open(io::system_disk(), io::system_clock(),
                               {.folder = folder / "journal", .segment_bytes = 100'000, .tail_events = 1'000},
                               test_names());
  ASSERT_TRUE(journal.has_value()) << journal.error().message;
  (*journal)->on_progress([&] {
    const std::scoped_lock lock{mutex};
    grown.notify_all();
  });
  (*journal)->start();
  constexpr std::uint64_t kEvents = 50'000;
  Appended appended;
  while (appended.events.size() < kEvents) {
    if (appended.append_to(**journal)) continue;
    std::unique_lock lock{mutex};
    grown.wait(lock, [&] { return (*journal)->appended().value() - (*journal)->durable().value() < 1'000; });
  }
  {
    std::unique_lock lock{mutex};
    grown.wait(lock, [&] { return (*journal)->durable().value() == kEvents; });
  }
  (*journal)->stop();
  const auto there = read_all(io::system_disk(), Sequence{0}, folder / "journal");
  ASSERT_TRUE(there.has_value()) << there.error().message;
  EXPECT_EQ(*there, appended.events);
}

// A child appends as fast as it can and says how far it came; it is killed at any moment. What it had said is
// there, and whatever else is there it had appended.
TEST(JournalThreads, lose_nothing_that_was_appended_when_the_process_is_killed) {
  const test::TempFolder folder;
  const auto options =
      Journal::Options{.folder = folder / "journal", .segment_bytes = 50'000, .tail_events = 4'096};
  std::uint64_t there = 0;
  for (int round = 0; round < 10; ++round) {
    test::Child child{[&](const test::Child::Talk& talk) {
      auto journal = Journal::open(io::system_disk(), io::system_clock(), options, test_names());
      if (!journal) return 1;
      talk.say(std::to_string(::getpid()));
      (*journal)->start();
      for (std::uint64_t next = (*journal)->found().last.sequence.value() + 1;; ++next) {
        while (!(*journal)->append(test_event(next))) std::this_thread::yield();
        if (next % 500 == 0) talk.say(std::to_string(next));
      }
    }};
    const auto process = static_cast<pid_t>(std::stol(child.hear()));
    std::uint64_t said = there;
    for (int line = 0; line <= round; ++line) said = std::stoull(child.hear());
    ASSERT_EQ(::kill(process, SIGKILL), 0);
    for (auto line = child.hear(); !line.empty(); line = child.hear())
      if (line.size() >= std::to_string(said).size()) said = std::max<std::uint64_t>(said, std::stoull(line));
    EXPECT_TRUE(child.end().killed);
    auto journal = Journal::open(io::system_disk(), io::system_clock(), options, test_names());
    ASSERT_TRUE(journal.has_value()) << journal.error().message;
    EXPECT_EQ((*journal)->found().new_epoch, false) << (*journal)->found().reason;
    const auto events = read_all(io::system_disk(), Sequence{0}, options.folder);
    ASSERT_TRUE(events.has_value()) << events.error().message;
    ASSERT_GE(events->size(), said);
    there = events->size();
    for (std::uint64_t n = 0; n < there; ++n) ASSERT_EQ((*events)[n], test_event(n + 1));
  }
}

}  // namespace
}  // namespace qos::journal
