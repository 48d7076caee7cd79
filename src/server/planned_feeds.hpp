// What the configuration says of feeds, and what follows from it before any of them is made: markets,
// calendars, ids, the options of state and of the server. The same for whoever serves and whoever replays.
//
// Threads: pure, but for what they are handed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/server.hpp"
#include "core/result.hpp"
#include "feed/feed.hpp"
#include "journal/names.hpp"
#include "server/config.hpp"
#include "server/reference.hpp"
#include "state/machine.hpp"

namespace qos::server {

// Where feeds come from: the registry, or a test's own.
struct FeedMaker {
  std::function<Result<feed::FeedPlan>(const feed::FeedSpec&)> plan;
  std::function<Result<std::unique_ptr<feed::Feed>>(const feed::FeedSpec&, const std::vector<market::Market>&,
                                                    const feed::FeedContext&)>
      make;
};
FeedMaker registered_feeds();

// A feed as configured, and which markets were settled for it.
struct PlannedFeed {
  feed::FeedSpec spec;
  feed::FeedPlan plan;
};

// Every market is covered by at most one feed; a feed that takes whatever is left gets the others.
Result<std::vector<PlannedFeed>> plan_feeds(const std::vector<std::string>& texts, const FeedMaker& maker);

// Keeps the calendars of feeds that trade around the clock open. A calendar has one form: the markets of
// another feed must not lose their sessions with it.
Result<void> keep_calendars_open(const std::vector<PlannedFeed>& feeds, Reference& reference);

// What the ids of this run stand for.
journal::Names names_of(const Config& config, const Reference& reference);

state::Machine::Options machine_options(const Config& config);
api::ServerOptions server_options(const Config& config);

}  // namespace qos::server
