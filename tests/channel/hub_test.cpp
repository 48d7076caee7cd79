#include "channel/hub.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

namespace qos::channel {
namespace {

constexpr std::size_t kInstruments = 4;

ChannelKey key_of(std::uint32_t instrument, Topic topic = Topic::snapshot) {
  return {InstrumentId{instrument}, topic, 0};
}

class Listener final : public Subscriber {
 public:
  void take(Batch& batch, std::span<const Batch::Index> indexes) override {
    ++turns;
    for (const auto index : indexes) frames.emplace_back(batch.bytes(index));
  }
  void hold(const Update& update, std::string_view frame) override {
    held.push_back(std::to_string(update.number) + ":" + std::string{frame});
  }
  const std::vector<std::string>& texts() const { return frames; }
  std::vector<std::string> frames;
  std::vector<std::string> held;
  int turns = 0;  // in which it was given something
};

std::size_t drain(Hub& hub, std::size_t limit) {
  const std::size_t taken = hub.gather(limit);
  hub.deliver();
  return taken;
}

struct HubTest : testing::Test {
  Fanout fanout{{.loops = 1, .instruments = kInstruments}};
  int built = 0;
  Hub hub{0, fanout, [this](std::string& out, const Update& update, std::string_view spelling, Form form) {
            ++built;
            (out += spelling) += update.body;
            if (form == Form::numbered) out += "#" + std::to_string(update.number);
          }};

  void publish(ChannelKey key, std::uint64_t sequence, std::uint64_t number = 0) {
    fanout.publish(key, {Sequence{sequence}, number},
                   [&](std::string& out) { out = "=" + std::to_string(sequence); });
  }
  void start(Listener& listener, ChannelKey key, std::string_view spelling, std::uint64_t after = 0) {
    EXPECT_EQ(hub.subscribe(listener, key, spelling), Hub::Added::yes);
    hub.start_after(listener, key, Sequence{after});
  }
  std::size_t drain() { return channel::drain(hub, 1'000'000); }
};

using Texts = std::vector<std::string>;

TEST_F(HubTest, builds_one_frame_for_each_spelling_in_use_and_shares_it) {
  Listener a, b, c;
  start(a, key_of(0), "HK:700");
  start(b, key_of(0), "HK:00700");
  start(c, key_of(0), "HK:700");
  publish(key_of(0), 1);
  EXPECT_EQ(drain(), 1U);
  EXPECT_EQ(built, 2);
  EXPECT_EQ(a.texts(), Texts{"HK:700=1"});
  EXPECT_EQ(b.texts(), Texts{"HK:00700=1"});
  EXPECT_EQ(c.texts(), Texts{"HK:700=1"});
}

TEST_F(HubTest, delivers_only_what_is_newer_than_the_state_that_was_sent) {
  Listener early, late;
  start(early, key_of(0), "A", 0);
  start(late, key_of(0), "A", 2);
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) publish(key_of(0), sequence);
  drain();
  EXPECT_EQ(early.texts(), (Texts{"A=1", "A=2", "A=3"}));
  EXPECT_EQ(late.texts(), Texts{"A=3"});
}

// One event may close a K-line and open the next: two updates of one channel with one sequence.
TEST_F(HubTest, delivers_two_updates_of_one_event) {
  Listener listener;
  start(listener, key_of(0), "A", 4);
  publish(key_of(0), 5);
  publish(key_of(0), 5);
  drain();
  EXPECT_EQ(listener.frames.size(), 2U);
}

TEST_F(HubTest, delivers_nothing_before_the_state_was_sent) {
  Listener listener;
  EXPECT_EQ(hub.subscribe(listener, key_of(0), "A"), Hub::Added::yes);
  EXPECT_TRUE(hub.awaits_start(listener, key_of(0)));
  publish(key_of(0), 1);
  drain();
  EXPECT_TRUE(listener.frames.empty());
  hub.start_after(listener, key_of(0), Sequence{1});
  EXPECT_FALSE(hub.awaits_start(listener, key_of(0)));
  publish(key_of(0), 2);
  drain();
  EXPECT_EQ(listener.texts(), Texts{"A=2"});
}

TEST_F(HubTest, numbers_updates_for_those_who_asked_and_leaves_the_bytes_of_others_alone) {
  Listener plain, numbered, other;
  start(plain, key_of(0), "A");
  EXPECT_EQ(hub.subscribe(numbered, key_of(0), "A", Form::numbered), Hub::Added::yes);
  EXPECT_EQ(hub.subscribe(other, key_of(0), "A", Form::numbered), Hub::Added::yes);
  EXPECT_EQ(hub.subscribe(numbered, key_of(0), "A"), Hub::Added::already);
  hub.start_after(numbered, key_of(0), Sequence{});
  hub.start_after(other, key_of(0), Sequence{});
  publish(key_of(0), 1, 17);
  drain();
  EXPECT_EQ(plain.texts(), Texts{"A=1"});
  EXPECT_EQ(numbered.texts(), Texts{"A=1#17"});
  EXPECT_EQ(other.texts(), Texts{"A=1#17"});
  EXPECT_EQ(built, 2);
  hub.drop(numbered);
  hub.drop(plain);
  EXPECT_EQ(fanout.listeners(key_of(0)), 1U);
}

TEST_F(HubTest, hands_over_what_is_held_until_the_subscriber_starts) {
  Listener listener;
  hub.subscribe(listener, key_of(0), "A", Form::numbered);
  publish(key_of(0), 1, 1);
  drain();
  hub.hold(listener, key_of(0));
  EXPECT_FALSE(hub.awaits_start(listener, key_of(0)));
  publish(key_of(0), 2, 2);
  publish(key_of(0), 3, 3);
  channel::drain(hub, 1);
  // What is still in the ring when the subscriber starts is judged by its sequence, as ever.
  EXPECT_EQ(listener.held, Texts{"2:A=2#2"});
  hub.start_after(listener, key_of(0), Sequence{2});
  drain();
  EXPECT_EQ(listener.held.size(), 1U);
  EXPECT_EQ(listener.texts(), Texts{"A=3#3"});
}

TEST_F(HubTest, leaves_out_again_what_was_let_go) {
  Listener listener;
  hub.subscribe(listener, key_of(0), "A");
  hub.hold(listener, key_of(0));
  hub.let_go(listener, key_of(0));
  EXPECT_TRUE(hub.awaits_start(listener, key_of(0)));
  publish(key_of(0), 1);
  drain();
  EXPECT_TRUE(listener.held.empty());
  EXPECT_TRUE(listener.frames.empty());
}

TEST_F(HubTest, makes_no_second_stream_of_a_second_subscription) {
  Listener listener;
  start(listener, key_of(0), "A");
  EXPECT_EQ(hub.subscribe(listener, key_of(0), "a"), Hub::Added::already);
  publish(key_of(0), 1);
  drain();
  EXPECT_EQ(listener.texts(), Texts{"A=1"});
}

TEST_F(HubTest, is_silent_after_unsubscribing_even_for_updates_that_already_wait) {
  Listener leaves, stays;
  start(leaves, key_of(0), "A");
  start(stays, key_of(0), "A");
  publish(key_of(0), 1);
  EXPECT_TRUE(hub.unsubscribe(leaves, key_of(0)));
  EXPECT_FALSE(hub.unsubscribe(leaves, key_of(0)));
  drain();
  EXPECT_TRUE(leaves.frames.empty());
  EXPECT_EQ(stays.texts(), Texts{"A=1"});
}

TEST_F(HubTest, tells_the_market_thread_when_the_last_listener_goes) {
  Listener a, b;
  start(a, key_of(0), "A");
  start(b, key_of(0), "a");
  hub.unsubscribe(a, key_of(0));
  EXPECT_EQ(fanout.listeners(key_of(0)), 1U);
  hub.drop(b);
  EXPECT_EQ(fanout.listeners(key_of(0)), 0U);
  {
    Hub short_lived{0, fanout, nullptr};
    Listener other;
    short_lived.subscribe(other, key_of(1), "A");
    EXPECT_EQ(fanout.listeners(key_of(1)), 1U);
  }
  EXPECT_EQ(fanout.listeners(key_of(1)), 0U) << "a hub that ends leaves no interest behind";
}

TEST_F(HubTest, counts_the_instruments_of_a_subscriber_once_each) {
  Listener listener;
  EXPECT_EQ(hub.instruments_of(listener), 0U);
  start(listener, key_of(2), "A");
  start(listener, key_of(2, Topic::depth), "A");
  start(listener, {InstrumentId{2}, Topic::kline, 5}, "A");
  start(listener, key_of(0), "B");
  EXPECT_EQ(hub.instruments_of(listener), 2U);
  EXPECT_TRUE(hub.listens_to(listener, InstrumentId{2}));
  EXPECT_FALSE(hub.listens_to(listener, InstrumentId{1}));
  EXPECT_FALSE(hub.listens_to(listener, InstrumentId{3}));
  hub.drop(listener);
  EXPECT_EQ(hub.instruments_of(listener), 0U);
}

TEST_F(HubTest, takes_no_more_than_it_was_asked_to) {
  Listener listener;
  start(listener, key_of(0), "A");
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) publish(key_of(0), sequence);
  EXPECT_EQ(channel::drain(hub, 3), 3U);
  EXPECT_EQ(listener.frames.size(), 3U);
  EXPECT_EQ(channel::drain(hub, 3), 2U);
}

TEST_F(HubTest, gives_each_subscriber_its_frames_of_a_turn_at_once_and_in_order) {
  Listener both, one;
  start(both, key_of(0), "A");
  start(both, key_of(1), "B");
  start(one, key_of(1), "B");
  publish(key_of(1), 1);
  publish(key_of(0), 2);
  publish(key_of(1), 3);
  drain();
  EXPECT_EQ(both.texts(), (Texts{"B=1", "A=2", "B=3"}));
  EXPECT_EQ(one.texts(), (Texts{"B=1", "B=3"}));
  EXPECT_EQ(both.turns, 1);
  EXPECT_EQ(one.turns, 1);
  drain();
  EXPECT_EQ(both.turns, 1) << "nothing is given twice";
}

TEST_F(HubTest, gives_nothing_to_a_subscriber_that_left_when_another_was_given_its_share) {
  struct Leaving final : Subscriber {
    explicit Leaving(Hub& left) : hub{left} {}
    void take(Batch&, std::span<const Batch::Index>) override {
      ++turns;
      hub.drop(*this);
    }
    void hold(const Update&, std::string_view) override {}
    Hub& hub;
    int turns = 0;
  } leaving{hub};
  Listener after;
  hub.subscribe(leaving, key_of(0), "A");
  hub.start_after(leaving, key_of(0), Sequence{});
  start(after, key_of(0), "A");
  publish(key_of(0), 1);
  drain();
  publish(key_of(0), 2);
  drain();
  EXPECT_EQ(leaving.turns, 1);
  EXPECT_EQ(after.texts(), (Texts{"A=1", "A=2"}));
}

TEST_F(HubTest, says_when_the_newest_of_its_events_came) {
  Listener listener;
  start(listener, key_of(0), "A");
  const auto put = [&](std::uint64_t sequence, std::int64_t received) {
    fanout.publish(
        key_of(0), Sequence{sequence}, [](std::string& out) { out = "x"; }, from_unix_nanos(received));
  };
  put(1, 500);
  put(2, 700);
  put(3, 0);
  hub.gather(10);
  EXPECT_EQ(hub.newest_received(), from_unix_nanos(700));
  hub.deliver();
  EXPECT_EQ(hub.newest_received(), UnixNanos{});
  EXPECT_FALSE(hub.has_gathered());
}

// Random subscriptions against sets of strings: who hears an update, under which spelling, and what the
// fan-out is told, must always agree.
TEST_F(HubTest, agrees_with_a_naive_model) {
  constexpr std::uint64_t kSeed = 20'260'101;
  std::mt19937_64 random{kSeed};
  std::vector<Listener> listeners(12);
  std::map<std::pair<std::size_t, ChannelKey>, std::string> model;
  for (std::uint64_t step = 1; step <= 20'000; ++step) {
    const std::size_t who = random() % listeners.size();
    const ChannelKey key = key_of(static_cast<std::uint32_t>(random() % kInstruments),
                                  random() % 2 == 0 ? Topic::trade : Topic::depth);
    switch (random() % 8) {
      case 0:
      case 1:
      case 2: {
        const std::string spelling(1, static_cast<char>('a' + random() % 3));
        const bool is_new = model.try_emplace({who, key}, spelling).second;
        ASSERT_EQ(hub.subscribe(listeners[who], key, spelling) == Hub::Added::yes, is_new);
        if (is_new) hub.start_after(listeners[who], key, Sequence{step});
        break;
      }
      case 3:
      case 4:
        ASSERT_EQ(hub.unsubscribe(listeners[who], key), model.erase({who, key}) == 1) << "seed " << kSeed;
        break;
      case 5:
        hub.drop(listeners[who]);
        std::erase_if(model, [&](const auto& entry) { return entry.first.first == who; });
        break;
      default: {
        publish(key, step);
        drain();
        for (std::size_t index = 0; index < listeners.size(); ++index) {
          const auto entry = model.find({index, key});
          const auto texts = listeners[index].texts();
          if (entry == model.end())
            ASSERT_TRUE(texts.empty()) << "seed " << kSeed << " step " << step;
          else
            ASSERT_EQ(texts, Texts{entry->second + "=" + std::to_string(step)}) << "seed " << kSeed;
          listeners[index].frames.clear();
        }
      }
    }
    std::set<InstrumentId> instruments;
    bool anyone = false;
    for (const auto& [entry, spelling] : model) {
      if (entry.first == who) instruments.insert(entry.second.instrument);
      anyone = anyone || entry.second == key;
    }
    ASSERT_EQ(hub.instruments_of(listeners[who]), instruments.size()) << "seed " << kSeed;
    ASSERT_EQ(fanout.listeners(key) != 0, anyone) << "seed " << kSeed;
  }
}

// The promise of docs/decisions/0002 with a counter as the state: while the market thread raises it,
// subscribers come and go. Each must see the state and then every later value, once, without a hole.
TEST(SubscribeWithoutLocks, shows_the_state_and_then_every_later_change_once) {
  constexpr int kSubscribers = 2'000;
  constexpr ChannelKey kKey{InstrumentId{0}, Topic::snapshot, 0};
  Fanout fanout{{.loops = 1, .instruments = 1, .ring_bytes = 4'096}};
  std::atomic<std::uint64_t> cell{0};
  std::atomic<std::uint64_t> version{0};
  std::jthread market{[&](const std::stop_token& over) {
    for (std::uint64_t sequence = 1; !over.stop_requested(); ++sequence) {
      cell.store(sequence);
      version.store(sequence);
      fanout.publish(kKey, Sequence{sequence}, [&](std::string& out) { out = std::to_string(sequence); });
    }
  }};
  {
    Hub hub{0, fanout,
            [](std::string& out, const Update& update, std::string_view, Form) { out += update.body; }};
    std::mt19937_64 random{7};
    for (int count = 0; count < kSubscribers; ++count) {
      Listener listener;
      hub.subscribe(listener, kKey, "A");
      const std::uint64_t after = version.load();
      ASSERT_GE(cell.load(), after);
      hub.start_after(listener, kKey, Sequence{after});
      const std::size_t wanted = random() % 50;
      while (listener.frames.size() < wanted)
        if (drain(hub, 16) == 0) std::this_thread::yield();
      std::uint64_t expected = after + 1;
      for (const auto& text : listener.texts()) ASSERT_EQ(text, std::to_string(expected++));
      hub.drop(listener);
      // Sometimes what waits for the one that left is still there when the next one comes.
      if (random() % 2 == 0) drain(hub, 64);
    }
  }
  market.request_stop();
  fanout.close();
}

}  // namespace
}  // namespace qos::channel
