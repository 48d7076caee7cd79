#include "archive/default_instrument.hpp"

#include <array>
#include <string_view>

#include "archive/china_class.hpp"

namespace qos::archive {
namespace {

using market::Market;

// What an instrument of a market is, when nothing else is known: columns kind, exchange, currency, tick.
struct MarketFacts {
  std::string_view kind;
  std::string_view exchange;
  std::string_view currency;
  std::string_view tick;
};

// The order of market::Market. Ticks are those of the markets' rules (HKEX and US tables); where the market
// has no rule of its own, the finest that is in use, so that no price is rounded away.
constexpr std::array<MarketFacts, market::kMarkets> kFacts{{
    {"stock", "US", "USD", "US"},
    {"stock", "SEHK", "HKD", "HKEX"},
    {"stock", "SSE", "CNY", "0.01"},
    {"stock", "SZSE", "CNY", "0.01"},
    {"perpetual", "OTC", "USDT", "0.00000001"},
    {"currency_pair", "OTC", "USD", "0.000001"},
    {"index", "INDEX", "USD", "0.01"},
    {"commodity", "OTC", "USD", "0.001"},
}};

constexpr std::string_view kHeader =
    "code,kind,exchange,currency,name_zh,name_en,lot_size,tick,volume_step,calendar,total_shares,"
    "outstanding_shares,eps,naps,dividend_yield,source\n";

std::string_view kind_text(market::InstrumentKind kind) {
  if (kind == market::InstrumentKind::etf) return "etf";
  return kind == market::InstrumentKind::index ? "index" : "stock";
}

Result<std::string> row_of(const market::Code& code) {
  if (code.market == Market::IX)
    return fail(
        "{} is not in the instrument table, and an index' hours do not follow from its code: add it there",
        code.to_string());
  auto facts = kFacts[static_cast<std::size_t>(code.market)];
  if (const auto* known = china_class_of(code)) {
    facts.kind = kind_text(known->kind);
    facts.tick = known->tick;
  }
  return fmt::format("{},{},{},{},,,,{},,,,,,,,\n", code.to_string(), facts.kind, facts.exchange,
                     facts.currency, facts.tick);
}

}  // namespace

Result<market::InstrumentTable> default_instruments(std::span<const market::Code> codes,
                                                    const market::CalendarTable& calendars) {
  std::string csv{kHeader};
  for (const auto& code : codes) {
    const auto row = row_of(code);
    if (!row) return std::unexpected{row.error()};
    csv += *row;
  }
  return market::InstrumentTable::load("instruments by default", csv, calendars);
}

Result<CalendarFinder::Booking> CalendarFinder::booking_of(const market::Code& code) {
  if (const auto found = known_.find(code); found != known_.end()) return found->second;
  const auto book = [&](const market::Instrument& instrument) {
    const Booking booking{.calendar = &calendars_.at(instrument.calendar),
                          .closing = instrument.closing_print};
    known_.emplace(code, booking);
    return booking;
  };
  if (const auto* instrument = instruments_.find(code)) return book(*instrument);
  const auto table = default_instruments({&code, 1}, calendars_);
  if (!table) return std::unexpected{table.error()};
  ++not_in_table_;
  return book(table->at(InstrumentId{0}));
}

}  // namespace qos::archive
