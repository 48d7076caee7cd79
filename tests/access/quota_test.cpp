#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "access/connection_table.hpp"
#include "access/gate.hpp"
#include "access/quota_table.hpp"
#include "support/temp_folder.hpp"

namespace qos::access {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{1h};
constexpr KeyId kKey{1};

bool operator==(const Quota& a, const Quota& b) {
  return a.allowed == b.allowed && a.limit == b.limit && a.remaining == b.remaining && a.reset == b.reset;
}

TEST(QuotaTable, counts_down_in_windows_of_a_minute_that_start_with_the_first_request) {
  struct Row {
    std::chrono::nanoseconds at;
    Quota expected;
  };
  const Row rows[] = {
      {0ns, {.allowed = true, .limit = 3, .remaining = 2, .reset = 60s}},
      {1ns, {.allowed = true, .limit = 3, .remaining = 1, .reset = 60s}},
      {1s, {.allowed = true, .limit = 3, .remaining = 0, .reset = 59s}},
      {1s + 1ns, {.allowed = false, .limit = 3, .remaining = 0, .reset = 59s}},
      {60s - 1ns, {.allowed = false, .limit = 3, .remaining = 0, .reset = 1s}},
      {60s, {.allowed = true, .limit = 3, .remaining = 2, .reset = 60s}},
      {200s, {.allowed = true, .limit = 3, .remaining = 2, .reset = 60s}},
      {259s, {.allowed = true, .limit = 3, .remaining = 1, .reset = 1s}},
      {260s, {.allowed = true, .limit = 3, .remaining = 2, .reset = 60s}},
  };
  QuotaTable table;
  for (const Row& row : rows)
    EXPECT_TRUE(table.take(kKey, Permission::trade, 3, kStart + row.at) == row.expected) << row.at.count();
}

TEST(QuotaTable, a_look_tells_the_same_numbers_and_takes_nothing) {
  QuotaTable table;
  const auto look = [&](SteadyTime at) { return table.look(kKey, Permission::ws, 2, at); };
  const Quota nothing_used{.allowed = true, .limit = 2, .remaining = 2};
  EXPECT_TRUE(look(kStart) == nothing_used);
  EXPECT_EQ(table.size(), 0U) << "a look begins no window";
  for (int taken = 1; taken <= 3; ++taken) {
    const auto took = table.take(kKey, Permission::ws, 2, kStart);
    for (int looks = 0; looks < 2; ++looks) {
      const auto seen = look(kStart + 1ns);
      EXPECT_EQ(seen.allowed, taken < 2);
      EXPECT_EQ(seen.remaining, took.remaining);
      EXPECT_EQ(seen.reset, 60s);
    }
  }
  EXPECT_EQ(look(kStart + 59s).reset, 1s);
  EXPECT_TRUE(look(kStart + 60s) == nothing_used);
  EXPECT_TRUE(table.look(KeyId{2}, Permission::ws, 2, kStart) == nothing_used);
  EXPECT_TRUE(table.look(kKey, Permission::trade, 2, kStart) == nothing_used);
}

TEST(QuotaTable, keeps_keys_and_permissions_apart) {
  QuotaTable table;
  for (std::int64_t key = 1; key <= 40; ++key)
    for (std::size_t permission = 0; permission < kPermissions; ++permission) {
      EXPECT_TRUE(
          table.take(KeyId{key}, Permission{static_cast<std::uint8_t>(permission)}, 1, kStart).allowed);
      EXPECT_FALSE(
          table.take(KeyId{key}, Permission{static_cast<std::uint8_t>(permission)}, 1, kStart).allowed);
    }
}

TEST(QuotaTable, a_lower_limit_in_the_middle_of_a_window_leaves_nothing) {
  QuotaTable table;
  for (int i = 0; i < 5; ++i) table.take(kKey, Permission::ws, 10, kStart);
  EXPECT_TRUE(table.take(kKey, Permission::ws, 3, kStart) ==
              (Quota{.allowed = false, .limit = 3, .remaining = 0, .reset = 60s}));
}

TEST(QuotaTable, forgets_windows_that_are_over) {
  QuotaTable table;
  for (std::int64_t key = 0; key < 1'000; ++key) table.take(KeyId{key}, Permission::depth, 5, kStart + 1s);
  EXPECT_EQ(table.size(), 1'000U);
  for (std::int64_t key = 0; key < 16; ++key) table.take(KeyId{key}, Permission::depth, 5, kStart + 121s);
  EXPECT_EQ(table.size(), 16U);
}

// As many requests pass as the limit allows, however many threads ask.
TEST(QuotaTable, gives_out_exactly_the_limit_to_several_threads) {
  QuotaTable table;
  std::atomic<int> allowed = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i)
          if (table.take(kKey, Permission::kline, 777, kStart).allowed) ++allowed;
      });
  }
  EXPECT_EQ(allowed, 777);
}

TEST(ConnectionTable, gives_places_back) {
  const auto table = std::make_shared<ConnectionTable>();
  auto one = table->take(kKey, 2);
  auto two = table->take(kKey, 2);
  EXPECT_TRUE(one && two);
  EXPECT_FALSE(table->take(kKey, 2));
  EXPECT_TRUE(table->take(KeyId{2}, 2)) << "another key's places";
  auto copy = one;
  one.reset();
  EXPECT_FALSE(table->take(kKey, 2)) << "a copy still holds the place";
  copy.reset();
  EXPECT_TRUE(table->take(kKey, 2));
}

TEST(ConnectionTable, knows_no_limit_of_zero) {
  const auto table = std::make_shared<ConnectionTable>();
  std::vector<std::shared_ptr<void>> places;
  for (int i = 0; i < 100; ++i) places.push_back(table->take(kKey, 0));
  for (const auto& place : places) EXPECT_TRUE(place);
  EXPECT_FALSE(table->take(kKey, 100)) << "they count all the same";
}

class GateQuotas : public ::testing::Test {
 protected:
  GateQuotas() {
    Plan small{.name = "small"};
    small.limits[static_cast<std::size_t>(Permission::snapshot)].request_frequency = 2;
    small.limits[static_cast<std::size_t>(Permission::ws)].max_connections = 1;
    gate_ = Gate::open({.database = folder_ / "keys.sqlite", .plans = {small, Plan{.name = "unlimited"}}})
                .value();
  }
  Grant grant(std::string_view plan) {
    return gate_->authenticate(gate_->create(plan, "", now_)->key, now_).value();
  }

  test::TempFolder folder_;
  UnixNanos now_ = from_unix_seconds(1'750'000'000);
  std::unique_ptr<Gate> gate_;
};

TEST_F(GateQuotas, follow_the_plan) {
  const auto small = grant("small");
  EXPECT_TRUE(gate_->take(small, Permission::snapshot, kStart).allowed);
  EXPECT_TRUE(gate_->take(small, Permission::snapshot, kStart).allowed);
  EXPECT_FALSE(gate_->take(small, Permission::snapshot, kStart).allowed);
  EXPECT_EQ(gate_->counters().quota_refusals.value(), 1U);
  EXPECT_TRUE(gate_->take(grant("small"), Permission::snapshot, kStart).allowed) << "another key";
  for (int i = 0; i < 100; ++i) {
    const auto quota = gate_->take(small, Permission::depth, kStart);
    EXPECT_TRUE(quota == Quota{}) << "limit 0 means unlimited";
  }
}

TEST_F(GateQuotas, count_connections_and_outlive_the_gate) {
  const auto small = grant("small");
  auto place = gate_->connect(small);
  EXPECT_TRUE(place);
  EXPECT_FALSE(gate_->connect(small));
  EXPECT_EQ(gate_->counters().connection_refusals.value(), 1U);
  const auto free = grant("unlimited");
  auto first = gate_->connect(free);
  auto second = gate_->connect(free);
  EXPECT_TRUE(first && second);
  place.reset();
  place = gate_->connect(small);
  EXPECT_TRUE(place);
  gate_.reset();
  place.reset();
}

// Everything at once from several threads, for the thread sanitizer; afterwards every key is known.
TEST_F(GateQuotas, stand_many_threads) {
  const auto other =
      Gate::open({.database = folder_ / "keys.sqlite", .plans = {Plan{.name = "unlimited"}}}).value();
  const auto disabled = gate_->create("unlimited", "", now_).value();
  std::mutex mutex;
  std::vector<std::string> keys{gate_->create("unlimited", "", now_)->key};
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&, thread] {
        for (int i = 0; i < 60; ++i) {
          const auto now = now_ + std::chrono::seconds{i};
          std::string key;
          {
            const std::scoped_lock lock{mutex};
            key = keys[static_cast<std::size_t>(i * 7 + thread) % keys.size()];
          }
          if (const auto grant = gate_->authenticate(key, now)) {
            gate_->take(*grant, Permission::trade, kStart + std::chrono::seconds{i});
            const auto place = gate_->connect(*grant);
          }
          if (i % 15 != thread) continue;
          auto& gate = thread % 2 == 0 ? *gate_ : *other;
          auto made = gate.create("unlimited", "", now);
          if (thread == 1) static_cast<void>(gate_->disable(disabled.key));
          if (thread == 2) static_cast<void>(gate_->list());
          const std::scoped_lock lock{mutex};
          keys.push_back(std::move(made->key));
        }
      });
  }
  EXPECT_EQ(keys.size(), 17U);
  for (const auto& key : keys) EXPECT_TRUE(gate_->authenticate(key, now_ + 1h)) << key;
  EXPECT_EQ(gate_->authenticate(disabled.key, now_ + 1h).error(), Denial::disabled);
}

}  // namespace
}  // namespace qos::access
