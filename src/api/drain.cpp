#include "api/drain.hpp"

#include <utility>
#include <vector>

namespace qos::api {

void Drain::step(std::span<const std::unique_ptr<Connection>> connections, SteadyTime now,
                 ServerCounters& counters) {
  // Who leaves changes the list of connections, but lives to the end of the turn.
  std::vector<Connection*> chosen;
  const bool cuts = now >= cut_at_;
  for (const auto& connection : connections)
    if (cuts || !connection->asked_to_leave) chosen.push_back(connection.get());
  if (cuts) {
    counters.drain_cuts.add(chosen.size());
    for (Connection* connection : chosen) connection->close_now();
    return;
  }
  const std::size_t due = pace_.take_due(now, chosen.size());
  for (std::size_t place = 0; place < due; ++place) {
    std::uniform_int_distribution<std::size_t> others{place, chosen.size() - 1};
    std::swap(chosen[place], chosen[others(random_)]);
    chosen[place]->asked_to_leave = true;
    chosen[place]->leave();
  }
  counters.drained.add(due);
}

}  // namespace qos::api
