#include "server/planned_feeds.hpp"

#include <map>
#include <set>

namespace qos::server {
namespace {

// How the server's own events are called among the feeds of the journal.
constexpr std::string_view kOwnEvents = "server";

std::set<CalendarId> calendars_of(const PlannedFeed& planned, const market::InstrumentTable& instruments) {
  std::set<CalendarId> calendars;
  for (const auto market : planned.plan.markets)
    for (const auto id : instruments.of_market(market)) calendars.insert(instruments.at(id).calendar);
  return calendars;
}

}  // namespace

FeedMaker registered_feeds() {
  return {.plan = feed::plan_feed, .make = feed::make_feed};
}

Result<std::vector<PlannedFeed>> plan_feeds(const std::vector<std::string>& texts, const FeedMaker& maker) {
  std::vector<PlannedFeed> feeds;
  std::set<market::Market> taken;
  const PlannedFeed* by_default = nullptr;
  for (const auto& text : texts) {
    auto spec = feed::FeedSpec::parse(text);
    if (!spec) return within("feed", spec.error());
    auto plan = maker.plan(*spec);
    if (!plan) return within("feed", plan.error());
    for (const auto market : plan->markets)
      if (!taken.insert(market).second)
        return fail("feed {}: market {} is already covered by another feed", text, market::text_of(market));
    feeds.push_back({std::move(*spec), std::move(*plan)});
  }
  for (auto& planned : feeds) {
    if (!planned.plan.markets_by_default) continue;
    if (by_default != nullptr)
      return fail("feeds {} and {} both cover every market that no other feed covers; give them markets=",
                  by_default->spec.kind, planned.spec.kind);
    by_default = &planned;
    for (const auto& spec : market::kMarketSpecs)
      if (!taken.contains(spec.market)) planned.plan.markets.push_back(spec.market);
  }
  return feeds;
}

Result<void> keep_calendars_open(const std::vector<PlannedFeed>& feeds, Reference& reference) {
  std::map<CalendarId, const PlannedFeed*> open;
  for (const auto& planned : feeds)
    if (planned.plan.keep_open)
      for (const auto id : calendars_of(planned, reference.instruments)) open.emplace(id, &planned);
  for (const auto& planned : feeds) {
    if (planned.plan.keep_open) continue;
    for (const auto id : calendars_of(planned, reference.instruments))
      if (open.contains(id))
        return fail(
            "feed {} keeps the calendar {} open around the clock, but feed {} covers markets of it too",
            open.at(id)->spec.kind, reference.calendars.at(id).name(), planned.spec.kind);
  }
  for (const auto& [id, planned] : open) reference.calendars.keep_open(id);
  return {};
}

journal::Names names_of(const Config& config, const Reference& reference) {
  journal::Names names{.feeds = config.feed};
  names.feeds.emplace_back(kOwnEvents);
  for (std::uint32_t row = 0; row < reference.instruments.size(); ++row)
    names.instruments.push_back(reference.instruments.at(InstrumentId{row}).code.to_string());
  for (std::uint16_t id = 0; id < reference.calendars.size(); ++id)
    names.calendars.push_back(reference.calendars.at(CalendarId{id}).name());
  return names;
}

state::Machine::Options machine_options(const Config& config) {
  return {.trades_kept = config.state.trades_kept,
          .klines_kept = config.state.klines_kept,
          .ledger_kept = config.state.ledger_kept,
          .anchor = config.klines.anchor};
}

api::ServerOptions server_options(const Config& config) {
  const auto& http = config.http;
  const auto ms = [](std::uint64_t value) { return std::chrono::milliseconds{value}; };
  return {.listen = config.listen,
          .loops = io_thread_count(config),
          .max_connections = http.max_connections,
          .max_body_bytes = http.max_body_bytes,
          .max_frame_bytes = http.max_frame_bytes,
          .outbox_hard_bytes = http.outbox_hard_bytes,
          .outbox_soft_bytes = http.outbox_soft_bytes,
          .outbox_grace = ms(http.outbox_grace_ms),
          .gather = std::chrono::microseconds{http.gather_us},
          .updates_per_flush = http.updates_per_flush,
          .congestion_control = http.congestion_control,
          .unsent_bytes = static_cast<std::uint32_t>(http.unsent_bytes),
          .heartbeat_timeout = ms(http.heartbeat_timeout_ms),
          .http_idle_timeout = ms(http.idle_timeout_ms),
          .http_status =
              http.status == HttpStatus::always_200 ? api::HttpStatus::always_200 : api::HttpStatus::by_class,
          .registration = config.registration.mode == RegistrationMode::open ? api::Registration::open
                                                                             : api::Registration::closed,
          .registration_plan = config.registration.plan,
          .registrations_a_day = static_cast<std::uint32_t>(config.registration.per_day)};
}

}  // namespace qos::server
