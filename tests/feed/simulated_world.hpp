// The project's own instruments, calendars and start prices, for tests of the simulated market.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "feed/simulated/generator.hpp"
#include "feed/simulated/options.hpp"
#include "feed/simulated/start_prices.hpp"
#include "market/instrument.hpp"
#include "market/session_calendar.hpp"

namespace qos::feed::simulated {

inline std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline UnixNanos at(std::string_view instant) {
  const auto parsed = parse_instant(instant);
  if (!parsed) throw std::runtime_error("no instant: " + std::string{instant});
  return *parsed;
}

struct World {
  market::CalendarTable calendars;
  market::InstrumentTable instruments;
  StartPrices prices;

  const market::Instrument& operator[](std::string_view code) const {
    return *instruments.find(market::parse_code(code)->code);
  }
  std::vector<StartPoint> starts_of(const std::vector<InstrumentId>& ids) const {
    std::vector<StartPoint> starts;
    for (const InstrumentId id : ids) starts.push_back({prices.of(instruments.at(id))});
    return starts;
  }
  std::vector<InstrumentId> all() const {
    std::vector<InstrumentId> ids;
    for (std::uint32_t i = 0; i < instruments.size(); ++i) ids.emplace_back(i);
    return ids;
  }
};

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

inline std::filesystem::path source_dir() {
  return QOS_SOURCE_DIR;
}
inline std::string own_instruments() {
  return text_of_file(source_dir() / "data/instruments.csv");
}
inline std::string own_prices() {
  return text_of_file(source_dir() / "data/simulated_prices.csv");
}

// hours=always also opens every calendar around the clock, as the server does.
inline std::unique_ptr<World> world(Hours hours, std::string_view instruments = {}) {
  auto made = std::make_unique<World>();
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{source_dir() / "config/markets"})
    if (entry.path().extension() == ".toml") files.insert(entry.path());
  for (const auto& rules : files) {
    auto rows = rules;
    rows.replace_extension(".days.csv");
    const std::string rules_text = text_of_file(rules);
    const std::string rows_text = std::filesystem::exists(rows) ? text_of_file(rows) : std::string{};
    const auto id = made->calendars.add(must(market::SessionCalendar::load(
        {.rules_name = rules.native(), .rules = rules_text, .rows_name = rows.native(), .rows = rows_text})));
    if (hours == Hours::always) made->calendars.keep_open(id);
  }
  const std::string own = instruments.empty() ? own_instruments() : std::string{instruments};
  made->instruments = must(market::InstrumentTable::load("instruments.csv", own, made->calendars));
  made->prices = must(StartPrices::load(own_prices()));
  return made;
}

// Every event of [from, until), handed to `see` in order. Returns how many.
template <typename See>
std::uint64_t simulate(const World& world, Options options, std::string_view from, std::string_view until,
                       See see, std::vector<InstrumentId> ids = {}) {
  options.until = at(until);
  if (ids.empty()) ids = world.all();
  const auto starts = world.starts_of(ids);
  Generator generator{options, at(from), world.instruments, world.calendars, ids, starts};
  std::uint64_t events = 0;
  for (auto event = generator.next(); event; event = generator.next(), ++events) see(*event);
  return events;
}

inline std::vector<EventBody> recorded(const World& world, const Options& options, std::string_view from,
                                       std::string_view until, const std::vector<InstrumentId>& ids = {}) {
  std::vector<EventBody> events;
  simulate(world, options, from, until, [&](const EventBody& event) { events.push_back(event); }, ids);
  return events;
}

// nullopt for what belongs to a calendar: a clock tick.
inline std::optional<InstrumentId> instrument_of(const EventBody& body) {
  return std::visit(
      [](const auto& event) -> std::optional<InstrumentId> {
        if constexpr (requires { event.instrument; }) return event.instrument;
        return std::nullopt;
      },
      body);
}

}  // namespace qos::feed::simulated
