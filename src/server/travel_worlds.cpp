#include "server/travel_worlds.hpp"

#include <fmt/chrono.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>

namespace qos::server {
namespace {

constexpr std::chrono::seconds kLookForUnused{1};
constexpr std::chrono::milliseconds kLookAgain{10};

std::string text_of(const Journey& journey) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::floor<std::chrono::seconds>(journey.at)));
}

}  // namespace

// A world and its thread.
class TravelWorlds::Running {
 public:
  enum class State : std::uint8_t { opening, ready, failed };

  Running(TravelSource source, const Journey& journey, std::shared_ptr<Counters> counters)
      : source_{std::move(source)},
        counters_{std::move(counters)},
        thread_{[this, journey](const auto& stop) {
          if (auto lived = live(journey, stop); !lived && !stop.stop_requested())
            fail_with(journey, std::move(lived.error()));
        }} {}
  ~Running() {
    thread_.request_stop();
    if (state() == State::ready) world_->close();
  }

  State state() const { return state_.load(std::memory_order_acquire); }
  // Once it is ready.
  TravelWorld& world() const { return *world_; }
  // Once it has failed.
  const Error& error() const { return error_; }

 private:
  Result<void> live(const Journey& journey, const std::stop_token& stop) {
    auto world = TravelWorld::open(source_, journey, stop);
    if (!world) return std::unexpected{world.error()};
    world_ = std::move(*world);
    state_.store(State::ready, std::memory_order_release);
    while (!stop.stop_requested()) {
      const auto next = world_->step();
      if (!next) return std::unexpected{next.error()};
      if (!source_.clock.wait_until(*next, stop)) break;
    }
    return {};
  }

  void fail_with(const Journey& journey, Error error) {
    spdlog::error("travel to {}: {}", text_of(journey), error.message);
    error_ = std::move(error);
    counters_->failed.add();
    state_.store(State::failed, std::memory_order_release);
  }

  TravelSource source_;
  std::shared_ptr<Counters> counters_;
  std::unique_ptr<TravelWorld> world_;
  Error error_;
  std::atomic<State> state_{State::opening};
  std::jthread thread_;
};

TravelWorlds::TravelWorlds(TravelSource source, Options options)
    : source_{std::move(source)}, options_{options}, keeper_{[this](const std::stop_token& stop) {
        while (source_.clock.wait_until(source_.clock.steady_now() + kLookForUnused, stop)) put_away_unused();
      }} {}

TravelWorlds::~TravelWorlds() = default;

std::shared_ptr<const api::World> TravelWorlds::of(const access::Grant& grant) {
  const auto& travel = grant.nature.travel;
  if (!travel) return nullptr;
  return of(Journey{.at = travel->at, .speed = {.thousandths = std::int64_t{travel->speed} * 1'000}});
}

std::shared_ptr<const api::World> TravelWorlds::of(const Journey& journey) {
  const std::scoped_lock lock{mutex_};
  Entry* entry = find(journey);
  if (entry == nullptr) {
    begin(journey);
    return nullptr;
  }
  if (entry->world->state() != Running::State::ready) return nullptr;
  entry->used = source_.clock.steady_now();
  if (!std::exchange(entry->handed_out, true)) counters_->made.add();
  TravelWorld& world = entry->world->world();
  world.begin();
  return {entry->world, &world.shown()};
}

Result<void> TravelWorlds::make(const Journey& journey) {
  const std::stop_source never;
  for (;;) {
    {
      const std::scoped_lock lock{mutex_};
      Entry* entry = find(journey);
      if (entry == nullptr) begin(journey);
      entry = find(journey);
      if (entry == nullptr) return fail("there are {} worlds already", entries_.size());
      if (entry->world->state() == Running::State::failed) return std::unexpected{entry->world->error()};
      if (entry->world->state() == Running::State::ready) return {};
    }
    source_.clock.wait_until(source_.clock.steady_now() + kLookAgain, never.get_token());
  }
}

TravelWorlds::Entry* TravelWorlds::find(const Journey& journey) {
  const auto found = std::ranges::find(entries_, journey, &Entry::journey);
  return found == entries_.end() ? nullptr : &*found;
}

void TravelWorlds::begin(const Journey& journey) {
  if (entries_.size() >= options_.max_worlds) {
    counters_->refused.add();
    // Clients ask again every second.
    if (!std::exchange(told_of_refusal_, true))
      spdlog::warn("travel to {}: there are {} worlds already (travel.max_worlds)", text_of(journey),
                   entries_.size());
    return;
  }
  entries_.push_back({.journey = journey,
                      .world = std::make_shared<Running>(source_, journey, counters_),
                      .used = source_.clock.steady_now()});
  counters_->worlds.set(static_cast<std::int64_t>(entries_.size()));
}

void TravelWorlds::put_away_unused() {
  std::vector<std::shared_ptr<Running>> put_away;  // they end after the lock is given back
  const std::scoped_lock lock{mutex_};
  const auto now = source_.clock.steady_now();
  std::erase_if(entries_, [&](Entry& entry) {
    const auto state = entry.world->state();
    // Only of() hands it out, under this lock: whoever is alone stays alone.
    const bool is_shown = entry.world.use_count() > 1;
    if (state == Running::State::opening || (is_shown && state == Running::State::ready)) entry.used = now;
    const auto patience = state == Running::State::failed ? options_.again : options_.idle;
    if (now - entry.used < patience) return false;
    put_away.push_back(std::move(entry.world));
    return true;
  });
  if (!put_away.empty()) told_of_refusal_ = false;
  counters_->worlds.set(static_cast<std::int64_t>(entries_.size()));
}

}  // namespace qos::server
