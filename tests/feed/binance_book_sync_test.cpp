#include "feed/binance/book_sync.hpp"

#include <gtest/gtest.h>

namespace qos::feed::binance {
namespace {

using Diff = BookSync::DiffVerdict;
using Snap = BookSync::SnapshotVerdict;

// One message and what it must be answered with; a diff where `diff` is set, else a snapshot.
struct Step {
  UpdateIds ids{};
  std::uint64_t snapshot = 0;
  Diff diff{};
  Snap snap{};
  std::vector<std::uint64_t> then{};  // u of the diffs that follow an applied snapshot

  static Step of_diff(UpdateIds ids, Diff verdict) { return {.ids = ids, .diff = verdict}; }
  static Step of_snapshot(std::uint64_t id, Snap verdict, std::vector<std::uint64_t> then = {}) {
    return {.snapshot = id, .snap = verdict, .then = std::move(then)};
  }
};

struct Scenario {
  std::string_view name;
  std::vector<Step> steps;
};

DepthDiff diff_of(UpdateIds ids, std::span<const Level> bids = {}) {
  return {.symbol = "BTCUSDT", .ids = ids, .bids = bids};
}

constexpr auto diff = &Step::of_diff;
Step snapshot(std::uint64_t id, Snap verdict, std::vector<std::uint64_t> then = {}) {
  return Step::of_snapshot(id, verdict, std::move(then));
}

// Ids as {U, u, pu}.
const Scenario kScenarios[] = {
    {"diffs wait, those that end before the snapshot are dropped, the rest follow",
     {diff({1, 5, 0}, Diff::wait), diff({7, 9, 5}, Diff::wait), diff({10, 15, 9}, Diff::wait),
      snapshot(9, Snap::apply, {9, 15}), diff({16, 16, 15}, Diff::apply)}},
    {"the snapshot may end inside the first diff",
     {diff({1, 5, 0}, Diff::wait), diff({7, 12, 5}, Diff::wait), snapshot(10, Snap::apply, {12}),
      diff({13, 14, 12}, Diff::apply)}},
    {"a snapshot before any diff waits for the one that reaches over its end",
     {snapshot(10, Snap::apply), diff({1, 5, 0}, Diff::old), diff({6, 9, 5}, Diff::old),
      diff({10, 12, 9}, Diff::apply), diff({13, 13, 12}, Diff::apply)}},
    {"a snapshot newer than all that wait drops them",
     {diff({1, 5, 0}, Diff::wait), diff({6, 9, 5}, Diff::wait), snapshot(20, Snap::apply, {}),
      diff({10, 19, 9}, Diff::old), diff({20, 25, 19}, Diff::apply)}},
    {"a quiet symbol's first diff names the snapshot's end as its pu",
     {snapshot(10, Snap::apply), diff({14, 15, 10}, Diff::apply), diff({16, 16, 15}, Diff::apply)}},
    {"a first diff past the snapshot is a gap",
     {snapshot(10, Snap::apply), diff({14, 15, 12}, Diff::gap), snapshot(15, Snap::apply, {15})}},
    {"a snapshot between two diffs, inside neither, is not one the venue's rule takes",
     {diff({1, 5, 0}, Diff::wait), diff({20, 25, 5}, Diff::wait), snapshot(10, Snap::too_old),
      snapshot(25, Snap::apply, {25})}},
    {"a snapshot that is too old leaves the diffs waiting",
     {diff({10, 15, 9}, Diff::wait), diff({16, 20, 15}, Diff::wait), snapshot(8, Snap::too_old),
      diff({21, 22, 20}, Diff::wait), snapshot(18, Snap::apply, {20, 22})}},
    {"a pu that is not the u before is a gap, and the next snapshot mends it",
     {snapshot(10, Snap::apply), diff({10, 12, 9}, Diff::apply), diff({15, 18, 14}, Diff::gap),
      diff({19, 20, 18}, Diff::wait), snapshot(12, Snap::too_old), snapshot(16, Snap::apply, {18, 20}),
      diff({21, 21, 20}, Diff::apply)}},
    {"messages lost among those that wait leave only the later ones",
     {diff({1, 5, 0}, Diff::wait), diff({9, 12, 8}, Diff::lost), diff({13, 14, 12}, Diff::wait),
      snapshot(5, Snap::too_old), snapshot(10, Snap::apply, {12, 14})}},
    {"the same diff twice changes nothing",
     {diff({8, 9, 7}, Diff::wait), diff({8, 9, 7}, Diff::old), snapshot(8, Snap::apply, {9}),
      diff({10, 12, 9}, Diff::apply), diff({10, 12, 9}, Diff::old), diff({13, 14, 12}, Diff::apply)}},
    {"two diffs in the wrong order are a gap, not a wrong book",
     {snapshot(10, Snap::apply), diff({10, 12, 9}, Diff::apply), diff({16, 18, 15}, Diff::gap),
      diff({13, 15, 12}, Diff::lost), diff({19, 20, 18}, Diff::lost), snapshot(19, Snap::apply, {20})}},
    {"numbers that start again are a gap, not an old message",
     {snapshot(1'000, Snap::apply), diff({1'000, 1'001, 999}, Diff::apply), diff({2, 3, 1}, Diff::gap),
      snapshot(3, Snap::apply, {3}), diff({4, 4, 3}, Diff::apply)}},
    {"a later snapshot is taken while the book is good, an older one is not",
     {snapshot(10, Snap::apply), diff({10, 12, 9}, Diff::apply), snapshot(11, Snap::old),
      snapshot(12, Snap::old), snapshot(14, Snap::apply), diff({13, 13, 12}, Diff::old),
      diff({14, 16, 13}, Diff::apply)}},
    {"a snapshot taken before the first diff after lost ones mends the book at once",
     {snapshot(10, Snap::apply), diff({10, 12, 9}, Diff::apply), snapshot(30, Snap::apply),
      diff({29, 31, 28}, Diff::apply)}},
};

TEST(BookSync, answers_every_message_as_the_venue_prescribes) {
  for (const auto& scenario : kScenarios) {
    BookSync sync;
    int number = 0;
    for (const auto& step : scenario.steps) {
      ++number;
      if (step.snapshot == 0) {
        EXPECT_EQ(sync.on_diff(diff_of(step.ids)), step.diff) << scenario.name << ", step " << number;
        continue;
      }
      ASSERT_EQ(sync.on_snapshot(step.snapshot), step.snap) << scenario.name << ", step " << number;
      if (step.snap != Snap::apply) continue;
      std::vector<std::uint64_t> then;
      for (const auto& waiting : sync.take_waiting()) then.push_back(waiting.ids.last);
      EXPECT_EQ(then, step.then) << scenario.name << ", step " << number;
      EXPECT_TRUE(sync.has_book());
    }
  }
}

TEST(BookSync, keeps_no_more_diffs_than_its_limits_and_lets_the_oldest_go) {
  const std::vector<Level> levels(10, Level{*Price::parse("1"), *Quantity::parse("1")});
  for (const auto limits : {BookSync::Limits{.diffs = 3, .levels = 1'000}, {.diffs = 1'000, .levels = 30}}) {
    BookSync sync{limits};
    for (std::uint64_t id = 1; id <= 100; ++id) {
      EXPECT_EQ(sync.on_diff(diff_of({id, id, id - 1}, levels)), Diff::wait);
    }
    EXPECT_EQ(sync.on_snapshot(90), Snap::too_old);
    EXPECT_EQ(sync.on_snapshot(99), Snap::apply);
    EXPECT_EQ(sync.take_waiting().size(), 2U);
  }
}

TEST(BookSync, a_diff_larger_than_the_limit_is_let_go_itself) {
  const std::vector<Level> levels(10, Level{*Price::parse("1"), *Quantity::parse("1")});
  BookSync sync{{.diffs = 10, .levels = 5}};
  EXPECT_EQ(sync.on_diff(diff_of({1, 5, 0}, levels)), Diff::wait);
  EXPECT_EQ(sync.on_diff(diff_of({6, 7, 5})), Diff::wait);
  EXPECT_EQ(sync.on_snapshot(7), Snap::apply);
}

}  // namespace
}  // namespace qos::feed::binance
