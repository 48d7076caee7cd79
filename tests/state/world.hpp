// A machine over one instrument of each kind of market, on the project's own calendars, and short ways to say
// what happens to them.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "market/calendars.hpp"
#include "market/instrument.hpp"
#include "state/machine.hpp"

namespace qos::state {

using market::utc;

inline constexpr InstrumentId kUs{0};     // US:AAPL: extended sessions, closing print in a K-line of its own
inline constexpr InstrumentId kHk{1};     // HK:700: lunch, closing auction
inline constexpr InstrumentId kSh{2};     // SH:600519
inline constexpr InstrumentId kCoin{3};   // CF:BTCUSDT: all day
inline constexpr InstrumentId kIndex{4};  // IX:HSI: no depth
inline constexpr InstrumentId kPair{5};   // FX:USDJPY: trading days begin on the evening before

inline Price price(std::string_view text) {
  return Price::parse(text).value();
}
inline Quantity size(std::string_view text) {
  return Quantity::parse(text).value();
}
inline Volume volume(std::string_view text) {
  return Volume::parse(text).value();
}
inline Turnover turnover(std::string_view text) {
  return Turnover::parse(text).value();
}

// A Change that keeps its K-lines.
struct Heard {
  Sequence sequence;
  InstrumentId instrument;
  std::optional<TapeTrade> trade;
  std::optional<Snapshot> snapshot;
  std::optional<Depth> depth;
  std::vector<KlineChange> klines;
  std::uint64_t snapshot_number = 0;
  std::uint64_t depth_number = 0;
  std::optional<TradeVerdict> verdict;

  friend bool operator==(const Heard&, const Heard&) = default;

  // What of the type is new; nullopt: nothing.
  std::optional<Kline> kline(market::KlineType type) const {
    for (const auto& change : klines)
      if (change.type == type && change.news == KlineNews::values) return change.kline;
    return std::nullopt;
  }
};

inline std::string calendar_file(const std::string& name) {
  std::ifstream file{std::string{QOS_SOURCE_DIR} + "/config/markets/" + name};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// Loaded once; tables share what was loaded.
inline market::CalendarTable make_calendars() {
  static const std::vector<market::SessionCalendar> calendars = [] {
    std::vector<market::SessionCalendar> loaded;
    for (const std::string name : {"US", "HK", "CN", "CF", "FX"}) {
      auto calendar = market::load_calendar(calendar_file(name + ".toml"), calendar_file(name + ".days.csv"));
      QOS_ASSERT(calendar.has_value());
      loaded.push_back(std::move(*calendar));
    }
    return loaded;
  }();
  market::CalendarTable table;
  for (const auto& calendar : calendars) table.add(calendar);
  return table;
}

// The calendars as the files have them, for whoever only asks.
inline const market::CalendarTable& world_calendars() {
  static const market::CalendarTable table = make_calendars();
  return table;
}

inline constexpr std::string_view kWorldInstruments =
    "code,kind,exchange,currency,name_zh,name_en,lot_size,tick,volume_step,calendar,total_shares,"
    "outstanding_shares,eps,naps,dividend_yield,source\n"
    "US:AAPL,stock,NASD,USD,,,1,0.01,,,,,,,,test\n"
    "HK:700,stock,SEHK,HKD,,,100,0.2,,,,,,,,test\n"
    "SH:600519,stock,SSE,CNY,,,100,0.01,,,,,,,,test\n"
    "CF:BTCUSDT,perpetual,BINANCE,USDT,,,1,0.1,0.001,,,,,,,test\n"
    "IX:HSI,index,HSI,HKD,,,1,0.01,,HK,,,,,,test\n"
    "FX:USDJPY,currency_pair,FX,JPY,,,1,0.001,,,,,,,,test\n";

class World {
 public:
  explicit World(Machine::Options options = {})
      : calendars_{make_calendars()}, instruments_{load()}, machine_{instruments_, calendars_, options} {}

  // What the event's instrument hears; nothing if it changed nothing, or if it has no instrument.
  Heard apply(const EventBody& body) {
    const auto heard = apply_to_all(body);
    const bool of_one =
        !std::holds_alternative<ClockTick>(body) && !std::holds_alternative<CalendarChange>(body);
    if (of_one && !heard.empty()) return heard.front();
    return {.sequence = Sequence{sequence_}};
  }
  // What every instrument hears.
  std::vector<Heard> apply_to_all(const EventBody& body) {
    if (const auto* tick = std::get_if<ClockTick>(&body)) {
      auto& latest = ticked_.at(tick->calendar.value());
      latest = std::max(latest, tick->ts_event);
    }
    Listener listener;
    machine_.apply({.sequence = Sequence{++sequence_}, .event = {.body = body}}, listener);
    return std::move(listener.heard);
  }

  Heard trade(InstrumentId id, std::string_view time, std::string_view at, std::string_view amount,
              TradeCondition condition = TradeCondition::regular) {
    return apply(Trade{.instrument = id,
                       .price = price(at),
                       .size = size(amount),
                       .ts_event = utc(time),
                       .condition = condition});
  }
  Heard tick(InstrumentId of, std::string_view time) {
    return apply(ClockTick{.calendar = instruments_.at(of).calendar, .ts_event = utc(time)});
  }

  // Start of the latest trading day whose regular session a tick has reached, found day by day.
  std::optional<UnixNanos> opened_day(InstrumentId of) const {
    const CalendarId id = instruments_.at(of).calendar;
    const auto& calendar = world_calendars().at(id);
    const UnixNanos now = ticked_.at(id.value());
    if (now == UnixNanos::min()) return std::nullopt;
    std::chrono::sys_days date{calendar.local_date(now)};
    for (date += std::chrono::days{1};; date -= std::chrono::days{1}) {
      const auto hours = calendar.regular_of(date);
      if (!hours.empty() && hours.front().open <= now) return calendar.local_midnight(date);
    }
  }

  const InstrumentView& view(InstrumentId id) const { return *machine_.views().find(id); }
  std::vector<Kline> klines(InstrumentId id, market::KlineType type) const {
    return view(id).klines(type, 10'000);
  }
  const market::InstrumentTable& instruments() const { return instruments_; }
  const MachineCounters& counters() const { return machine_.counters(); }
  Machine& machine() { return machine_; }
  Sequence last() const { return Sequence{sequence_}; }
  // The machine was restored: the next event is the one after `last`.
  void go_on_after(Sequence last) { sequence_ = last.value(); }

 private:
  struct Listener final : ChangeSink {
    void on(const Change& change) override {
      heard.push_back({change.sequence,
                       change.instrument,
                       change.trade,
                       change.snapshot,
                       change.depth,
                       {change.klines.begin(), change.klines.end()},
                       change.snapshot_number,
                       change.depth_number,
                       change.verdict});
    }
    std::vector<Heard> heard;
  };

  static market::InstrumentTable load() {
    auto table = market::InstrumentTable::load("world.csv", kWorldInstruments, world_calendars());
    QOS_ASSERT(table.has_value());
    return std::move(*table);
  }

  market::CalendarTable calendars_;
  market::InstrumentTable instruments_;
  Machine machine_;
  std::uint64_t sequence_ = 0;
  std::vector<UnixNanos> ticked_ = std::vector(world_calendars().size(), UnixNanos::min());
};

// "open high low close volume xtrades", for comparing whole K-lines at a glance.
inline std::string text_of(const Kline& kline) {
  return market::text_of(kline.start) + " " + kline.open.to_string() + " " + kline.high.to_string() + " " +
         kline.low.to_string() + " " + kline.close.to_string() + " " + kline.volume.to_string() + " x" +
         std::to_string(kline.trades);
}

inline std::vector<std::string> texts_of(const std::vector<Kline>& klines) {
  std::vector<std::string> texts;
  for (const auto& kline : klines) texts.push_back(text_of(kline));
  return texts;
}

}  // namespace qos::state
