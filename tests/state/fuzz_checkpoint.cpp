// A checkpoint out of any bytes: the shared part, then one of each of two instruments. What is taken must go
// on, and be saved and restored to the same bytes again.
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "market/instrument.hpp"
#include "state/machine.hpp"

namespace {

using namespace qos;

struct Nobody final : state::ChangeSink {
  void on(const state::Change&) override {}
};

struct Tables {
  Tables() {
    static const auto us = load("US");
    static const auto cf = load("CF");
    calendars.add(us);
    calendars.add(cf);
    auto table = market::InstrumentTable::load(
        "fuzz.csv",
        "code,kind,exchange,currency,name_zh,name_en,lot_size,tick,volume_step,calendar,total_shares,"
        "outstanding_shares,eps,naps,dividend_yield,source\n"
        "US:A,stock,X,USD,,,1,0.01,,,,,,,,fuzz\n"
        "CF:B,perpetual,X,USDT,,,1,0.1,0.001,,,,,,,fuzz\n",
        calendars);
    QOS_ASSERT(table.has_value());
    instruments = std::move(*table);
  }
  static market::SessionCalendar load(const std::string& name) {
    const auto text = [&](const std::string& file) {
      std::ifstream in{std::string{QOS_SOURCE_DIR} + "/config/markets/" + file};
      return std::string{std::istreambuf_iterator<char>{in}, {}};
    };
    auto calendar = market::SessionCalendar::load({.rules_name = name,
                                                   .rules = text(name + ".toml"),
                                                   .rows_name = name,
                                                   .rows = text(name + ".days.csv")});
    QOS_ASSERT(calendar.has_value());
    return *calendar;
  }
  market::CalendarTable calendars;
  market::InstrumentTable instruments;
};

constexpr state::Machine::Options kOptions{.trades_kept = 50, .klines_kept = 20, .ledger_kept = 20};

struct Saved {
  std::string shared;
  std::string parts[2];

  friend bool operator==(const Saved&, const Saved&) = default;
};

Saved save(const state::Machine& machine) {
  Saved saved;
  ByteWriter shared{saved.shared};
  machine.save(shared);
  for (std::uint32_t id = 0; id < 2; ++id) {
    ByteWriter part{saved.parts[id]};
    machine.save(InstrumentId{id}, part);
  }
  return saved;
}

void live(state::Machine& machine) {
  Nobody nobody;
  auto sequence = machine.last().value();
  // A restored machine may say that it has seen everything.
  if (sequence > std::uint64_t{1} << 62) return;
  const auto at = from_unix_seconds(1'722'950'000);
  const auto apply = [&](const EventBody& body) {
    machine.apply({.sequence = Sequence{++sequence}, .event = {.body = body}}, nobody);
  };
  for (std::uint32_t n = 0; n < 12; ++n) {
    const InstrumentId id{n % 2};
    const auto time = at + std::chrono::seconds{n * 50};
    apply(Trade{.instrument = id,
                .price = Price::from_raw(n * 1'000'000'000),
                .size = Quantity::from_units(n),
                .trade_id = n,
                .ts_event = n % 5 == 4 ? at : time});
    apply(BookDelta{
        .instrument = id, .price = Price::from_raw(n), .size = Quantity::from_units(1), .ts_event = time});
    apply(TradeBust{.instrument = id, .trade_id = n / 2, .ts_event = time});
    apply(KlineRestatement{.instrument = id,
                           .start = std::chrono::floor<std::chrono::minutes>(at),
                           .volume = Volume::from_raw(5),
                           .trades = n % 3,
                           .ts_event = time});
    apply(ClockTick{.calendar = CalendarId{static_cast<std::uint16_t>(n % 2)}, .ts_event = time});
    apply(CalendarChange{.calendar = CalendarId{0}, .date = 19'950, .ts_event = time});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  Tables tables;
  state::Machine machine{tables.instruments, tables.calendars, kOptions};
  ByteReader in{bytes};
  if (!machine.restore(in)) return 0;
  for (std::uint32_t id = 0; id < 2; ++id)
    if (!machine.restore(InstrumentId{id}, in)) return 0;
  live(machine);
  const Saved saved = save(machine);
  Tables fresh;
  state::Machine again{fresh.instruments, fresh.calendars, kOptions};
  ByteReader shared{saved.shared};
  QOS_ASSERT(again.restore(shared).has_value() && shared.at_end());
  for (std::uint32_t id = 0; id < 2; ++id) {
    ByteReader part{saved.parts[id]};
    QOS_ASSERT(again.restore(InstrumentId{id}, part).has_value() && part.at_end());
  }
  QOS_ASSERT(save(again) == saved);
  return 0;
}
