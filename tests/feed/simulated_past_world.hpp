// What a simulated feed tells of the past, kept by instrument.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "feed/feed.hpp"
#include "feed/simulated_world.hpp"
#include "io/manual_clock.hpp"

namespace qos::feed::simulated {

struct ToldMinute {
  StoredSeries series;
  market::Date date;
  Kline kline;
  friend bool operator==(const ToldMinute&, const ToldMinute&) = default;
};
struct ToldDay {
  market::Date date;
  Kline kline;
  friend bool operator==(const ToldDay&, const ToldDay&) = default;
};
struct ToldInstrument {
  std::vector<ToldDay> days;
  std::vector<ToldMinute> minutes;  // of all sessions, as they were told
  std::vector<market::CorporateAction> actions;

  std::vector<ToldMinute> of(StoredSeries series) const {
    std::vector<ToldMinute> found;
    std::ranges::copy_if(minutes, std::back_inserter(found),
                         [&](const ToldMinute& minute) { return minute.series == series; });
    return found;
  }
  // The newest close of the regular hours: of a minute if there is one.
  Price last_close() const {
    const auto regular = of(StoredSeries::regular);
    return regular.empty() ? days.back().kline.close : regular.back().kline.close;
  }
  friend bool operator==(const ToldInstrument&, const ToldInstrument&) = default;
};

class KeepingPast final : public PastSink {
 public:
  Result<void> klines(InstrumentId id, StoredSeries series, std::int32_t date,
                      std::span<const Kline> klines) override {
    if (klines_left_ == 0) return fail("the disk is full");
    --klines_left_;
    EXPECT_FALSE(klines.empty());
    ToldInstrument& instrument = told[id];
    const market::Date day{std::chrono::sys_days{std::chrono::days{date}}};
    for (const Kline& kline : klines) {
      if (series == StoredSeries::day)
        instrument.days.push_back({day, kline});
      else
        instrument.minutes.push_back({series, day, kline});
    }
    return {};
  }
  Result<void> action(InstrumentId id, const market::CorporateAction& action) override {
    told[id].actions.push_back(action);
    return {};
  }
  void fail_after(std::size_t calls) { klines_left_ = calls; }

  std::map<InstrumentId, ToldInstrument> told;

 private:
  std::size_t klines_left_ = SIZE_MAX;
};

using Known = std::function<std::optional<KnownPast>(InstrumentId)>;
inline std::optional<KnownPast> nothing_known(InstrumentId) {
  return std::nullopt;
}

// What a store knows that has kept all of it.
inline std::optional<KnownPast> known_of(const ToldInstrument& told) {
  const auto regular = told.of(StoredSeries::regular);
  if (regular.empty()) {
    if (told.days.empty()) return std::nullopt;
    const std::size_t size = told.days.size();
    return KnownPast{
        .last_minute = told.days.back().kline.start,
        .last_close = told.days.back().kline.close,
        .previous_close = size > 1 ? std::optional{told.days[size - 2].kline.close} : std::nullopt,
        .series = StoredSeries::day};
  }
  KnownPast known{.last_minute = regular.back().kline.start, .last_close = regular.back().kline.close};
  for (const ToldDay& day : told.days)
    if (day.date < regular.back().date) known.previous_close = day.kline.close;
  return known;
}

// The header of the own table and the rows of these codes.
inline std::string rows_of(const std::vector<std::string>& codes) {
  std::istringstream lines{own_instruments()};
  std::string rows;
  for (std::string line; std::getline(lines, line);)
    if (rows.empty() || std::ranges::count(codes, line.substr(0, line.find(','))) > 0) rows += line + "\n";
  return rows;
}

struct Telling {
  std::unique_ptr<Feed> feed;
  Result<void> result;
  std::map<InstrumentId, ToldInstrument> told;
};

inline std::unique_ptr<Feed> feed_of(const World& world, std::string_view spec, io::Clock& clock) {
  static const std::string prices = own_prices();
  using enum market::Market;
  return must(make_feed(must(FeedSpec::parse(spec)), {US, HK, SH, SZ, CF, FX, IX, CM},
                        {.id = FeedId{3},
                         .instruments = world.instruments,
                         .calendars = world.calendars,
                         .clock = clock,
                         .simulated_prices = prices}));
}

inline Telling tell(const World& world, std::string_view spec, io::Clock& clock,
                    const Known& known = nothing_known) {
  KeepingPast sink;
  auto feed = feed_of(world, spec, clock);
  auto result = feed->tell_past(sink, known);
  return {std::move(feed), std::move(result), std::move(sink.told)};
}

// Told at this instant, before anything was known.
inline std::map<InstrumentId, ToldInstrument> told_at(const World& world, std::string_view spec,
                                                      std::string_view now,
                                                      const Known& known = nothing_known) {
  io::ManualClock clock{at(now)};
  auto run = tell(world, spec, clock, known);
  EXPECT_TRUE(run.result);
  return std::move(run.told);
}

}  // namespace qos::feed::simulated
