// QOS_SIMULATION_SEEDS=N runs N seeds, QOS_SIMULATION_SEED=S the one, QOS_SIMULATION_STEPS=N so long.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "simulation/world.hpp"

namespace qos::simulation {
namespace {

using Wall = std::chrono::steady_clock;

// What `./test` has time for.
constexpr std::chrono::seconds kUsualTime{10};
constexpr std::uint64_t kUsualSteps = 6'000;

std::optional<std::uint64_t> number_in(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::nullopt : std::optional<std::uint64_t>{std::strtoull(text, nullptr, 10)};
}

std::uint64_t steps() {
  return number_in("QOS_SIMULATION_STEPS").value_or(kUsualSteps);
}

// False: it failed, and was told.
bool runs(std::uint64_t seed, Counts& counts, std::string* fingerprint = nullptr) {
  World world{seed};
  try {
    world.run(steps());
  } catch (const Violation& violation) {
    std::string text = fmt::format("seed {}: {}\nQOS_SIMULATION_SEED={} repeats it. The last steps:\n", seed,
                                   violation.what(), seed);
    for (const auto& step : world.latest_steps()) text += step + '\n';
    // What was done to the files whose names hold this.
    if (const char* part = std::getenv("QOS_SIMULATION_CALLS"))
      for (std::uint64_t nth = 1; nth <= world.disk().calls(); ++nth)
        if (const auto call = world.disk().call(nth); call.find(part) != std::string::npos)
          text += fmt::format("call {}: {}\n", nth, call);
    ADD_FAILURE() << text;
    return false;
  }
  counts.add(world.counts());
  if (fingerprint != nullptr) *fingerprint = world.fingerprint();
  return true;
}

struct Simulation : testing::Test {
  static void SetUpTestSuite() { spdlog::set_level(spdlog::level::off); }
};

TEST_F(Simulation, nothing_that_was_published_is_lost_or_changed_whatever_happens) {
  const auto only = number_in("QOS_SIMULATION_SEED");
  const auto wanted = number_in("QOS_SIMULATION_SEEDS");
  Counts counts;
  std::uint64_t seeds = 0;
  int failures = 0;
  const auto begun = Wall::now();
  const auto first = only.value_or(1);
  for (std::uint64_t seed = first; failures < 3; ++seed) {
    if (only ? seeds == 1 : wanted ? seeds == *wanted : Wall::now() - begun > kUsualTime) break;
    failures += runs(seed, counts) ? 0 : 1;
    ++seeds;
  }
  const std::chrono::duration<double> took = Wall::now() - begun;
  const auto minutes = std::chrono::duration<double, std::ratio<60>>(counts.simulated).count();
  const auto& clients = counts.clients;
  std::cout << fmt::format(
      "{} seeds from {} in {:.1f} s: {:.0f} simulated minutes ({:.0f} a second), {} steps, {} events\n"
      "{} kills, {} power losses, {} orderly restarts, {} deaths inside a disk call, {} failed starts\n"
      "{} epochs, {} times state anew, {} lies detected, {} checkpoints\n"
      "clients: {} pushes, {} channels resumed, {} lost, {} closed by the server, {} slow\n",
      seeds, first, took.count(), minutes, minutes / took.count(), counts.steps, counts.events, counts.kills,
      counts.power_losses, counts.restarts, counts.deaths_inside, counts.failed_starts, counts.epochs,
      counts.anew, counts.detected, counts.checkpoints, clients.pushes, clients.resumed, clients.lost,
      clients.closed, counts.slow_clients);
  // A simulation in which nothing happens proves nothing.
  if (only || seeds < 10) return;
  EXPECT_GT(counts.kills, 0U);
  EXPECT_GT(counts.power_losses, 0U);
  EXPECT_GT(counts.checkpoints, 0U);
  EXPECT_GT(clients.resumed, 0U);
}

TEST_F(Simulation, the_same_seed_gives_the_same_bytes) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Counts counts;
    std::string once;
    std::string again;
    if (!runs(seed, counts, &once) || !runs(seed, counts, &again)) return;
    EXPECT_EQ(once, again) << "seed " << seed;
  }
}

}  // namespace
}  // namespace qos::simulation
