// What the tests of the Binance feed share: a few instruments, a sink that keeps, a whole run of a file.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "feed/feed.hpp"
#include "io/file.hpp"
#include "io/manual_clock.hpp"

namespace qos::feed::binance {

class KeepingSink final : public EventSink {
 public:
  void on(const Event& event) override { events.push_back(event); }
  std::vector<Event> events;
};

// Perpetuals in this order from id 0, on the calendar that the project ships.
class Reference {
 public:
  explicit Reference(const std::vector<std::string>& symbols = {"BTCUSDT", "ETHUSDT"}) {
    const auto rules = io::read_file(std::string{QOS_SOURCE_DIR} + "/config/markets/CF.toml");
    EXPECT_TRUE(rules) << rules.error().message;
    auto calendar = market::SessionCalendar::load({"CF.toml", *rules, "", ""});
    EXPECT_TRUE(calendar) << calendar.error().message;
    calendars.add(std::move(*calendar));
    std::string csv =
        "code,kind,exchange,currency,name_zh,name_en,lot_size,tick,volume_step,calendar,total_shares,"
        "outstanding_shares,eps,naps,dividend_yield,source\n";
    for (const auto& symbol : symbols)
      csv += "CF:" + symbol + ",perpetual,BINANCE,USDT,," + symbol + ",1,0.00001,0.001,CF,,,,,,test\n";
    auto table = market::InstrumentTable::load("test.csv", csv, calendars);
    EXPECT_TRUE(table) << table.error().message;
    instruments = std::move(*table);
  }

  market::CalendarTable calendars;
  market::InstrumentTable instruments;
};

// One run of a recording, and what it said on the way.
struct Replay {
  std::unique_ptr<Feed> feed;
  std::vector<Event> events;
  std::vector<std::string> reports;
  std::string error;  // empty: ended in success

  const FeedCounters& counters() const { return feed->counters(); }
  template <typename T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const auto& event : events)
      if (const auto* body = std::get_if<T>(&event.body)) found.push_back(*body);
    return found;
  }
};

inline Replay replay(const std::string& file, const Reference& reference,
                     std::map<std::string, std::string> options = {}) {
  Replay replay;
  io::ManualClock clock{UnixNanos{}};
  options.emplace("file", file);
  options.emplace("speed", "max");
  auto feed =
      make_feed({"binance_usdm", std::move(options)}, {market::Market::CF},
                {.id = FeedId{3},
                 .instruments = reference.instruments,
                 .calendars = reference.calendars,
                 .clock = clock,
                 .report = [&replay](const Error& error) { replay.reports.push_back(error.message); }});
  if (!feed) {
    replay.error = feed.error().message;
    return replay;
  }
  replay.feed = std::move(*feed);
  KeepingSink sink;
  if (const auto ran = replay.feed->run(sink, {}); !ran) replay.error = ran.error().message;
  replay.events = std::move(sink.events);
  return replay;
}

// A capture typed for these tests.
inline std::string typed_capture(std::string_view name) {
  return fmt::format("{}/tests/data/binance/{}", QOS_SOURCE_DIR, name);
}

// A real recording, which the project may not own; empty where it is absent.
inline std::string real_recording(std::string_view name) {
  const char* const folder = std::getenv("QOS_TEST_DATA");
  const auto path =
      fmt::format("{}/binance/{}", folder != nullptr ? folder : QOS_SOURCE_DIR "/../shared/data", name);
  return std::ifstream{path} ? path : "";
}

}  // namespace qos::feed::binance
