// The worlds of keys that travel, each with a thread of its own that reads the journal, keeps its state and
// publishes. Keys of the same instant and speed share one.
//
// A world is made when it is first asked for, which takes seconds; until then it is not there. Its clock
// stands until it is handed out for the first time. When nobody has shown it for a while it is put away, and
// whoever asks next finds it at its beginning again.
//
// Threads: any may call.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "api/worlds.hpp"
#include "core/counter.hpp"
#include "server/travel_world.hpp"

namespace qos::server {

class TravelWorlds final : public api::Worlds {
 public:
  struct Options {
    std::size_t max_worlds = 4;      // at a time; each costs the memory of a whole state. 0: nobody travels
    std::chrono::seconds idle{60};   // after which a world that nobody shows is put away
    std::chrono::seconds again{10};  // after which one that could not be made is tried again
  };
  TravelWorlds(TravelSource source, Options options);
  // Worlds that somebody still shows live on until they are let go of.
  ~TravelWorlds() override;

  std::shared_ptr<const api::World> of(const access::Grant& grant) override;
  std::shared_ptr<const api::World> of(const Journey& journey);
  // Waits until the world is there; its clock still stands. An error says why it cannot be.
  Result<void> make(const Journey& journey);

  struct Counters {
    Gauge worlds;     // there now, those included that are being made
    Counter made;     // handed out at least once
    Counter failed;   // could not be made, or broke
    Counter refused;  // asked for while there were max_worlds of others
  };
  const Counters& counters() const { return *counters_; }

 private:
  class Running;
  struct Entry {
    Journey journey;
    std::shared_ptr<Running> world;
    SteadyTime used;  // last known to be shown
    bool handed_out = false;
  };

  Entry* find(const Journey& journey);
  void begin(const Journey& journey);
  void put_away_unused();

  TravelSource source_;
  Options options_;
  std::shared_ptr<Counters> counters_ = std::make_shared<Counters>();
  std::mutex mutex_;  // guards what follows
  std::vector<Entry> entries_;
  bool told_of_refusal_ = false;
  std::jthread keeper_;
};

}  // namespace qos::server
