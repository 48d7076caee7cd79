#include "bench/journal_codec/events.hpp"

#include <cstdlib>
#include <filesystem>
#include <stop_token>

#include "feed/feed.hpp"
#include "io/file.hpp"
#include "io/manual_clock.hpp"

namespace qos::journal {
namespace {

template <typename T>
T must(Result<T> result) {
  if (!result) fmt::print(stderr, "{}\n", result.error().message);
  QOS_ASSERT(result.has_value());
  return std::move(*result);
}

std::string text_of(const std::string& name) {
  return must(io::read_file(std::string{QOS_SOURCE_DIR} + "/" + name));
}

struct World {
  market::CalendarTable calendars;
  market::InstrumentTable instruments;
};

World world() {
  World world;
  for (const std::string name : {"CF", "CM", "CN", "FX", "HK", "US"}) {
    const std::string days = name == "CF" ? "" : text_of("config/markets/" + name + ".days.csv");
    world.calendars.add(must(market::SessionCalendar::load(
        {name + ".toml", text_of("config/markets/" + name + ".toml"), name + ".days.csv", days})));
  }
  world.instruments = must(
      market::InstrumentTable::load("instruments.csv", text_of("data/instruments.csv"), world.calendars));
  return world;
}

// Keeps what a feed says until there is enough.
class Keeping final : public feed::EventSink {
 public:
  explicit Keeping(std::size_t most) : most_{most} {}
  void on(const Event& event) override {
    if (events.size() < most_) events.push_back({Sequence{events.size() + 1}, event});
    if (events.size() == most_) stop.request_stop();
  }
  std::vector<SequencedEvent> events;
  std::stop_source stop;

 private:
  std::size_t most_;
};

void run(const feed::FeedSpec& spec, const std::vector<market::Market>& markets, Keeping& sink) {
  const auto places = world();
  const auto prices = text_of("data/simulated_prices.csv");
  io::ManualClock clock{from_unix_seconds(1'767'600'000)};
  auto feed = must(feed::make_feed(spec, markets,
                                   {.id = FeedId{0},
                                    .instruments = places.instruments,
                                    .calendars = places.calendars,
                                    .clock = clock,
                                    .simulated_prices = prices}));
  QOS_ASSERT(feed->run(sink, sink.stop.get_token()).has_value());
}

std::vector<SequencedEvent> repeated(std::vector<SequencedEvent> events, std::size_t count) {
  const auto once = events.size();
  events.reserve(count);
  while (events.size() < count) {
    auto event = events[events.size() - once];
    event.sequence = Sequence{events.size() + 1};
    event.event.ts_recv += std::chrono::hours{1};
    std::visit([](auto& body) { body.ts_event += std::chrono::hours{1}; }, event.event.body);
    events.push_back(event);
  }
  events.resize(std::min(events.size(), count));
  return events;
}

}  // namespace

std::string usual_recording() {
  const char* const folder = std::getenv("QOS_TEST_DATA");
  const auto path = fmt::format("{}/binance/hftbacktest_usdm_btcusdt_20240808.gz",
                                folder != nullptr ? folder : QOS_SOURCE_DIR "/../shared/data");
  return std::filesystem::exists(path) ? path : "";
}

std::vector<SequencedEvent> recorded_events(const std::string& file, std::size_t count) {
  Keeping sink{count};
  run({"binance_usdm", {{"file", file}, {"speed", "max"}}}, {market::Market::CF}, sink);
  return repeated(std::move(sink.events), count);
}

std::vector<SequencedEvent> simulated_events(std::size_t count) {
  Keeping sink{count};
  using enum market::Market;
  run({"simulated",
       {{"from", "2026-01-05T01:00:00Z"},
        {"until", "2026-01-07T01:00:00Z"},
        {"speed", "max"},
        {"rate", "1"}}},
      {US, HK, SH, SZ, CF, FX, IX, CM}, sink);
  return repeated(std::move(sink.events), count);
}

}  // namespace qos::journal
