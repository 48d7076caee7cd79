// What is traded: the instrument table. Facts come from CSV (data/instruments.csv;
// docs/formats/instruments.md).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/id.hpp"
#include "core/result.hpp"
#include "market/code.hpp"
#include "market/kline_clock.hpp"
#include "market/session_calendar.hpp"
#include "market/tick_rule.hpp"

namespace qos::market {

enum class InstrumentKind : std::uint8_t { stock, etf, index, perpetual, currency_pair, commodity };

struct Instrument {
  InstrumentId id;
  Code code;
  InstrumentKind kind = InstrumentKind::stock;
  std::string exchange;  // as /instrument-info spells it: NASD, NYSE, SEHK, SSE, SZSE, …
  std::string currency;
  std::string name_zh;  // empty: unknown
  std::string name_en;
  std::int64_t lot_size = 1;
  TickRule tick;
  int volume_decimals = 0;  // of the quantity step as written: "0.001" -> 3
  CalendarId calendar;
  ClosingPrint closing_print = ClosingPrint::last_bar;
  std::optional<std::int64_t> total_shares;
  std::optional<std::int64_t> outstanding_shares;
  std::string earnings_per_share;  // plain decimals, empty: unknown
  std::string net_assets_per_share;
  std::string dividend_yield;  // percent
};

// Built once, then read by any thread. Ids are dense and follow the order of the rows.
class InstrumentTable {
 public:
  // A header line names the columns; an unknown or missing one, a duplicate code or a bad value is an error
  // with file, line and column. `name` is for these messages.
  static Result<InstrumentTable> load(std::string_view name, std::string_view csv,
                                      const CalendarTable& calendars);

  const Instrument* find(const Code& code) const;  // nullptr: unknown
  const Instrument& at(InstrumentId id) const { return instruments_[id.value()]; }
  std::size_t size() const { return instruments_.size(); }
  std::span<const InstrumentId> of_market(Market market) const;  // in the order of the rows
  // Where the closing prints of a market go; before anything reads the table.
  void set_closing_print(Market market, ClosingPrint closing);
  void set_calendar(InstrumentId id, CalendarId calendar) { instruments_[id.value()].calendar = calendar; }

 private:
  std::deque<Instrument> instruments_;
  std::unordered_map<Code, InstrumentId> by_code_;
  std::array<std::vector<InstrumentId>, kMarkets> by_market_;
};

}  // namespace qos::market
