// What must hold after any stream of events, checked on random ones; the seed of a failure is printed.
#include <algorithm>
#include <map>

#include "state/random_day.hpp"

namespace qos::state {
namespace {

using market::KlineType;
using market::Minute;

// The K-line that some K-lines come to; start is given.
struct Fold {
  Price open, high, low, close;
  Volume volume;
  Turnover turnover;
  std::uint32_t trades = 0;

  friend bool operator==(const Fold&, const Fold&) = default;
};

Fold values_of(const Kline& k) {
  return {k.open, k.high, k.low, k.close, k.volume, k.turnover, k.trades};
}

std::string text_of(const Fold& f) {
  return state::text_of(Kline{.open = f.open,
                              .high = f.high,
                              .low = f.low,
                              .close = f.close,
                              .volume = f.volume,
                              .trades = f.trades});
}

using Folds = std::map<UnixNanos, Fold>;

void fold_into(Folds& folds, UnixNanos start, const Kline& part) {
  const auto [at, is_new] = folds.try_emplace(start, values_of(part));
  if (is_new) return;
  Fold& fold = at->second;
  fold.high = std::max(fold.high, part.high);
  fold.low = std::min(fold.low, part.low);
  fold.close = part.close;
  fold.volume += part.volume;
  fold.turnover += part.turnover;
  fold.trades += part.trades;
}

// A minute K-line's place in the calendar, from its start alone.
Minute minute_at(const market::Instrument& instrument, UnixNanos start) {
  const auto& calendar = world_calendars().at(instrument.calendar);
  if (const auto minute =
          market::minute_of(calendar, start, market::Print::continuous, instrument.closing_print))
    return *minute;
  return market::minute_of(calendar, start, market::Print::closing, instrument.closing_print).value();
}

void check_series(const std::vector<Kline>& klines) {
  for (std::size_t at = 0; at < klines.size(); ++at) {
    const Kline& kline = klines[at];
    EXPECT_TRUE(kline.low <= std::min(kline.open, kline.close) &&
                std::max(kline.open, kline.close) <= kline.high)
        << state::text_of(kline);
    if (at > 0) {
      EXPECT_LT(klines[at - 1].start, kline.start);
    }
    if (at + 1 < klines.size()) {
      EXPECT_TRUE(kline.closed) << state::text_of(kline);
    }
  }
}

void check_folds(const World& world, InstrumentId id) {
  const auto& instrument = world.instruments().at(id);
  const auto& calendar = world_calendars().at(instrument.calendar);
  const auto minutes = world.klines(id, KlineType::m1);
  for (const KlineType type : market::kKlineTypes) {
    const auto klines = world.klines(id, type);
    check_series(klines);
    Folds expected;
    for (const Kline& minute : minutes) {
      const auto place = minute_at(instrument, minute.start);
      ASSERT_EQ(place.start, minute.start);
      fold_into(expected, market::kline_span(calendar, type, place, instrument.closing_print).start, minute);
    }
    Folds seen;
    for (const Kline& kline : klines) seen.emplace(kline.start, values_of(kline));
    ASSERT_EQ(seen.size(), klines.size());
    EXPECT_EQ(seen.size(), expected.size()) << "kt " << static_cast<int>(type);
    for (const auto& [start, fold] : expected)
      EXPECT_EQ(text_of(seen[start]), text_of(fold))
          << "kt " << static_cast<int>(type) << " of " << market::text_of(start);
    EXPECT_TRUE(seen == expected);
  }
}

void check_snapshot(const World& world, InstrumentId id) {
  const Snapshot snapshot = world.view(id).snapshot();
  const auto days = world.klines(id, KlineType::day);
  if (days.empty()) {
    EXPECT_FALSE(snapshot.open);
    return;
  }
  const Kline& day = days.back();
  const auto opened = world.opened_day(id);
  if (opened && day.start < *opened) {
    EXPECT_FALSE(snapshot.open || snapshot.high || snapshot.low);
    EXPECT_EQ(snapshot.volume, Volume{});
    EXPECT_EQ(snapshot.turnover, Turnover{});
  } else {
    EXPECT_EQ(snapshot.open, day.open);
    EXPECT_EQ(snapshot.high, day.high);
    EXPECT_EQ(snapshot.low, day.low);
    EXPECT_EQ(snapshot.volume, day.volume);
    EXPECT_EQ(snapshot.turnover, day.turnover);
  }
  if (snapshot.session == UsSession::regular) {
    EXPECT_EQ(snapshot.last, day.close);
  }
}

TEST(Invariants, klines_are_the_folds_of_their_minutes_and_the_snapshot_is_the_day) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world{{.klines_kept = 5'000}};
    RandomEvents events{{.seed = seed, .step = std::chrono::seconds{seed % 4 == 0 ? 5 : 90}}};
    for (int n = 1; n <= 3'000; ++n) {
      world.apply(events.next(world.instruments()));
      if (n % 250 != 0) continue;
      for (std::uint32_t id = 0; id < 6; ++id) {
        SCOPED_TRACE("event " + std::to_string(n) + " instrument " + std::to_string(id));
        check_folds(world, InstrumentId{id});
        check_snapshot(world, InstrumentId{id});
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

// Every minute counted again from all trades, sorted by time: nothing is lost or put elsewhere, however late
// it came.
TEST(Invariants, minutes_are_a_plain_recount_of_the_trades) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world{{.klines_kept = 5'000}};
    RandomEvents events{{.seed = seed,
                         .late_percent = 30,
                         .volume_only_percent = 0,
                         .restatement_percent = 0,
                         .correction_percent = 0}};
    std::array<std::vector<Trade>, 6> trades;
    for (int n = 0; n < 3'000; ++n) {
      const EventBody body = events.next(world.instruments());
      if (const auto* trade = std::get_if<Trade>(&body)) {
        if (trade->condition != TradeCondition::regular) continue;
        trades[trade->instrument.value()].push_back(*trade);
      }
      world.apply(body);
    }
    for (std::uint32_t id = 0; id < 6; ++id) {
      const auto& instrument = world.instruments().at(InstrumentId{id});
      std::ranges::stable_sort(trades[id], {}, &Trade::ts_event);
      Folds expected;
      for (const Trade& trade : trades[id]) {
        const auto minute = market::minute_of(world_calendars().at(instrument.calendar), trade.ts_event,
                                              market::Print::continuous, instrument.closing_print);
        const Kline one{.open = trade.price,
                        .high = trade.price,
                        .low = trade.price,
                        .close = trade.price,
                        .volume = Volume{trade.size},
                        .turnover = Turnover{trade.price, trade.size},
                        .trades = 1};
        if (minute) fold_into(expected, minute->start, one);
      }
      Folds seen;
      for (const Kline& kline : world.klines(InstrumentId{id}, KlineType::m1))
        seen.emplace(kline.start, values_of(kline));
      EXPECT_TRUE(seen == expected) << "instrument " << id;
      ASSERT_FALSE(expected.empty());
    }
  }
}

TEST(Invariants, the_same_events_give_the_same_changes_and_views) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World first{{.klines_kept = 50}};
    World second{{.klines_kept = 50}};
    RandomEvents events{{.seed = seed, .calendar_permille = 3}};
    for (int n = 0; n < 5'000; ++n) {
      const EventBody body = events.next(first.instruments());
      ASSERT_EQ(first.apply_to_all(body), second.apply_to_all(body)) << "event " << n;
    }
    for (std::uint32_t id = 0; id < 6; ++id) {
      const auto& a = first.view(InstrumentId{id});
      const auto& b = second.view(InstrumentId{id});
      EXPECT_EQ(a.version(), b.version());
      EXPECT_EQ(a.snapshot(), b.snapshot());
      EXPECT_EQ(a.depth(), b.depth());
      EXPECT_EQ(a.trades(100), b.trades(100));
      for (const KlineType type : market::kKlineTypes) EXPECT_EQ(a.klines(type, 100), b.klines(type, 100));
    }
  }
}

// What a subscriber was told last is what a reader sees.
TEST(Invariants, the_last_change_is_what_the_view_shows) {
  World world{{.klines_kept = 20}};
  RandomEvents events{{.seed = 7}};
  for (int n = 0; n < 5'000; ++n) {
    const Heard heard = world.apply(events.next(world.instruments()));
    if (heard.sequence != world.view(heard.instrument).version()) continue;  // a tick
    const auto& view = world.view(heard.instrument);
    if (heard.snapshot) {
      ASSERT_EQ(*heard.snapshot, view.snapshot());
    }
    if (heard.depth) {
      ASSERT_EQ(*heard.depth, view.depth());
    }
    for (const auto& change : heard.klines) {
      const auto shown = view.klines(change.type, 1, change.kline.start);
      if (shown.empty() || shown[0].start != change.kline.start) continue;  // removed, or not kept
      ASSERT_EQ(shown[0], change.kline);
    }
  }
}

// With few K-lines kept nothing can be folded again from the start: what is kept stays ordered and whole.
TEST(Invariants, short_series_stay_ordered_and_bounded) {
  for (const std::size_t kept : {2, 3, 10}) {
    World world{{.klines_kept = kept}};
    RandomEvents events{{.seed = 3,
                         .late_percent = 30,
                         .restatement_percent = 5,
                         .correction_percent = 10,
                         .calendar_permille = 2}};
    for (int n = 0; n < 6'000; ++n) {
      world.apply(events.next(world.instruments()));
      if (n % 50 != 0) continue;
      for (std::uint32_t id = 0; id < 6; ++id)
        for (const KlineType type : market::kKlineTypes) {
          const auto klines = world.klines(InstrumentId{id}, type);
          ASSERT_LE(klines.size(), kept);
          check_series(klines);
        }
      ASSERT_FALSE(testing::Test::HasFailure());
    }
  }
}

}  // namespace
}  // namespace qos::state
