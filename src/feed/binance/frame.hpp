// What one message of Binance USD-M futures says, with the venue's field names beside ours. Values in exact
// units, checked; nothing here knows the instrument table or a book.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "event/event.hpp"

namespace qos::feed::binance {

struct Level {
  Price price;    // above 0
  Quantity size;  // 0 in a diff removes the level

  friend bool operator==(const Level&, const Level&) = default;
};

// Which updates of the symbol a diff carries.
struct UpdateIds {
  std::uint64_t first = 0;     // U
  std::uint64_t last = 0;      // u, not below U
  std::uint64_t previous = 0;  // pu: the u of the diff before

  friend bool operator==(const UpdateIds&, const UpdateIds&) = default;
};

// depthUpdate of a diff stream. The spans, like every text of a frame, live until the parser's next call.
struct DepthDiff {
  std::string_view symbol;
  UpdateIds ids;
  UnixNanos ts_event;
  std::span<const Level> bids;  // in the venue's order, no price twice
  std::span<const Level> asks;
};

// The REST answer of /fapi/v1/depth.
struct DepthSnapshot {
  std::string_view symbol;  // empty: USD-M does not say it, the request did
  std::uint64_t last_id = 0;
  UnixNanos ts_event;
  std::span<const Level> bids;  // falling prices, sizes above 0
  std::span<const Level> asks;  // rising, all above the bids
};

// trade and aggTrade.
enum class TradeKind : std::uint8_t { single, aggregate };
struct TradePrint {
  std::string_view symbol;
  TradeKind kind = TradeKind::single;
  std::uint64_t first_id = 0;  // trade: t; aggTrade: f
  std::uint64_t last_id = 0;   // trade: t; aggTrade: l
  Trade trade;                 // its instrument is not known here
};

struct BookTicker {
  std::string_view symbol;
  Quote quote;  // its instrument is not known here
};

// 24hrTicker.
struct RollingTicker {
  std::string_view symbol;
  RollingStats stats;  // its instrument is not known here
};

// A valid message that makes no event: another kind, a partial book, a trade outside the market.
struct Unused {};

using Frame = std::variant<Unused, DepthDiff, DepthSnapshot, TradePrint, BookTicker, RollingTicker>;

// The frame's own time; the epoch for Unused, which makes no event.
inline UnixNanos event_time_of(const Frame& frame) {
  return std::visit(Overloaded{[](const Unused&) { return UnixNanos{}; },
                               [](const DepthDiff& diff) { return diff.ts_event; },
                               [](const DepthSnapshot& snapshot) { return snapshot.ts_event; },
                               [](const TradePrint& print) { return print.trade.ts_event; },
                               [](const BookTicker& ticker) { return ticker.quote.ts_event; },
                               [](const RollingTicker& ticker) { return ticker.stats.ts_event; }},
                    frame);
}

}  // namespace qos::feed::binance
