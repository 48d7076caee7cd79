// A machine that is saved and restored is the machine that was never stopped: the same bytes, the same
// changes, the same views, numbers and digest, whenever it was saved and whatever happened while it was.
#include <algorithm>

#include "state/alike.hpp"
#include "state/random_day.hpp"

namespace qos::state {
namespace {

using market::KlineType;

constexpr std::uint32_t kInstruments = 6;

struct Checkpoint {
  std::string shared;
  std::array<std::string, kInstruments> instruments;

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

std::string shared_of(const Machine& machine) {
  std::string bytes;
  ByteWriter out{bytes};
  machine.save(out);
  return bytes;
}

std::string part_of(const Machine& machine, std::uint32_t id) {
  std::string bytes;
  ByteWriter out{bytes};
  machine.save(InstrumentId{id}, out);
  return bytes;
}

Checkpoint save(const Machine& machine) {
  Checkpoint checkpoint{.shared = shared_of(machine), .instruments = {}};
  for (std::uint32_t id = 0; id < kInstruments; ++id) checkpoint.instruments[id] = part_of(machine, id);
  return checkpoint;
}

Result<void> restore_shared(Machine& machine, std::string_view bytes) {
  ByteReader in{bytes};
  auto restored = machine.restore(in);
  if (restored && !in.at_end()) return fail("{} bytes are left over", in.remaining());
  return restored;
}

Result<void> restore_part(Machine& machine, std::uint32_t id, std::string_view bytes) {
  ByteReader in{bytes};
  auto restored = machine.restore(InstrumentId{id}, in);
  if (restored && !in.at_end()) return fail("{} bytes are left over", in.remaining());
  return restored;
}

Result<void> restore(Machine& machine, const Checkpoint& checkpoint) {
  if (auto shared = restore_shared(machine, checkpoint.shared); !shared) return shared;
  for (std::uint32_t id = 0; id < kInstruments; ++id)
    if (auto part = restore_part(machine, id, checkpoint.instruments[id]); !part) return part;
  return {};
}

void expect_same_views(const InstrumentView& a, const InstrumentView& b) {
  EXPECT_EQ(a.version(), b.version());
  EXPECT_EQ(a.numbers(), b.numbers());
  EXPECT_EQ(a.snapshot(), b.snapshot());
  EXPECT_EQ(a.depth(), b.depth());
  EXPECT_EQ(a.trades(100), b.trades(100));
  for (const KlineType type : market::kKlineTypes) EXPECT_EQ(a.klines(type, 10'000), b.klines(type, 10'000));
  for (const auto series : kExtendedSeries)
    EXPECT_EQ(a.extended_minutes(series, 10'000), b.extended_minutes(series, 10'000));
}

// Saves a part now and then while events go on, restores it in the end and catches up.
void expect_continued(const RandomDays& shape, const Machine::Options& options, int events) {
  SCOPED_TRACE("seed " + std::to_string(shape.seed));
  std::mt19937 random{shape.seed * 7919};
  const auto pick = [&](int below) { return std::uniform_int_distribution<int>{0, below - 1}(random); };
  World lived{options};
  RandomEvents source{shape};
  std::vector<EventBody> bodies;
  std::vector<std::vector<Heard>> heard;
  const auto live = [&](const EventBody& body) {
    bodies.push_back(body);
    heard.push_back(lived.apply_to_all(body));
  };
  const auto live_random = [&](int count) {
    for (int n = 0; n < count; ++n) {
      if (pick(50) == 0)
        live(StateDigest{.digest = lived.machine().digest(), .ts_event = utc("2024-08-05 00:00")});
      live(source.next(lived.instruments()));
    }
  };
  live_random(pick(events));
  Checkpoint checkpoint{.shared = shared_of(lived.machine()), .instruments = {}};
  const std::size_t begin = bodies.size();
  std::array<std::uint32_t, kInstruments> order{0, 1, 2, 3, 4, 5};
  std::ranges::shuffle(order, random);
  std::array<std::size_t, kInstruments> saved_at{};
  const bool quick = pick(3) == 0;
  for (const auto id : order) {
    if (!quick) live_random(pick(60));
    checkpoint.instruments[id] = part_of(lived.machine(), id);
    saved_at[id] = bodies.size();
  }
  live_random(events);

  World restored{options};
  const auto done = restore(restored.machine(), checkpoint);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(restored.machine().last(), Sequence{begin});
  restored.go_on_after(Sequence{begin});
  for (std::size_t n = begin; n < bodies.size(); ++n) {
    const auto again = restored.apply_to_all(bodies[n]);
    auto expected = heard[n];
    std::erase_if(expected, [&](const Heard& change) { return n < saved_at[change.instrument.value()]; });
    ASSERT_EQ(again, expected) << "event " << n;
  }
  EXPECT_EQ(restored.machine().digest(), lived.machine().digest());
  EXPECT_EQ(restored.counters().digest_mismatches.value(), 0U);
  EXPECT_EQ(lived.counters().digest_mismatches.value(), 0U);
  EXPECT_EQ(save(restored.machine()), save(lived.machine()));
  for (std::uint32_t id = 0; id < kInstruments; ++id)
    expect_same_views(restored.view(InstrumentId{id}), lived.view(InstrumentId{id}));
}

TEST(Checkpoint, restored_is_the_machine_that_was_never_stopped) {
  for (unsigned seed = 1; seed <= 24 && !testing::Test::HasFailure(); ++seed)
    expect_continued({.seed = seed,
                      .step = std::chrono::seconds{seed % 4 == 0 ? 5 : 90},
                      .late_percent = seed % 3 == 0 ? 30 : 5,
                      .calendar_permille = 3,
                      .past_permille = seed % 2 == 0 ? 20 : 0},
                     {}, 1'500);
}

// Where little is kept, what is dropped and what cannot be folded again is part of the state.
TEST(Checkpoint, restored_is_the_same_where_little_is_kept) {
  unsigned seed = 100;
  for (const std::size_t kept : {2, 3, 10})
    for (int n = 0; n < 4 && !testing::Test::HasFailure(); ++n)
      expect_continued({.seed = ++seed,
                        .late_percent = 30,
                        .restatement_percent = 5,
                        .correction_percent = 10,
                        .calendar_permille = 2,
                        .past_permille = n % 2 == 0 ? 20 : 0},
                       {.trades_kept = 50, .klines_kept = kept, .ledger_kept = 64}, 1'500);
}

// A world in which all parts of an instrument exist.
class Busy : public World {
 public:
  explicit Busy(const Machine::Options& options = {}, int events = 3'000) : World{options} {
    RandomEvents source{{.seed = 5, .calendar_permille = 3}};
    for (int n = 0; n < events; ++n) apply(source.next(instruments()));
  }
};

TEST(Checkpoint, cut_anywhere_is_an_error_that_says_what_ended) {
  Busy world{{.klines_kept = 5, .ledger_kept = 5}, 1'000};
  const auto checkpoint = save(world.machine());
  for (std::size_t size = 0; size < checkpoint.shared.size(); ++size) {
    World fresh;
    EXPECT_FALSE(restore_shared(fresh.machine(), checkpoint.shared.substr(0, size))) << size;
  }
  for (const auto id : {kUs, kSh}) {
    const auto& part = checkpoint.instruments[id.value()];
    for (std::size_t size = 0; size < part.size(); size += 7) {
      World fresh;
      ASSERT_TRUE(restore_shared(fresh.machine(), checkpoint.shared));
      const auto restored = restore_part(fresh.machine(), id.value(), part.substr(0, size));
      ASSERT_FALSE(restored) << size;
      EXPECT_FALSE(restored.error().message.empty());
    }
  }
}

TEST(Checkpoint, that_does_not_fit_says_why) {
  Busy world{{}, 500};
  const auto checkpoint = save(world.machine());
  World segment{{.anchor = market::Anchor::segment}};
  EXPECT_EQ(restore_shared(segment.machine(), checkpoint.shared).error().message,
            "the checkpoint's K-lines of 5 to 240 minutes count from the start of each session, this "
            "machine's from that of each segment");
  auto newer = checkpoint.shared;
  newer[0] = 9;
  World fresh;
  EXPECT_EQ(restore_shared(fresh.machine(), newer).error().message,
            "a checkpoint of version 9, this server writes and reads version 1");
  ASSERT_TRUE(restore_shared(fresh.machine(), checkpoint.shared));
  ASSERT_TRUE(restore_part(fresh.machine(), 0, checkpoint.instruments[0]));
  EXPECT_EQ(restore_part(fresh.machine(), 0, checkpoint.instruments[0]).error().message,
            "US:AAPL is in the checkpoint twice");
  // Its events between the two moments would be lost.
  World early;
  EXPECT_EQ(restore_part(fresh.machine(), 1, part_of(early.machine(), 1)).error().message,
            "HK:700: saved at event 0, which is before event 500, at which the checkpoint begins");
}

TEST(Checkpoint, of_an_idle_instrument_takes_a_few_bytes) {
  World world;
  world.trade(kUs, "2024-08-06 13:30:05", "189.01", "100");
  EXPECT_LE(part_of(world.machine(), kHk.value()).size(), 6U);
}

TEST(Checkpoint, where_less_is_kept_now_keeps_the_newest) {
  Busy world{};
  const auto checkpoint = save(world.machine());
  World smaller{{.trades_kept = 50, .klines_kept = 20, .ledger_kept = 0}};
  ASSERT_TRUE(restore(smaller.machine(), checkpoint));
  for (std::uint32_t id = 0; id < kInstruments; ++id) {
    const auto& a = world.view(InstrumentId{id});
    const auto& b = smaller.view(InstrumentId{id});
    EXPECT_EQ(a.trades(50), b.trades(60));
    for (const KlineType type : market::kKlineTypes) EXPECT_EQ(a.klines(type, 20), b.klines(type, 10'000));
    EXPECT_EQ(a.snapshot(), b.snapshot());
  }
  // And the other way: what is not there is not asked for.
  World larger{{.trades_kept = 500, .klines_kept = 5'000}};
  ASSERT_TRUE(restore(larger.machine(), save(smaller.machine())));
  EXPECT_EQ(larger.view(kUs).trades(400), smaller.view(kUs).trades(400));
  EXPECT_EQ(larger.view(kUs).trades(400).size(), 50U);
}

// All of a tape's trades may be taken back: there is nothing to show, and nothing to wait for.
TEST(Checkpoint, of_a_tape_that_was_taken_back_is_an_empty_one) {
  World world;
  world.apply(Trade{.instrument = kCoin,
                    .price = price("1"),
                    .size = size("1"),
                    .trade_id = 7,
                    .ts_event = utc("2024-08-06 13:30:05")});
  world.apply(TradeBust{.instrument = kCoin, .trade_id = 7, .ts_event = utc("2024-08-06 13:30:06")});
  World restored{{.trades_kept = 500}};
  ASSERT_TRUE(restore(restored.machine(), save(world.machine())));
  EXPECT_TRUE(restored.view(kCoin).trades(50).empty());
  restored.go_on_after(world.last());
  EXPECT_EQ(restored.trade(kCoin, "2024-08-06 13:31:05", "2", "1").trade->number, 2U);
}

// Bytes may be wrong anywhere: an error, or another state, which goes on and saves again.
TEST(Checkpoint, with_a_wrong_byte_breaks_nothing) {
  Busy world{{.klines_kept = 5, .ledger_kept = 5}, 1'500};
  const auto checkpoint = save(world.machine());
  std::mt19937 random{3};
  int accepted = 0;
  for (int round = 0; round < 300; ++round) {
    auto damaged = checkpoint;
    auto& part = damaged.instruments[random() % kInstruments];
    part[random() % part.size()] = static_cast<char>(random());
    World restored{{.klines_kept = 5, .ledger_kept = 5}};
    if (!restore(restored.machine(), damaged)) continue;
    ++accepted;
    restored.go_on_after(world.last());
    RandomEvents source{{.seed = static_cast<unsigned>(round)}};
    for (int n = 0; n < 200; ++n) restored.apply(source.next(restored.instruments()));
    World again{{.klines_kept = 5, .ledger_kept = 5}};
    const auto saved = save(restored.machine());
    ASSERT_TRUE(restore(again.machine(), saved));
    EXPECT_EQ(save(again.machine()), saved);
  }
  EXPECT_GT(accepted, 0);
}

}  // namespace
}  // namespace qos::state
