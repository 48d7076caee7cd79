// A K-line is its trades: those that explain() counts, put together here by other means, are the K-line that
// state made, whatever came late, was taken back or waited for a price.
#include "replay/explain.hpp"

#include "event/kline_values.hpp"
#include "replay/replay_world.hpp"
#include "state/trade_order.hpp"

namespace qos::replay {
namespace {

using market::KlineType;
using state::TradeRule;

constexpr std::size_t kAll = 1'000'000;

Explained explained(JournalledWorld& world, const KlineQuestion& question) {
  world.flush();
  const auto answer = explain(Rewind{world.archive()}, question);
  EXPECT_TRUE(answer.has_value()) << (answer ? "" : answer.error().message);
  if (!answer || !*answer) ADD_FAILURE() << "nothing goes back so far";
  return answer && *answer ? **answer : Explained{};
}

bool is_counted(const ExplainedTrade& trade) {
  return trade.taken_back == Sequence{} &&
         (trade.rule == TradeRule::counted || trade.rule == TradeRule::volume_only ||
          trade.rule == TradeRule::waits_for_price);
}

struct Placed {
  ExplainedTrade trade;
  UnixNanos minute;  // that its time is of
  UnixNanos order;   // what opens and closes: a closing print is later than all of its session
};

std::vector<Placed> counted_of(const market::Instrument& instrument,
                               const std::vector<ExplainedTrade>& trades) {
  const auto& calendar = state::world_calendars().at(instrument.calendar);
  std::vector<Placed> placed;
  for (const auto& trade : trades) {
    if (!is_counted(trade)) continue;
    const auto minute =
        market::minute_of(calendar, trade.ts, state::print_of(trade.condition), instrument.closing_print);
    const UnixNanos start = minute ? minute->start : trade.ts;
    placed.push_back({trade, start, state::order_of(trade.condition, trade.ts, start)});
  }
  std::ranges::stable_sort(placed, {}, &Placed::order);
  return placed;
}

bool moves_prices(const Placed& placed) {
  return placed.trade.rule == TradeRule::counted;
}

// A minute whose trades move no price stands at the price before it in its day; where a K-line begins with
// one, that is its open.
std::optional<Price> price_before(const std::vector<Placed>& trades, const std::vector<Placed>& of_day) {
  const auto priced = std::ranges::find_if(trades, moves_prices);
  const auto silent = std::ranges::find_if_not(trades, moves_prices);
  if (silent == trades.end() || (priced != trades.end() && priced->minute <= silent->minute))
    return std::nullopt;
  std::optional<Price> price;
  for (const auto& placed : of_day)
    if (moves_prices(placed) && placed.minute < silent->minute) price = placed.trade.price;
  return price;
}

Kline folded(const std::vector<Placed>& trades, const std::vector<Placed>& of_day) {
  Kline kline;
  std::vector<Price> prices;
  if (const auto before = price_before(trades, of_day)) prices.push_back(*before);
  for (const auto& [trade, minute, order] : trades) {
    ++kline.trades;
    kline.volume += Volume{trade.size};
    kline.turnover += Turnover{trade.price, trade.size};
    if (trade.rule == TradeRule::counted) prices.push_back(trade.price);
  }
  if (prices.empty()) return kline;
  kline.open = prices.front();
  kline.close = prices.back();
  kline.high = std::ranges::max(prices);
  kline.low = std::ranges::min(prices);
  return kline;
}

// False: a trade came so late that nobody looks for it.
bool expect_explained(JournalledWorld& world, InstrumentId id, KlineType type, const Kline& kline) {
  SCOPED_TRACE("instrument " + std::to_string(id.value()) + ", kt " + std::to_string(static_cast<int>(type)) +
               ", " + state::text_of(kline));
  const auto answer = explained(world, {.instrument = id, .type = type, .start = kline.start, .count = kAll});
  if (!answer.kline) {
    ADD_FAILURE() << "there is no such K-line";
    return false;
  }
  const bool is_whole = answer.kline->sequence == kline.sequence;
  if (is_whole) {
    EXPECT_EQ(*answer.kline, kline);
  }
  EXPECT_FALSE(answer.more);
  EXPECT_EQ(answer.restated, Sequence{});
  const auto counted = static_cast<std::uint64_t>(std::ranges::count_if(answer.trades, is_counted));
  EXPECT_EQ(answer.counted, counted);
  EXPECT_EQ(answer.left_out, answer.trades.size() - counted);
  EXPECT_TRUE(std::ranges::is_sorted(answer.trades, {}, &ExplainedTrade::sequence));

  const auto& instrument = world.instruments().at(id);
  std::vector<Placed> of_day;
  if (type < KlineType::day &&
      std::ranges::any_of(
          answer.trades, [](const auto& trade) { return trade.rule == TradeRule::volume_only; })) {
    const auto& calendar = state::world_calendars().at(instrument.calendar);
    auto minute =
        market::minute_of(calendar, kline.start, market::Print::continuous, instrument.closing_print);
    if (!minute)
      minute = market::minute_of(calendar, kline.start, market::Print::closing, instrument.closing_print);
    EXPECT_TRUE(minute);
    if (!minute) return false;
    of_day = counted_of(instrument, explained(world, {.instrument = id,
                                                      .type = KlineType::day,
                                                      .start = calendar.local_midnight(minute->trading_date),
                                                      .count = kAll})
                                        .trades);
  }
  const Kline made = folded(counted_of(instrument, answer.trades), of_day);
  EXPECT_EQ(made.trades, answer.kline->trades);
  EXPECT_TRUE(same_values(made, *answer.kline)) << state::text_of(made);
  return is_whole;
}

TEST(Explain, the_trades_of_a_kline_fold_to_it_on_random_days) {
  int cut_off = 0;
  for (unsigned seed = 1; seed <= 12 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    JournalledWorld world;
    state::RandomEvents source{{.seed = seed,
                                .step = std::chrono::seconds{seed % 3 == 0 ? 20 : 120},
                                .late_percent = seed % 2 == 0 ? 25 : 5,
                                .volume_only_percent = seed % 4 == 0 ? 60 : 25,
                                .restatement_percent = 0,
                                .correction_percent = 12}};
    for (int n = 0; n < 2'500; ++n) world.live(source.next(world.instruments()));
    std::mt19937 random{seed};
    for (std::uint32_t id = 0; id < 6; ++id)
      for (const auto type : market::kKlineTypes) {
        const auto klines = world.klines(InstrumentId{id}, type);
        for (int look = 0; look < 2 && !klines.empty(); ++look)
          if (!expect_explained(world, InstrumentId{id}, type, klines[random() % klines.size()])) ++cut_off;
      }
  }
  EXPECT_LE(cut_off, 1);
}

Trade trade_at(std::string_view time, std::string_view price, std::string_view size, std::uint64_t id = 0,
               TradeCondition condition = TradeCondition::regular) {
  return {.instrument = state::kUs,
          .price = state::price(price),
          .size = state::size(size),
          .trade_id = id,
          .ts_event = state::utc(time),
          .condition = condition};
}

std::vector<std::pair<std::uint64_t, TradeRule>> rules_of(const Explained& answer) {
  std::vector<std::pair<std::uint64_t, TradeRule>> rules;
  for (const auto& trade : answer.trades) rules.emplace_back(trade.sequence.value(), trade.rule);
  return rules;
}

KlineQuestion about(KlineType type, std::string_view start) {
  return {.instrument = state::kUs, .type = type, .start = state::utc(start), .count = kAll};
}

TEST(Explain, says_why_a_trade_was_left_out) {
  JournalledWorld world;
  world.live(trade_at("2024-08-06 13:30:05", "100", "10", 1));
  world.live(trade_at("2024-08-06 13:30:06", "101", "5", 2, TradeCondition::odd_lot));
  world.live(trade_at("2024-08-06 13:30:07", "102", "5", 3, TradeCondition::after_close_fixed));
  world.live(trade_at("2024-08-06 13:30:08", "103", "5", 4, TradeCondition::extended_session));
  world.live(trade_at("2024-08-06 13:30:09", "104", "-5", 5));
  world.live(trade_at("2024-08-06 12:30:09", "99", "5", 6));   // another session's
  world.live(trade_at("2024-08-06 13:31:09", "105", "5", 7));  // another minute's
  const auto answer = explained(world, about(KlineType::m1, "2024-08-06 13:30"));
  using enum TradeRule;
  using Rules = std::vector<std::pair<std::uint64_t, TradeRule>>;
  EXPECT_EQ(rules_of(answer),
            (Rules{{1, counted}, {2, volume_only}, {4, outside_sessions}, {5, implausible}}));
  EXPECT_EQ(answer.counted, 2U);
  EXPECT_EQ(answer.left_out, 2U);
  // A trade at the close price is of the day's last minute, and counts nowhere in this market.
  const auto day = explained(world, about(KlineType::day, "2024-08-06 04:00"));
  EXPECT_EQ(rules_of(day), (Rules{{1, counted},
                                  {2, volume_only},
                                  {3, tape_only},
                                  {4, outside_sessions},
                                  {5, implausible},
                                  {7, counted}}));
}

TEST(Explain, a_trade_taken_back_is_named_with_the_event_that_did_it) {
  JournalledWorld world;
  world.live(trade_at("2024-08-06 13:30:05", "100", "10", 1));
  world.live(trade_at("2024-08-06 13:30:06", "109", "5", 2));
  world.live(trade_at("2024-08-06 13:30:07", "101", "5", 3));
  world.live(TradeBust{.instrument = state::kUs, .trade_id = 2, .ts_event = state::utc("2024-08-06 13:40")});
  world.live(TradeCorrection{.instrument = state::kUs,
                             .trade_id = 3,
                             .price = state::price("102"),
                             .size = state::size("6"),
                             .ts_event = state::utc("2024-08-06 13:41")});
  const auto answer = explained(world, about(KlineType::m1, "2024-08-06 13:30"));
  ASSERT_EQ(answer.trades.size(), 4U);
  EXPECT_EQ(answer.trades[0].taken_back, Sequence{});
  EXPECT_EQ(answer.trades[1].taken_back, Sequence{4});
  EXPECT_EQ(answer.trades[2].taken_back, Sequence{5});
  EXPECT_EQ(answer.trades[3], (ExplainedTrade{.sequence = Sequence{5},
                                              .price = state::price("102"),
                                              .size = state::size("6"),
                                              .ts = state::utc("2024-08-06 13:30:07"),
                                              .trade_id = 3}));
  EXPECT_EQ(answer.counted, 2U);
  EXPECT_EQ(answer.left_out, 2U);
  EXPECT_EQ(state::text_of(*answer.kline), "2024-08-06 13:30:00 100 102 100 102 16 x2");
}

// An odd lot before the first price is in the K-line of that price, and waits again if that is taken back.
TEST(Explain, what_waited_for_a_price_is_where_it_ended_up) {
  JournalledWorld world;
  world.live(trade_at("2024-08-06 13:30:05", "100", "1", 1, TradeCondition::odd_lot));
  world.live(trade_at("2024-08-06 13:32:06", "109", "5", 2));
  EXPECT_EQ(explained(world, about(KlineType::m1, "2024-08-06 13:32")).counted, 2U);
  world.live(TradeBust{.instrument = state::kUs, .trade_id = 2, .ts_event = state::utc("2024-08-06 13:33")});
  world.live(trade_at("2024-08-06 13:35:06", "110", "5", 4));
  const auto first = explained(world, about(KlineType::m1, "2024-08-06 13:32"));
  EXPECT_FALSE(first.kline);
  EXPECT_EQ(first.left_out, 1U);
  const auto answer = explained(world, about(KlineType::m1, "2024-08-06 13:35"));
  EXPECT_EQ(answer.counted, 2U);
  ASSERT_EQ(answer.trades.size(), 2U);
  EXPECT_EQ(answer.trades[0].sequence, Sequence{1});
  EXPECT_EQ(answer.trades[0].rule, TradeRule::waits_for_price);
  EXPECT_EQ(explained(world, about(KlineType::m1, "2024-08-06 13:30")).left_out, 0U);
}

TEST(Explain, is_told_in_pages_with_the_totals_of_all) {
  JournalledWorld world;
  for (std::uint64_t n = 1; n <= 25; ++n)
    world.live(trade_at("2024-08-06 13:30:05", std::to_string(100 + n), "1", n,
                        n % 5 == 0 ? TradeCondition::after_close_fixed : TradeCondition::regular));
  auto question = about(KlineType::day, "2024-08-06 04:00");
  const auto whole = explained(world, question);
  ASSERT_EQ(whole.trades.size(), 25U);
  std::vector<ExplainedTrade> paged;
  question.count = 7;
  for (bool more = true; more;) {
    const auto page = explained(world, question);
    EXPECT_EQ(page.counted, 20U);
    EXPECT_EQ(page.left_out, 5U);
    ASSERT_LE(page.trades.size(), 7U);
    ASSERT_FALSE(page.trades.empty());
    paged.insert(paged.end(), page.trades.begin(), page.trades.end());
    question.after = page.trades.back().sequence;
    more = page.more;
  }
  EXPECT_EQ(paged, whole.trades);
}

TEST(Explain, what_the_store_told_or_the_venue_replaced_is_said) {
  JournalledWorld world;
  world.live(trade_at("2024-08-06 13:30:05", "100", "10", 1));
  world.live(trade_at("2024-08-06 13:31:05", "100", "10", 2));
  world.live(KlineRestatement{.instrument = state::kUs,
                              .start = state::utc("2024-08-06 13:30"),
                              .open = state::price("100"),
                              .high = state::price("105"),
                              .low = state::price("100"),
                              .close = state::price("105"),
                              .volume = state::volume("7"),
                              .turnover = state::turnover("705"),
                              .trades = 3,
                              .ts_event = state::utc("2024-08-06 13:33")});
  EXPECT_EQ(explained(world, about(KlineType::m1, "2024-08-06 13:30")).restated, Sequence{3});
  EXPECT_EQ(explained(world, about(KlineType::m1, "2024-08-06 13:31")).restated, Sequence{});
  EXPECT_EQ(explained(world, about(KlineType::day, "2024-08-06 04:00")).restated, Sequence{3});
  world.live(PastReset{.instrument = state::kUs, .ts_event = state::utc("2024-08-06 13:34")});
  EXPECT_TRUE(explained(world, about(KlineType::m1, "2024-08-06 13:31")).was_told);
}

TEST(Explain, a_kline_that_never_was_has_no_trades) {
  JournalledWorld world;
  world.live(trade_at("2024-08-06 13:30:05", "100", "10", 1));
  for (const auto start :
       {"2024-08-06 13:31", "2024-08-06 13:30:30", "2024-08-04 13:30", "2024-08-06 23:59"}) {
    const auto answer = explained(world, about(KlineType::m1, start));
    EXPECT_FALSE(answer.kline) << start;
    EXPECT_TRUE(answer.trades.empty()) << start;
  }
}

// Whoever asks about a day of last year does not read until today.
TEST(Explain, ends_a_trading_day_behind_the_kline) {
  JournalledWorld world;
  const auto tick = [&](std::string_view time) {
    world.live(
        ClockTick{.calendar = world.instruments().at(state::kUs).calendar, .ts_event = state::utc(time)});
  };
  world.live(trade_at("2024-08-06 13:30:05", "100", "10", 1));
  tick("2024-08-07 19:59");
  world.live(trade_at("2024-08-06 13:30:06", "101", "10", 2));  // late, but still heard
  tick("2024-08-07 20:00");
  world.live(trade_at("2024-08-06 13:30:07", "102", "10", 3));
  EXPECT_EQ(explained(world, about(KlineType::m1, "2024-08-06 13:30")).counted, 2U);
}

}  // namespace
}  // namespace qos::replay
