// A store in a folder of its own, views that say what a test put into them, and the instruments of five kinds
// of market on the project's calendars.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "history/klines.hpp"
#include "market/calendars.hpp"
#include "store/kline_store.hpp"
#include "support/temp_folder.hpp"

namespace qos::history {

using market::Date;
using market::FoldPart;
using market::KlineType;

struct View final : state::InstrumentView {
  std::map<KlineType, std::vector<Kline>> kept;
  std::map<StoredSeries, std::vector<Kline>> extended;

  Sequence version() const override { return {}; }
  state::Snapshot snapshot() const override { return {}; }
  state::Depth depth() const override { return {}; }
  std::vector<state::TapeTrade> trades(std::size_t) const override { return {}; }
  std::vector<Kline> klines(KlineType type, std::size_t count,
                            std::optional<UnixNanos> until) const override {
    const auto found = kept.find(type);
    return found == kept.end() ? std::vector<Kline>{} : latest(found->second, count, until);
  }
  std::vector<Kline> extended_minutes(StoredSeries session, std::size_t count,
                                      std::optional<UnixNanos> until) const override {
    const auto found = extended.find(session);
    return found == extended.end() ? std::vector<Kline>{} : latest(found->second, count, until);
  }

 private:
  static std::vector<Kline> latest(std::vector<Kline> klines, std::size_t count,
                                   std::optional<UnixNanos> until) {
    if (until) std::erase_if(klines, [&](const Kline& kline) { return kline.start > *until; });
    return {klines.end() - static_cast<std::ptrdiff_t>(std::min(count, klines.size())), klines.end()};
  }
};

struct Views final : state::ViewTable {
  mutable std::map<InstrumentId, View> by_id;

  const state::InstrumentView* find(InstrumentId id) const override { return &by_id[id]; }
};

inline market::CalendarTable load_calendars() {
  market::CalendarTable table;
  for (const std::string name : {"US", "HK", "CN", "CF", "FX"}) {
    auto calendar =
        market::load_calendar(market::config_file(name + ".toml"), market::config_file(name + ".days.csv"));
    QOS_ASSERT(calendar.has_value());
    table.add(std::move(*calendar));
  }
  return table;
}

inline market::InstrumentTable load_instruments(const market::CalendarTable& calendars) {
  auto table = market::InstrumentTable::load(
      "test instruments",
      "code,kind,exchange,currency,name_zh,name_en,lot_size,tick,volume_step,calendar,total_shares,"
      "outstanding_shares,eps,naps,dividend_yield,source\n"
      "US:AAPL,stock,NASD,USD,,,1,0.01,,,,,,,,test\n"
      "HK:700,stock,SEHK,HKD,,,100,0.001,,,,,,,,test\n"
      "SH:600519,stock,SSE,CNY,,,100,0.01,,,,,,,,test\n"
      "CF:BTCUSDT,perpetual,BINANCE,USDT,,,1,0.1,0.001,,,,,,,test\n"
      "FX:USDJPY,currency_pair,FX,JPY,,,1,0.001,,,,,,,,test\n",
      calendars);
  QOS_ASSERT(table.has_value());
  return std::move(*table);
}

struct World {
  market::CalendarTable calendars = load_calendars();
  market::InstrumentTable instruments = load_instruments(calendars);
  Views views;
  test::TempFolder folder;
  std::unique_ptr<store::KlineStore> store = *store::KlineStore::open({.folder = folder.path()});
  std::vector<std::string> reported;
  Klines klines{instruments, calendars, &views, store.get(), {.report = [this](const Error& error) {
                  reported.push_back(error.message);
                }}};

  const market::Instrument& instrument(std::string_view code) const {
    return *instruments.find(market::parse_code(code)->code);
  }
  const market::SessionCalendar& calendar(const market::Instrument& of) const {
    return calendars.at(of.calendar);
  }
  View& view(const market::Instrument& of) { return views.by_id[of.id]; }
  void put(const market::Instrument& of, StoredSeries series, const std::vector<FoldPart>& parts) {
    const auto key = store->key_of(of.code.to_string());
    std::vector<store::StoredKline> stored;
    for (const auto& [date, kline] : parts)
      stored.push_back({.instrument = *key, .series = series, .trading_date = date, .kline = kline});
    ASSERT_TRUE(store->put(stored));
  }
  std::vector<Kline> read(const market::Instrument& of, const KlineQuery& query) const {
    const auto answer = klines.read(of, query);
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *answer : std::vector<Kline>{};
  }
};

inline Kline kline(UnixNanos start, std::int64_t cents, std::int64_t volume = 100,
                   std::uint64_t sequence = 0) {
  const auto price = [](std::int64_t value) { return Price::from_raw(value * 10'000'000); };
  return {.sequence = Sequence{sequence},
          .start = start,
          .open = price(cents),
          .high = price(cents + 3),
          .low = price(cents - 2),
          .close = price(cents + 1),
          .volume = Volume{Quantity::from_units(volume)},
          .turnover = Turnover{price(cents), Quantity::from_units(volume)},
          .trades = static_cast<std::uint32_t>(volume / 10),
          .closed = true};
}

// "start open high low close volume xtrades rRevision", and "open" where it is not closed.
inline std::string text_of(const Kline& kline) {
  return std::to_string(unix_seconds(kline.start)) + " " + kline.open.to_string() + " " +
         kline.high.to_string() + " " + kline.low.to_string() + " " + kline.close.to_string() + " " +
         kline.volume.to_string() + " x" + std::to_string(kline.trades) + " r" +
         std::to_string(kline.revision) + " s" + std::to_string(kline.sequence.value()) +
         (kline.closed ? "" : " open");
}
inline std::vector<std::string> texts_of(const std::vector<Kline>& klines) {
  std::vector<std::string> texts;
  for (const auto& kline : klines) texts.push_back(text_of(kline));
  return texts;
}

}  // namespace qos::history
