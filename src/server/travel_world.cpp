#include "server/travel_world.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace qos::server {
namespace {

// Events between two looks at the clock: a few milliseconds.
constexpr std::size_t kBatch = 4'096;
// How often a world looks whether somebody has come, or whether the journal has grown.
constexpr std::chrono::milliseconds kLook{10};
constexpr std::chrono::seconds kLongest{1};
// Updates that wait for one loop. A world may wait for its listeners, the live one does not notice.
constexpr std::size_t kRing = 1 << 20;  // bytes

}  // namespace

Result<std::unique_ptr<TravelWorld>> TravelWorld::open(const TravelSource& source, const Journey& journey,
                                                       const std::stop_token& stop) {
  const auto report = [](const Error& error) { spdlog::warn("travel: {}", error.message); };
  auto traveller =
      replay::Traveller::open(source.archive, {.at = journey.at, .report = report, .stop = stop});
  if (!traveller) return std::unexpected{traveller.error()};
  return std::unique_ptr<TravelWorld>{new TravelWorld{source, journey, std::move(*traveller)}};
}

TravelWorld::TravelWorld(const TravelSource& source, const Journey& journey,
                         std::unique_ptr<replay::Traveller> traveller)
    : traveller_{std::move(traveller)},
      instruments_{source.archive.instruments},
      clock_{source.clock, journey},
      klines_{instruments_,
              traveller_->calendars(),
              &traveller_->machine().views(),
              source.store,
              {.method = source.adjustment,
               .anchor = source.archive.options.anchor,
               .report = [](const Error& error) { spdlog::error("travel: history: {}", error.message); },
               .now = [this] { return clock_.now(); }}},
      fanout_{{.loops = source.loops, .instruments = instruments_.size(), .ring_bytes = kRing}},
      publisher_{instruments_, fanout_},
      services_{.instruments = instruments_,
                .calendars = traveller_->calendars(),
                .views = traveller_->machine().views(),
                .klines = klines_,
                .health = health_,
                .clock = clock_,
                .stale_after = source.stale_after},
      shown_(services_, fanout_) {
  if (source.actions) klines_.set_actions(source.actions());
  clock_.reach(traveller_->received());
  health_.set_epoch(traveller_->epoch().value());
  hear_of_before();
  health_.set_ready(true);
}

// What was heard of each market before the journey began: as late as its latest price or book.
void TravelWorld::hear_of_before() {
  for (std::uint32_t row = 0; row < instruments_.size(); ++row) {
    const InstrumentId id{row};
    const auto& view = *traveller_->machine().views().find(id);
    const auto latest = std::min(std::max(view.snapshot().ts, view.depth().ts), traveller_->received());
    const auto market = instruments_.at(id).code.market;
    if (latest > health_.last_heard(market)) health_.heard(market, latest);
  }
}

void TravelWorld::on(const state::Change& change) {
  // Numbers of pushes begin behind the epoch of then.
  if (const auto epoch = traveller_->epoch().value(); epoch != health_.epoch()) health_.set_epoch(epoch);
  if (change.has_new_values())
    health_.heard(instruments_.at(change.instrument).code.market, traveller_->received());
  publisher_.publish(change);
}

Result<SteadyTime> TravelWorld::step() {
  const SteadyTime later = clock_.steady_now() + kLook;
  if (!clock_.started()) return later;
  const auto applied = traveller_->advance(clock_.follows() ? UnixNanos::max() : clock_.now(), *this, kBatch);
  if (!applied) {
    health_.set_ready(false);
    return std::unexpected{applied.error()};
  }
  clock_.reach(traveller_->received());
  if (*applied == kBatch) return clock_.steady_now();
  const auto next = traveller_->next();
  if (!next) return later;
  // What was received later than now, by a clock that was wrong then, waits for the present.
  const auto due = clock_.due(*next);
  return due <= clock_.steady_now() ? later : std::min(due, clock_.steady_now() + kLongest);
}

}  // namespace qos::server
