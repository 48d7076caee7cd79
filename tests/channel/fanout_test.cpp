#include "channel/fanout.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace qos::channel {
namespace {

ChannelKey snapshot_of(std::uint32_t instrument) {
  return {InstrumentId{instrument}, Topic::snapshot, 0};
}

void publish(Fanout& fanout, ChannelKey key, std::uint64_t sequence) {
  fanout.publish(key, Sequence{sequence}, [&](std::string& out) { out = std::to_string(sequence); });
}

TEST(Fanout, encodes_nothing_that_nobody_hears) {
  Fanout fanout{{.loops = 2, .instruments = 3}};
  fanout.listen(0, snapshot_of(1));
  fanout.publish(snapshot_of(2), Sequence{1}, [](std::string&) { FAIL() << "nobody listens"; });
  fanout.publish({InstrumentId{1}, Topic::trade, 0}, Sequence{1},
                 [](std::string&) { FAIL() << "nobody listens"; });
  fanout.unlisten(0, snapshot_of(1));
  fanout.publish(snapshot_of(1), Sequence{1}, [](std::string&) { FAIL() << "nobody listens any more"; });
  EXPECT_EQ(fanout.counters().updates.value(), 0U);
}

TEST(Fanout, gives_the_same_bytes_to_every_loop_that_listens_and_to_no_other) {
  Fanout fanout{{.loops = 3, .instruments = 1}};
  fanout.listen(0, snapshot_of(0));
  fanout.listen(2, snapshot_of(0));
  int encoded = 0;
  fanout.publish(snapshot_of(0), Sequence{7}, [&](std::string& out) {
    ++encoded;
    out = "body";
  });
  EXPECT_EQ(encoded, 1);
  Update first;
  Update second;
  Update none;
  ASSERT_TRUE(fanout.try_pop(0, first));
  ASSERT_TRUE(fanout.try_pop(2, second));
  EXPECT_FALSE(fanout.try_pop(1, none));
  EXPECT_EQ(first.body, "body");
  EXPECT_EQ(second.body, "body");
  EXPECT_EQ(first.sequence, Sequence{7});
  EXPECT_EQ(fanout.counters().pushes.value(), 2U);
}

TEST(Fanout, keeps_the_slots_of_one_instrument_apart) {
  Fanout fanout{{.loops = 1, .instruments = 2}};
  std::vector<ChannelKey> keys;
  for (std::uint32_t instrument = 0; instrument < 2; ++instrument) {
    for (const auto topic : {Topic::snapshot, Topic::trade, Topic::depth})
      keys.push_back({InstrumentId{instrument}, topic, 0});
    for (std::uint8_t variant = 0; variant <= kSessionMinutes; ++variant)
      keys.push_back({InstrumentId{instrument}, Topic::kline, variant});
    keys.push_back({InstrumentId{instrument}, Topic::trade, kPreciseTrades});
  }
  for (const ChannelKey listened : keys) {
    fanout.listen(0, listened);
    for (const ChannelKey key : keys) EXPECT_EQ(fanout.listeners(key), key == listened ? 1U : 0U);
    fanout.unlisten(0, listened);
  }
}

TEST(Fanout, wakes_a_loop_once_until_it_has_looked_in_vain) {
  Fanout fanout{{.loops = 1, .instruments = 1}};
  int wakes = 0;
  fanout.on_ready(0, [&] { ++wakes; });
  fanout.listen(0, snapshot_of(0));
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) publish(fanout, snapshot_of(0), sequence);
  EXPECT_EQ(wakes, 1);
  Update update;
  while (fanout.try_pop(0, update)) {
  }
  publish(fanout, snapshot_of(0), 4);
  EXPECT_EQ(wakes, 2);
}

TEST(Fanout, makes_the_market_thread_wait_for_a_full_ring_and_loses_nothing) {
  constexpr std::uint64_t kCount = 5'000;
  Fanout fanout{{.loops = 2, .instruments = 1, .ring_bytes = 256}};
  fanout.listen(0, snapshot_of(0));
  fanout.listen(1, snapshot_of(0));
  std::jthread market{[&] {
    for (std::uint64_t sequence = 1; sequence <= kCount; ++sequence)
      publish(fanout, snapshot_of(0), sequence);
  }};
  const auto read_all = [&](std::size_t loop) {
    std::uint64_t expected = 1;
    for (Update update; expected <= kCount;) {
      if (!fanout.try_pop(loop, update)) {
        std::this_thread::yield();
        continue;
      }
      ASSERT_EQ(update.sequence, Sequence{expected++});
    }
  };
  std::jthread other{[&] { read_all(1); }};
  read_all(0);
  other.join();
  EXPECT_GT(fanout.counters().full_ring_waits.value(), 0U);
}

TEST(Fanout, lets_a_waiting_market_thread_go_when_it_closes) {
  Fanout fanout{{.loops = 1, .instruments = 1, .ring_bytes = 256}};
  fanout.listen(0, snapshot_of(0));
  std::jthread market{[&] {
    for (std::uint64_t sequence = 1; sequence <= 100; ++sequence) publish(fanout, snapshot_of(0), sequence);
  }};
  while (fanout.counters().full_ring_waits.value() == 0) std::this_thread::yield();
  fanout.close();
  market.join();
  EXPECT_EQ(fanout.counters().pushes.value(), fanout.waiting(0)) << "nothing was pushed over what waits";
}

// The loop sleeps on a flag that only the wake-up raises: one that is lost would hang this test.
TEST(Fanout, loses_no_wake_up_between_threads) {
  constexpr std::uint64_t kCount = 50'000;
  Fanout fanout{{.loops = 1, .instruments = 1, .ring_bytes = 512}};
  std::atomic<std::uint32_t> wakes{0};
  fanout.on_ready(0, [&] {
    wakes.fetch_add(1);
    wakes.notify_one();
  });
  fanout.listen(0, snapshot_of(0));
  std::jthread market{[&] {
    for (std::uint64_t sequence = 1; sequence <= kCount; ++sequence)
      publish(fanout, snapshot_of(0), sequence);
  }};
  std::uint64_t got = 0;
  std::uint32_t served = 0;
  while (got < kCount) {
    wakes.wait(served);
    served = wakes.load();
    for (Update update; fanout.try_pop(0, update);) ASSERT_EQ(update.sequence, Sequence{++got});
  }
}

}  // namespace
}  // namespace qos::channel
