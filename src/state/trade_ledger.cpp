#include "state/trade_ledger.hpp"

#include "state/plausible.hpp"
#include "state/trade_order.hpp"

namespace qos::state {
namespace {

constexpr std::size_t kEligibilities = 3;
constexpr std::size_t kSessions = 5;
constexpr std::size_t kLeastBytes = 9;  // of a trade in a checkpoint
constexpr std::int32_t kWaiting = LedgerTrade::kWaiting;
// No minute is later (checkpoint.hpp).
constexpr auto kLastMinute =
    std::chrono::floor<std::chrono::minutes>(checkpoint::kLatest).time_since_epoch().count();

// Joins one trade, which comes after those joined before, as a K-line of its minute does.
void join(TradeSum& sum, const LedgerTrade& trade) {
  Kline& kline = sum.kline;
  kline.volume += Volume{trade.size};
  kline.turnover += Turnover{trade.price, trade.size};
  ++kline.trades;
  if (trade.eligibility != Eligibility::full) return;
  const UnixNanos order = order_of(trade.condition, trade.ts, trade.place().minute);
  if (sum.flat()) {
    kline.open = kline.high = kline.low = kline.close = trade.price;
    sum.first = sum.last = order;
    return;
  }
  kline.high = std::max(kline.high, trade.price);
  kline.low = std::min(kline.low, trade.price);
  if (order < sum.first) {
    sum.first = order;
    kline.open = trade.price;
  }
  if (order >= sum.last) {
    sum.last = order;
    kline.close = trade.price;
  }
}

}  // namespace

LedgerPlace LedgerTrade::place() const {
  if (minute == kNowhere) return {};
  if (minute == kWaiting) return LedgerPlace::waiting();
  return LedgerPlace::in(UnixNanos{std::chrono::minutes{minute}});
}

void LedgerTrade::set_place(const LedgerPlace& place) {
  switch (place.kind) {
    case LedgerPlace::Kind::nowhere:
      minute = kNowhere;
      break;
    case LedgerPlace::Kind::waiting:
      minute = kWaiting;
      break;
    case LedgerPlace::Kind::minute:
      minute = static_cast<std::int32_t>(
          std::chrono::floor<std::chrono::minutes>(place.minute).time_since_epoch().count());
      break;
  }
}

template <typename Visit>
void TradeLedger::each(Visit&& visit) const {
  for (std::size_t n = 0; n < trades_.size(); ++n) {
    const LedgerTrade& trade = trades_[(oldest_ + n) % trades_.size()];
    if (!trade.gone) visit(trade);
  }
}

void TradeLedger::add(const LedgerTrade& trade) {
  if (trades_.size() < kept_) {
    trades_.push_back(trade);
    return;
  }
  trades_[oldest_] = trade;
  oldest_ = (oldest_ + 1) % kept_;
}

LedgerTrade* TradeLedger::find(std::uint64_t trade_id) {
  for (std::size_t n = trades_.size(); n > 0; --n) {
    LedgerTrade& trade = trades_[(oldest_ + n - 1) % trades_.size()];
    if (trade.trade_id == trade_id) return trade.gone ? nullptr : &trade;
  }
  return nullptr;
}

TradeSum TradeLedger::sum_of(StoredSeries session, const LedgerPlace& place) const {
  TradeSum sum;
  each([&](const LedgerTrade& trade) {
    if (trade.session == session && trade.place() == place) join(sum, trade);
  });
  return sum;
}

void TradeLedger::move(StoredSeries session, const LedgerPlace& from, const LedgerPlace& to) {
  for (LedgerTrade& trade : trades_)
    if (!trade.gone && trade.session == session && trade.place() == from) trade.set_place(to);
}

std::optional<TradeLedger::Latest> TradeLedger::latest(StoredSeries session) const {
  std::optional<Latest> latest;
  each([&](const LedgerTrade& trade) {
    if (trade.session != session || trade.eligibility != Eligibility::full ||
        trade.place().kind != LedgerPlace::Kind::minute)
      return;
    const UnixNanos order = order_of(trade.condition, trade.ts, trade.place().minute);
    if (!latest || order >= latest->order) latest = {order, trade.ts};
  });
  return latest;
}

void TradeLedger::save(Saving& out) const {
  out.number(trades_.size());
  LedgerTrade base;
  for (std::size_t n = 0; n < trades_.size(); ++n) {
    const LedgerTrade& trade = trades_[(oldest_ + n) % trades_.size()];
    out.difference(static_cast<std::int64_t>(trade.trade_id), static_cast<std::int64_t>(base.trade_id));
    out.price(trade.price, base.price);
    out.size(trade.size);
    out.time(trade.ts, base.ts);
    out.difference(trade.minute, base.minute);
    out.choice(trade.condition, kTradeConditions);
    out.choice(trade.eligibility, kEligibilities);
    out.choice(trade.session, kSessions);
    out.flag(trade.gone);
    base = trade;
  }
}

void TradeLedger::restore(Restoring& in) {
  const std::size_t count = in.count(kLeastBytes);
  LedgerTrade trade;
  for (std::size_t n = 0; n < count && in.ok(); ++n) {
    auto trade_id = static_cast<std::int64_t>(trade.trade_id);
    std::int64_t minute = 0;
    in.difference(trade_id, trade_id);
    trade.trade_id = static_cast<std::uint64_t>(trade_id);
    in.price(trade.price, trade.price);
    in.size(trade.size);
    in.time(trade.ts, trade.ts);
    in.difference(minute, trade.minute);
    in.require(kWaiting <= minute && minute < kLastMinute);
    trade.minute = in.ok() ? static_cast<std::int32_t>(minute) : LedgerTrade::kNowhere;
    in.choice(trade.condition, kTradeConditions);
    in.choice(trade.eligibility, kEligibilities);
    in.choice(trade.session, kSessions);
    in.flag(trade.gone);
    // It was one that state took.
    in.require(is_plausible(Trade{.instrument = {},
                                  .price = trade.price,
                                  .size = trade.size,
                                  .ts_event = trade.ts,
                                  .condition = trade.condition}));
    if (in.ok()) add(trade);
  }
}

}  // namespace qos::state
