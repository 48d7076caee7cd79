#include "state/plausible.hpp"

namespace qos::state {
namespace {

// Calendars and K-lines of years are safe to reckon with in between.
constexpr UnixNanos kFirst = from_unix_seconds(0);
constexpr UnixNanos kLast = from_unix_seconds(7'258'118'400);  // 2200-01-01

// 100 bits: 12 trillion units of currency in one trade, 12,000 trillion units of volume in one minute, and
// room for a hundred million such in one sum.
constexpr Int128 kLargest = Int128{1} << 100;

bool fits(Volume volume, Turnover turnover) {
  return volume.raw() >= 0 && volume.raw() < kLargest && turnover.raw() > -kLargest &&
         turnover.raw() < kLargest;
}

bool check(const Trade& trade) {
  return trade.size >= Quantity{} && fits(Volume{trade.size}, Turnover{trade.price, trade.size}) &&
         static_cast<int>(trade.condition) < kTradeConditions;
}

bool check(const KlineRestatement& restatement) {
  if (restatement.start < kFirst || restatement.start >= kLast) return false;
  if (restatement.trades == 0) return true;
  return fits(restatement.volume, restatement.turnover) && restatement.low <= restatement.open &&
         restatement.low <= restatement.close && restatement.open <= restatement.high &&
         restatement.close <= restatement.high;
}

bool check(const TradeCorrection& correction) {
  return check(Trade{.instrument = {},
                     .price = correction.price,
                     .size = correction.size,
                     .ts_event = correction.ts_event,
                     .condition = correction.condition});
}

bool check(const PastKline& past) {
  if (past.start < kFirst || past.start >= kLast || static_cast<int>(past.series) > 4) return false;
  // A trading day may begin on the evening before its date, anywhere on earth.
  const UnixNanos date{std::chrono::days{past.trading_date}};
  if (past.start < date - std::chrono::days{2} || past.start > date + std::chrono::days{2}) return false;
  return fits(past.volume, past.turnover) && past.low <= past.open && past.low <= past.close &&
         past.open <= past.high && past.close <= past.high;
}

bool check(const RollingStats& stats) {
  return fits(stats.volume, stats.turnover) && stats.low <= stats.high;
}

bool check(const auto&) {
  return true;
}

}  // namespace

bool is_plausible(const EventBody& body) {
  return std::visit(
      [](const auto& event) { return kFirst <= event.ts_event && event.ts_event < kLast && check(event); },
      body);
}

}  // namespace qos::state
