// Which channels hear of a change: the plain ones what they always did, those of the extensions the rest.
#include "server/publisher.hpp"

#include <gmock/gmock.h>

#include <map>

#include "state/world.hpp"

namespace qos::server {
namespace {

using channel::ChannelKey;
using channel::Topic;
using market::KlineType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Published : public testing::Test {
 protected:
  Published() {
    for (std::uint8_t variant = 0; variant <= channel::kSessionMinutes; ++variant)
      fanout_.listen(0, {state::kUs, Topic::kline, variant});
    for (const auto topic : {Topic::trade, Topic::snapshot, Topic::depth})
      fanout_.listen(0, {state::kUs, topic});
    fanout_.listen(0, {state::kUs, Topic::trade, channel::kPreciseTrades});
  }

  // "topic.variant body" of all that is published of a change.
  std::vector<std::string> of(const state::Change& change) {
    publisher_.publish(change);
    std::vector<std::string> heard;
    for (channel::Update update; fanout_.try_pop(0, update);)
      heard.push_back(
          std::to_string(static_cast<int>(update.key.topic)) + "." + std::to_string(update.key.variant) +
          (update.number == 0 ? "" : "#" + std::to_string(update.number)) + " " + std::string{update.body});
    return heard;
  }
  std::vector<std::string> of(const state::KlineChange& kline) {
    const std::array klines{kline};
    return of({.sequence = Sequence{7}, .instrument = state::kUs, .klines = klines});
  }

  static Kline kline() {
    const auto one = state::price("1");
    return {.sequence = Sequence{7},
            .start = from_unix_seconds(60),
            .open = one,
            .high = one,
            .low = one,
            .close = one,
            .volume = state::volume("5"),
            .turnover = state::turnover("5"),
            .trades = 2};
  }

  state::World world_;
  channel::Fanout fanout_{{.loops = 1, .instruments = world_.instruments().size()}};
  Publisher publisher_{world_.instruments(), fanout_};
};

const std::string kBody = R"(,"o":"1","cl":"1","h":"1","l":"1","v":"5","ts":60,"kt":)";

TEST_F(Published, a_kline_with_new_values_goes_to_both_forms_of_its_type) {
  EXPECT_THAT(of({.type = KlineType::m5, .kline = kline()}),
              ElementsAre("3.1 " + kBody + "5}", "3.12 " + kBody + R"(5,"t":"5","n":2})"));
}

TEST_F(Published, that_a_kline_is_final_is_told_to_those_with_extensions_only) {
  auto closed = kline();
  closed.closed = true;
  EXPECT_THAT(of({.type = KlineType::year, .kline = closed, .news = state::KlineNews::closed}),
              ElementsAre("3.21 " + kBody + R"(2001,"t":"5","n":2,"f":1})"));
}

TEST_F(Published, a_minute_of_an_extended_session_is_in_no_regular_channel) {
  EXPECT_THAT(of({.kline = kline(), .session = StoredSeries::after_hours}),
              ElementsAre("3.22 " + kBody + R"(1,"t":"5","n":2,"ses":4})"));
}

TEST_F(Published, a_trade_goes_out_plain_and_with_nanoseconds) {
  const state::TapeTrade trade{.sequence = Sequence{7},
                               .price = state::price("1"),
                               .size = state::size("5"),
                               .ts = from_unix_nanos(1'000'000'001)};
  const std::string body = R"(,"p":"1","v":"5","ts":1,"d":0)";
  EXPECT_THAT(of({.sequence = Sequence{7}, .instrument = state::kUs, .trade = trade}),
              ElementsAre("1.0 " + body + "}", "1.1 " + body + R"(,"tn":"1000000001"})"));
}

// Plain K-lines leave out that one is final, so they have no numbers.
TEST_F(Published, pushes_carry_their_numbers) {
  const state::TapeTrade trade{.sequence = Sequence{7}, .number = 41};
  const std::array klines{state::KlineChange{.type = KlineType::m5, .kline = kline(), .number = 44},
                          state::KlineChange{.kline = kline(), .session = StoredSeries::night, .number = 45}};
  const auto heard = of({.sequence = Sequence{7},
                         .instrument = state::kUs,
                         .trade = trade,
                         .snapshot = state::Snapshot{},
                         .depth = state::Depth{},
                         .klines = klines,
                         .snapshot_number = 42,
                         .depth_number = 43});
  std::vector<std::string> places;
  for (const auto& push : heard) places.push_back(push.substr(0, push.find(' ')));
  EXPECT_THAT(places, ElementsAre("1.0#41", "1.1#41", "0.0#42", "2.0#43", "3.1", "3.12#44", "3.22#45"));
}

TEST(ChannelKey, every_channel_of_an_instrument_has_a_slot_of_its_own) {
  std::map<std::size_t, int> slots;
  for (const auto topic : {Topic::snapshot, Topic::trade, Topic::depth})
    ++slots[ChannelKey{{}, topic}.slot()];
  ++slots[ChannelKey{{}, Topic::trade, channel::kPreciseTrades}.slot()];
  for (std::uint8_t variant = 0; variant <= channel::kSessionMinutes; ++variant)
    ++slots[ChannelKey{{}, Topic::kline, variant}.slot()];
  EXPECT_EQ(slots.size(), channel::kSlots);
  EXPECT_EQ(slots.rbegin()->first, channel::kSlots - 1);
}

}  // namespace
}  // namespace qos::server
