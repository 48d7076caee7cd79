// A server that was killed goes on as the machine that never stopped: the newest whole checkpoint, taken
// while events went on, and the journal after it.
#include "replay/recovery.hpp"

#include <gmock/gmock.h>

#include "replay/checkpointer.hpp"
#include "replay/own_calendars.hpp"
#include "replay/replay_world.hpp"

namespace qos::replay {
namespace {

// The server itself comes last.
FeedId own_of(const journal::Names& names) {
  return FeedId{static_cast<std::uint16_t>(names.feeds.size() - 1)};
}

constexpr std::uint32_t kInstruments = 6;

std::string all_of(const state::Machine& machine) {
  std::string bytes;
  ByteWriter out{bytes};
  machine.save(out);
  for (std::uint32_t id = 0; id < kInstruments; ++id) machine.save(InstrumentId{id}, out);
  return bytes;
}

struct Nobody final : state::ChangeSink {
  void on(const state::Change&) override {}
};

// Lives through random days, with digests, and takes checkpoints in between, part by part.
class Lived : public JournalledWorld {
 public:
  explicit Lived(unsigned seed, const state::Machine::Options& options = {})
      : JournalledWorld{options},
        random_{seed},
        source_{{.seed = seed, .late_percent = 10, .correction_percent = 8, .calendar_permille = 2}},
        checkpointer_{journal(),
                      clock(),
                      instruments(),
                      {.folder = kCheckpoints, .spacing = std::chrono::seconds{100'000}},
                      Sequence{}} {}

  void live_random(int events) {
    for (int n = 0; n < events; ++n) {
      if (pick(40) == 0)
        live(StateDigest{.digest = machine().digest(), .ts_event = state::utc("2024-08-05 00:00")});
      live(source_.next(instruments()));
      if (checkpointer_.under_way() && pick(8) == 0) checkpointer_.step(machine(), received());
      if (pick(10) == 0) step();
      while (pick(3) == 0 && checkpointer_.write_some()) continue;
    }
  }
  void begin_checkpoint() {
    while (checkpointer_.write_some()) continue;
    checkpointer_.begin(machine(), {.epoch = journal().epoch(), .handed_over = {{"venue", last().value()}}});
  }
  // To its end, durable.
  void finish_checkpoint() {
    while (checkpointer_.under_way()) {
      checkpointer_.step(machine(), received());
      while (checkpointer_.write_some()) continue;
    }
    flush();
    while (checkpointer_.write_some()) continue;
  }
  UnixNanos received() const { return from_unix_seconds(static_cast<std::int64_t>(last().value())); }
  int pick(int below) { return std::uniform_int_distribution<int>{0, below - 1}(random_); }
  Checkpointer& checkpointer() { return checkpointer_; }

 private:
  std::mt19937 random_;
  state::RandomEvents source_;
  Checkpointer checkpointer_;
};

// The world after a restart.
class Recovered {
 public:
  explicit Recovered(Lived& lived) : archive_{lived.archive()} {}

  Result<void> recover(Sequence last) {
    auto checkpoint = newest_checkpoint(archive_.disk, archive_.checkpoints, {.durable = last},
                                        [this](const Error& error) { reports.push_back(error.message); });
    if (!checkpoint) return std::unexpected{checkpoint.error()};
    Sequence from;
    if (*checkpoint) {
      if (auto restored = restore(**checkpoint, archive_.instruments, machine); !restored) return restored;
      facts = (*checkpoint)->facts();
      from = facts->first;
    }
    auto reader = journal::Reader::open(archive_.disk, archive_.journal, from, archive_.names);
    if (!reader) return std::unexpected{reader.error()};
    Nobody sink;
    auto done =
        apply_journal(**reader, archive_.names.feeds.size(), own_of(archive_.names), machine, sink, last);
    if (!done) return std::unexpected{done.error()};
    applied = *done;
    return {};
  }

 private:
  Archive archive_;
  std::unique_ptr<market::CalendarTable> calendars_ = own_calendars(archive_.calendars);

 public:
  state::Machine machine{archive_.instruments, *calendars_, archive_.options};
  std::optional<CheckpointFacts> facts;
  Applied applied;
  std::vector<std::string> reports;
};

TEST(Recovery, is_the_machine_that_never_stopped) {
  for (unsigned seed = 1; seed <= 15 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Lived lived{seed};
    lived.live_random(lived.pick(800));
    for (int n = 0; n < 3; ++n) {
      lived.begin_checkpoint();
      lived.live_random(200);
      // The last one may be cut off by the end.
      if (n < 2 || seed % 2 == 0) lived.finish_checkpoint();
    }
    lived.live_random(lived.pick(400));
    lived.flush();

    Recovered recovered{lived};
    const auto done = recovered.recover(lived.last());
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_TRUE(recovered.facts);
    EXPECT_GT(recovered.facts->first, Sequence{});
    EXPECT_EQ(recovered.applied.last, lived.last());
    EXPECT_EQ(recovered.machine.digest(), lived.machine().digest());
    EXPECT_EQ(recovered.machine.counters().digest_mismatches.value(), 0U);
    EXPECT_EQ(all_of(recovered.machine), all_of(lived.machine()));
  }
}

TEST(Recovery, passes_over_a_damaged_checkpoint_and_says_so) {
  Lived lived{7};
  for (int n = 0; n < 2; ++n) {
    lived.live_random(300);
    lived.begin_checkpoint();
    lived.finish_checkpoint();
  }
  const auto places = checkpoints_in(lived.disk(), kCheckpoints);
  ASSERT_EQ(places->size(), 2U);
  lived.disk().flip_bit(places->back().path, 77);
  Recovered recovered{lived};
  ASSERT_TRUE(recovered.recover(lived.last()));
  EXPECT_EQ(recovered.facts->first, places->front().first);
  EXPECT_THAT(recovered.reports, testing::ElementsAre(testing::HasSubstr(places->back().path.string())));
  EXPECT_EQ(all_of(recovered.machine), all_of(lived.machine()));
  lived.disk().flip_bit(places->front().path, 77);
  Recovered from_the_beginning{lived};
  ASSERT_TRUE(from_the_beginning.recover(lived.last()));
  EXPECT_FALSE(from_the_beginning.facts);
  EXPECT_EQ(all_of(from_the_beginning.machine), all_of(lived.machine()));
}

TEST(Recovery, chooses_by_what_is_durable_received_and_begun) {
  Lived lived{8};
  for (int n = 0; n < 2; ++n) {
    lived.live_random(100);
    lived.begin_checkpoint();
    lived.finish_checkpoint();
  }
  const auto places = checkpoints_in(lived.disk(), kCheckpoints);
  const auto chosen = [&](const CheckpointChoice& choice) -> std::optional<Sequence> {
    const auto found = newest_checkpoint(lived.disk(), kCheckpoints, choice, {});
    return found && *found ? std::optional{(*found)->facts().first} : std::nullopt;
  };
  const auto first = places->front().first;
  const auto second = places->back().first;
  EXPECT_EQ(chosen({.durable = lived.last()}), second);
  EXPECT_EQ(chosen({.durable = Sequence{second.value() - 1}}), first);
  EXPECT_EQ(chosen({.durable = Sequence{first.value() - 1}}), std::nullopt);
  EXPECT_EQ(chosen({.durable = lived.last(), .first_by = second}), second);
  EXPECT_EQ(chosen({.durable = lived.last(), .first_by = Sequence{second.value() - 1}}), first);
  const auto received = CheckpointFile::open(lived.disk(), places->back().path)->facts().received;
  EXPECT_EQ(chosen({.durable = lived.last(), .received_by = received}), second);
  EXPECT_EQ(chosen({.durable = lived.last(), .received_by = received - std::chrono::seconds{1}}), first);
}

TEST(Recovery, counts_what_each_feed_has_handed_over) {
  Lived lived{9};
  lived.live_random(500);
  lived.flush();
  Recovered recovered{lived};
  ASSERT_TRUE(recovered.recover(Sequence{400}));
  EXPECT_EQ(recovered.applied.last, Sequence{400});
  EXPECT_EQ(recovered.applied.events, 400U);
  const auto& counts = recovered.applied.handed_over;
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0] + counts[1], 400U);
  EXPECT_GT(counts[1], 0U);
  // The server's own times are none of a feed.
  EXPECT_LE(recovered.applied.received, from_unix_seconds(400));
  EXPECT_GE(recovered.applied.received, from_unix_seconds(390));
}

// Ids are given anew at every start.
TEST(Recovery, goes_by_names_where_the_table_has_changed) {
  Lived lived{10};
  lived.live_random(300);
  lived.begin_checkpoint();
  lived.live_random(100);
  lived.finish_checkpoint();
  lived.live_random(300);
  lived.flush();

  std::string csv{state::kWorldInstruments.substr(0, state::kWorldInstruments.find('\n') + 1)};
  csv += "US:TSLA,stock,NASD,USD,,,1,0.01,,,,,,,,test\n";
  csv += "HK:700,stock,SEHK,HKD,,,100,0.2,,,,,,,,test\n";
  csv += "US:AAPL,stock,NASD,USD,,,1,0.01,,,,,,,,test\n";
  const auto table = market::InstrumentTable::load("other.csv", csv, state::world_calendars());
  ASSERT_TRUE(table) << table.error().message;
  const auto calendars = own_calendars(state::world_calendars());
  state::Machine machine{*table, *calendars, {}};
  const auto checkpoint = newest_checkpoint(lived.disk(), kCheckpoints, {.durable = lived.last()}, {});
  ASSERT_TRUE(checkpoint && *checkpoint);
  ASSERT_TRUE(restore(**checkpoint, *table, machine));
  const auto names = names_of(*table);
  auto reader = journal::Reader::open(lived.disk(), kJournal, (*checkpoint)->facts().first, names);
  ASSERT_TRUE(reader);
  Nobody sink;
  ASSERT_TRUE(apply_journal(**reader, names.feeds.size(), own_of(names), machine, sink, lived.last()));
  const auto part = [](const state::Machine& of, InstrumentId id) {
    std::string bytes;
    ByteWriter out{bytes};
    of.save(id, out);
    return bytes;
  };
  EXPECT_EQ(part(machine, InstrumentId{2}), part(lived.machine(), state::kUs));
  EXPECT_EQ(part(machine, InstrumentId{1}), part(lived.machine(), state::kHk));
  EXPECT_EQ(machine.views().find(InstrumentId{0})->numbers(), state::Numbers{});
}

}  // namespace
}  // namespace qos::replay
