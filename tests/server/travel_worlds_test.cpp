// Worlds that travel: what they show and publish is what the server showed and published then, as fast as
// their clock goes, and from the beginning again when everybody had left.
#include "server/travel_worlds.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "replay/lived_journal.hpp"
#include "support/temp_folder.hpp"

namespace qos::server {
namespace {

using namespace std::chrono_literals;
using channel::ChannelKey;
using channel::Topic;
using replay::LivedJournal;
using state::kCoin;

constexpr std::int64_t kNormal = 1'000;

// Everything that loop 0 is told of the coin, with numbers and places.
struct Listener {
  explicit Listener(channel::Fanout& to) : fanout{to} {
    fanout.listen(0, {kCoin, Topic::trade});
    fanout.listen(0, {kCoin, Topic::snapshot});
    fanout.listen(0, {kCoin, Topic::depth});
    fanout.listen(0, {kCoin, Topic::kline, 0});
  }
  void take() {
    for (channel::Update update; fanout.try_pop(0, update);)
      heard.push_back(std::to_string(static_cast<int>(update.key.topic)) + " #" +
                      std::to_string(update.number) + " @" + std::to_string(update.sequence.value()) +
                      std::string{update.body});
  }
  channel::Fanout& fanout;
  std::vector<std::string> heard;
};

class Travel : public testing::Test {
 protected:
  Travel() { lived.live_on(3'000); }

  TravelSource source() { return {.archive = lived.archive(), .clock = lived.clock}; }

  // The middle of what there is.
  UnixNanos then() const { return time_of(1'500); }
  UnixNanos time_of(std::size_t count) const {
    UnixNanos latest = UnixNanos::min();
    for (std::size_t n = 0; n < count; ++n)
      if (lived.events[n].event.feed != FeedId{2}) latest = std::max(latest, lived.events[n].event.ts_recv);
    return latest;
  }
  std::unique_ptr<TravelWorld> travel(const Journey& journey) {
    auto world = TravelWorld::open(source(), journey, {});
    EXPECT_TRUE(world) << world.error().message;
    return world ? std::move(*world) : nullptr;
  }
  // Until the world has nothing to do now.
  void settle(TravelWorld& world, Listener* listener = nullptr) {
    for (SteadyTime next{}; next <= lived.clock.steady_now();) {
      const auto stepped = world.step();
      ASSERT_TRUE(stepped) << stepped.error().message;
      next = *stepped;
      if (listener != nullptr) listener->take();
    }
  }
  // What the live server told of the events from..to.
  std::vector<std::string> published(Sequence from, Sequence to) {
    struct Sink final : state::ChangeSink {
      void on(const state::Change& change) override { publisher.publish(change); }
      Publisher& publisher;
      explicit Sink(Publisher& given) : publisher{given} {}
    };
    auto calendars = state::make_calendars();
    state::Machine machine{lived.world.instruments(), calendars, {}};
    channel::Fanout fanout{{.instruments = lived.world.instruments().size()}};
    Publisher publisher{lived.world.instruments(), fanout};
    Sink sink{publisher};
    Listener listener{fanout};
    for (const auto& event : lived.events) {
      if (event.sequence > to) break;
      machine.apply(event, sink);
      listener.take();
      if (event.sequence < from) listener.heard.clear();
    }
    return listener.heard;
  }
  static Sequence last_of(const TravelWorld& world) {
    Sequence last;
    for (std::uint32_t row = 0; row < 6; ++row)
      last = std::max(last, world.shown().services.views.find(InstrumentId{row})->version());
    return last;
  }

  LivedJournal lived{11};
};

TEST_F(Travel, a_world_stands_until_somebody_comes_and_goes_at_its_speed_from_then_on) {
  const auto world = travel({.at = then(), .speed = {.thousandths = 10'000}});
  const auto& services = world->shown().services;
  EXPECT_TRUE(services.health.ready());
  EXPECT_EQ(services.health.epoch(), lived.journal->epoch().value());
  const auto before = last_of(*world);
  lived.clock.advance(1h);
  settle(*world);
  EXPECT_EQ(services.clock.now(), then());
  EXPECT_EQ(last_of(*world), before);
  world->begin();
  lived.clock.advance(1h);
  settle(*world);
  EXPECT_EQ(services.clock.now(), then() + 10h);
  EXPECT_GT(last_of(*world), before);
  const auto traveller = replay::Traveller::open(lived.archive(), {.at = then() + 10h});
  ASSERT_TRUE(traveller);
  for (std::uint32_t row = 0; row < 6; ++row) {
    const auto& shown = *services.views.find(InstrumentId{row});
    const auto& of_then = *(*traveller)->machine().views().find(InstrumentId{row});
    EXPECT_EQ(shown.snapshot(), of_then.snapshot());
    EXPECT_EQ(shown.depth(), of_then.depth());
    EXPECT_EQ(shown.numbers(), of_then.numbers());
    EXPECT_EQ(shown.trades(100), of_then.trades(100));
    for (const auto type : market::kKlineTypes)
      EXPECT_EQ(shown.klines(type, 10'000), of_then.klines(type, 10'000));
  }
}

TEST_F(Travel, pushes_are_those_of_then_with_their_numbers_in_every_back_test) {
  for (const std::int64_t speed : {std::int64_t{700}, std::int64_t{3'600'000}, std::int64_t{0}}) {
    const auto world = travel({.at = then(), .speed = {.thousandths = speed}});
    const auto begins = std::ranges::find_if(lived.events, [&](const auto& event) {
                          return event.event.feed != FeedId{2} && event.event.ts_recv > then();
                        })->sequence;
    Listener listener{world->shown().fanout};
    world->begin();
    for (int step = 0; step < 200; ++step) {
      lived.clock.advance(10min);
      settle(*world, &listener);
    }
    EXPECT_FALSE(listener.heard.empty());
    const auto last = replay::Traveller::open(lived.archive(), {.at = world->shown().services.clock.now()});
    ASSERT_TRUE(last);
    EXPECT_EQ(listener.heard, published(begins, (*last)->machine().last()));
  }
}

TEST_F(Travel, a_world_wakes_when_the_next_event_is_due) {
  const auto world = travel({.at = then(), .speed = {.thousandths = 2'000'000}});
  world->begin();
  settle(*world);
  const auto before = last_of(*world);
  SteadyTime next = *world->step();
  // No event is more than a few thousand seconds away.
  for (int turns = 0; turns < 100 && last_of(*world) == before; ++turns) {
    lived.clock.advance(next - lived.clock.steady_now());
    next = *world->step();
  }
  EXPECT_GT(last_of(*world), before);
}

TEST_F(Travel, markets_are_as_fresh_as_they_were_then) {
  const auto world = travel({.at = then(), .speed = {.thousandths = kNormal}});
  const auto& health = world->shown().services.health;
  EXPECT_LE(health.last_heard(market::Market::CF), then());
  EXPECT_GT(health.last_heard(market::Market::CF), then() - 48h);
  world->begin();
  lived.clock.advance(12h);
  settle(*world);
  EXPECT_GT(health.last_heard(market::Market::CF), then());
  EXPECT_LE(health.last_heard(market::Market::CF), then() + 12h);
}

class ManyTravel : public Travel {
 protected:
  // Worlds are made on their own threads; this clock moves while they do.
  std::shared_ptr<const api::World> wait_for(TravelWorlds& worlds, const Journey& journey) {
    const auto give_up = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < give_up) {
      if (auto world = worlds.of(journey)) return world;
      lived.clock.advance(1ms);
      std::this_thread::yield();
    }
    return nullptr;
  }
  template <typename Condition>
  bool comes_true(Condition&& condition) {
    const auto give_up = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < give_up) {
      if (condition()) return true;
      lived.clock.advance(1ms);
      std::this_thread::yield();
    }
    return false;
  }
  static access::Grant grant(UnixNanos at, std::uint32_t speed) {
    return {.nature = {.travel = access::Travel{.at = at, .speed = speed}}};
  }
};

TEST_F(ManyTravel, keys_of_one_journey_share_a_world_and_others_have_their_own) {
  TravelWorlds worlds{source(), {}};
  EXPECT_EQ(worlds.of(grant(then(), 3)), nullptr);
  const auto one = wait_for(worlds, {.at = then(), .speed = {.thousandths = 3'000}});
  ASSERT_TRUE(one);
  EXPECT_EQ(worlds.of(grant(then(), 3)), one);
  const auto another = wait_for(worlds, {.at = then(), .speed = {.thousandths = 4'000}});
  ASSERT_TRUE(another);
  EXPECT_NE(another, one);
  EXPECT_EQ(worlds.counters().worlds.value(), 2);
  EXPECT_EQ(worlds.counters().made.value(), 2U);
}

TEST_F(ManyTravel, one_more_than_allowed_is_not_there_until_another_is_put_away) {
  TravelWorlds worlds{source(), {.max_worlds = 1}};
  const Journey first{.at = then(), .speed = {}};
  const Journey second{.at = then() + 1s, .speed = {}};
  auto world = wait_for(worlds, first);
  ASSERT_TRUE(world);
  EXPECT_EQ(worlds.of(second), nullptr);
  EXPECT_EQ(worlds.counters().refused.value(), 1U);
  // As long as it is shown it stays.
  lived.clock.advance(10min);
  ASSERT_TRUE(
      comes_true([&, from = lived.clock.steady_now()] { return lived.clock.steady_now() > from + 3s; }));
  EXPECT_EQ(worlds.of(first), world);
  world.reset();
  lived.clock.advance(61s);
  EXPECT_TRUE(comes_true([&] { return worlds.counters().worlds.value() == 0; }));
  EXPECT_TRUE(wait_for(worlds, second));
}

TEST_F(ManyTravel, whoever_comes_after_it_was_put_away_begins_at_the_beginning) {
  TravelWorlds worlds{source(), {}};
  const Journey journey{.at = then(), .speed = {.thousandths = 100'000}};
  auto world = wait_for(worlds, journey);
  ASSERT_TRUE(world);
  lived.clock.advance(50s);
  EXPECT_GE(world->services.clock.now(), then() + 5'000s);
  world.reset();
  lived.clock.advance(61s);
  ASSERT_TRUE(comes_true([&] { return worlds.counters().worlds.value() == 0; }));
  world = wait_for(worlds, journey);
  ASSERT_TRUE(world);
  EXPECT_LT(world->services.clock.now(), then() + 1s);
}

TEST_F(ManyTravel, an_instant_that_the_journal_does_not_reach_is_never_there_and_is_said_why) {
  TravelWorlds worlds{source(), {}};
  const Journey journey{.at = market::utc("2020-01-01 00:00"), .speed = {}};
  EXPECT_EQ(worlds.of(journey), nullptr);
  EXPECT_TRUE(comes_true([&] { return worlds.counters().failed.value() == 1; }));
  EXPECT_EQ(worlds.of(journey), nullptr);
  const auto made = worlds.make(journey);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, testing::HasSubstr("the journal begins at 2024-08-05"));
  // It is looked at again: the journal may have been put back.
  lived.clock.advance(11s);
  EXPECT_TRUE(comes_true([&] { return worlds.counters().worlds.value() == 0; }));
}

TEST_F(ManyTravel, a_world_outlives_the_worlds_for_whoever_shows_it) {
  std::shared_ptr<const api::World> world;
  {
    TravelWorlds worlds{source(), {}};
    world = wait_for(worlds, {.at = then(), .speed = {.thousandths = 1'000'000}});
    ASSERT_TRUE(world);
  }
  const auto before = world->services.views.find(kCoin)->version();
  EXPECT_TRUE(comes_true([&] {
    lived.clock.advance(1s);
    return world->services.views.find(kCoin)->version() > before;
  }));
}

}  // namespace
}  // namespace qos::server
