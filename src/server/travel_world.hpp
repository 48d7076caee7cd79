// One world that travels: the state of then, its clock, its calendars, its K-lines and whoever listens to it.
// It looks like the live one to all that shows it.
//
// Threads: open() and step() belong to one thread, the market thread of this world; begin() and what shown()
// refers to are any thread's.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "api/worlds.hpp"
#include "channel/fanout.hpp"
#include "history/klines.hpp"
#include "replay/traveller.hpp"
#include "server/publisher.hpp"
#include "server/travel_clock.hpp"

namespace qos::server {

// What worlds are made of. All that it refers to must outlive them.
struct TravelSource {
  replay::Archive archive;
  const store::KlineStore* store = nullptr;  // nullptr: there is no history
  // As they are known now; of each world's day when it is asked. May be empty.
  std::function<std::shared_ptr<const market::CorporateActionTable>()> actions{};
  market::AdjustmentMethod adjustment = market::AdjustmentMethod::ratio;
  io::Clock& clock;  // the present
  std::size_t loops = 1;
  std::chrono::seconds stale_after{60};
};

class TravelWorld final : private state::ChangeSink {
 public:
  // Stands at the beginning of the journey. An error: as Traveller::open().
  static Result<std::unique_ptr<TravelWorld>> open(const TravelSource& source, const Journey& journey,
                                                   const std::stop_token& stop);

  // Somebody has come: the clock goes from now on.
  void begin() { clock_.start(); }
  const api::World& shown() const { return shown_; }

  // Applies and publishes what has happened by the world's clock, a bounded part of it. When to look again.
  // An error is the journal's: the world stands still from now on, and says that it is not ready.
  Result<SteadyTime> step();
  // Lets go of a step() that waits for a loop; nothing is published any more. Any thread.
  void close() { fanout_.close(); }

 private:
  TravelWorld(const TravelSource& source, const Journey& journey,
              std::unique_ptr<replay::Traveller> traveller);

  void on(const state::Change& change) override;
  void hear_of_before();

  std::unique_ptr<replay::Traveller> traveller_;
  const market::InstrumentTable& instruments_;
  TravelClock clock_;
  history::Klines klines_;
  api::Health health_;
  channel::Fanout fanout_;
  Publisher publisher_;
  api::Services services_;
  api::World shown_;
};

}  // namespace qos::server
