// One turn after another, by hand: what is applied before it is durable and what is not, in which order, and
// where digests stand.
#include "server/market_loop.hpp"

#include "replay/replay_world.hpp"

namespace qos::server {
namespace {

constexpr FeedId kSoon{0};     // applied at once
constexpr FeedId kDurable{1};  // applied once it is on disk
constexpr std::uint64_t kTail = 16;

struct Nobody final : state::ChangeSink {
  void on(const state::Change&) override {}
};

class MarketLoopTest : public testing::Test {
 protected:
  void make(MarketLoop::Options options = {}) {
    options.tail_events = kTail;
    options.durable_first = {false, true};
    options.feeds = {"soon", "durable", "server"};
    loop_.emplace(MarketLoop::Parts{.sequencer = sequencer_,
                                    .journal = &world_.journal(),
                                    .checkpointer = nullptr,
                                    .machine = world_.machine(),
                                    .sink = sink_,
                                    .clock = world_.clock(),
                                    .applied =
                                        [this](const SequencedEvent& event) {
                                          if (event.event.feed == kDurable) {
                                            EXPECT_LE(event.sequence, world_.journal().durable());
                                          }
                                          applied_.push_back(event.sequence.value());
                                        }},
                  std::move(options), MarketLoop::Before{});
  }
  void put(FeedId feed) {
    sequencer_.put(feed, {.feed = feed,
                          .ts_recv = from_unix_seconds(++second_),
                          .body = Trade{.instrument = state::kCoin,
                                        .price = state::price("100"),
                                        .size = state::size("1"),
                                        .ts_event = from_unix_seconds(1'722'816'000 + second_)}});
  }
  void turn_until_idle() {
    while (loop_->turn() > 0) continue;
  }
  // What the journal has, in order.
  std::vector<SequencedEvent> written() {
    while (world_.journal().durable() < world_.journal().appended()) world_.step();
    const auto reader = journal::Reader::open(world_.disk(), replay::kJournal, Sequence{}, world_.names());
    std::vector<SequencedEvent> events;
    for (;;) {
      const auto some = (*reader)->next();
      if (!some || some->empty()) return events;
      events.insert(events.end(), some->begin(), some->end());
    }
  }

  replay::JournalledWorld world_{{}, [] {
                                   auto options = replay::JournalledWorld::usual();
                                   options.tail_events = kTail;
                                   return options;
                                 }()};
  journal::Sequencer sequencer_{{.feeds = 3}};
  Nobody sink_;
  std::optional<MarketLoop> loop_;
  std::vector<std::uint64_t> applied_;
  std::int64_t second_ = 0;
};

using Sequences = std::vector<std::uint64_t>;

TEST_F(MarketLoopTest, applies_at_once_what_need_not_be_durable) {
  make();
  for (int n = 0; n < 3; ++n) put(kSoon);
  turn_until_idle();
  EXPECT_EQ(applied_, (Sequences{1, 2, 3}));
  EXPECT_EQ(world_.journal().durable(), Sequence{});
  EXPECT_EQ(world_.journal().appended(), Sequence{3});
}

TEST_F(MarketLoopTest, a_feed_that_is_durable_first_waits_and_so_does_all_behind_it) {
  make();
  put(kSoon);
  turn_until_idle();
  put(kDurable);
  turn_until_idle();
  for (int n = 0; n < 3; ++n) put(kSoon);
  turn_until_idle();
  EXPECT_EQ(applied_, Sequences{1});
  EXPECT_FALSE(loop_->settled());
  EXPECT_EQ(world_.journal().appended(), Sequence{5});
  while (world_.journal().durable() < Sequence{5}) world_.step();
  turn_until_idle();
  EXPECT_EQ(applied_, (Sequences{1, 2, 3, 4, 5}));
  EXPECT_TRUE(loop_->settled());
}

TEST_F(MarketLoopTest, a_full_tail_holds_everything_and_goes_on_by_itself) {
  make();
  for (std::uint64_t n = 0; n < 3 * kTail; ++n) put(kSoon);
  turn_until_idle();
  // One place is kept for a digest.
  EXPECT_EQ(applied_.size(), kTail - 1);
  EXPECT_TRUE(loop_->is_held());
  EXPECT_GT(loop_->counters().held.value(), 0U);
  world_.disk().fail_if([](std::string_view) { return test::FakeDisk::Fault::no_space; });
  for (int n = 0; n < 10; ++n) world_.step();
  turn_until_idle();
  EXPECT_EQ(applied_.size(), kTail - 1);
  world_.disk().heal();
  for (int n = 0; n < 1'000 && applied_.size() < 3 * kTail; ++n) {
    world_.step();
    turn_until_idle();
  }
  ASSERT_EQ(applied_.size(), 3 * kTail);
  for (std::uint64_t n = 0; n < applied_.size(); ++n) EXPECT_EQ(applied_[n], n + 1);
  EXPECT_FALSE(loop_->is_held());
}

// What a digest says is what everything before it in the journal comes to, whatever waited meanwhile.
TEST_F(MarketLoopTest, digests_are_of_all_that_stands_before_them) {
  make({.batch = 4, .digest_every = 5});
  std::mt19937 random{1};
  for (int n = 0; n < 400; ++n) {
    put(random() % 4 == 0 ? kDurable : kSoon);
    if (random() % 3 == 0) loop_->turn();
    if (random() % 4 == 0) world_.step();
  }
  while (!loop_->settled() || applied_.size() < 400) {
    loop_->turn();
    world_.step();
  }
  loop_->finish();
  const auto events = written();
  state::World again;
  std::uint64_t digests = 0;
  for (const auto& event : events) {
    again.machine().apply(event, sink_);
    if (std::holds_alternative<StateDigest>(event.event.body)) ++digests;
  }
  EXPECT_GT(digests, 20U);
  EXPECT_EQ(again.counters().digest_mismatches.value(), 0U);
  EXPECT_EQ(again.machine().digest(), world_.machine().digest());
  // The last word of a run.
  EXPECT_TRUE(std::holds_alternative<StateDigest>(events.back().event.body));
  EXPECT_EQ(events.back().event.feed, FeedId{2});
  // Every event once, in the order of the journal.
  ASSERT_EQ(applied_.size(), events.size());
  for (std::uint64_t n = 0; n < applied_.size(); ++n) EXPECT_EQ(applied_[n], n + 1);
}

TEST_F(MarketLoopTest, without_a_journal_nothing_waits) {
  loop_.emplace(
      MarketLoop::Parts{
          .sequencer = sequencer_,
          .journal = nullptr,
          .checkpointer = nullptr,
          .machine = world_.machine(),
          .sink = sink_,
          .clock = world_.clock(),
          .applied = [this](const SequencedEvent& event) { applied_.push_back(event.sequence.value()); }},
      MarketLoop::Options{.durable_first = {false, true}, .feeds = {"soon", "durable", "server"}},
      MarketLoop::Before{});
  for (int n = 0; n < 100; ++n) put(kDurable);
  turn_until_idle();
  loop_->finish();
  EXPECT_EQ(applied_.size(), 100U);
  EXPECT_FALSE(loop_->is_held());
}

}  // namespace
}  // namespace qos::server
