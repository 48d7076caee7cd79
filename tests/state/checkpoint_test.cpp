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
                      .calendar_permille = 3},
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
                        .calendar_permille = 2},
                       {.trades_kept = 50, .klines_kept = kept, .ledger_kept = 64}, 1'500);
}

}  // namespace
}  // namespace qos::state
