// What one instrument looks like now. Plain values that views copy; optional means "there was none".
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/id.hpp"
#include "core/price.hpp"
#include "core/time.hpp"
#include "event/event.hpp"
#include "event/kline.hpp"

namespace qos::state {

// The wire's tt.
enum class UsSession : std::uint8_t { unknown = 0, night = 1, pre_market = 2, regular = 3, after_hours = 4 };

// pq, aq, nq: one extended session of a US stock.
struct SessionPart {
  Price last;
  Price high;
  Price low;
  std::optional<Price> previous_close;  // the close it is quoted against
  Volume volume;
  Turnover turnover;
  UnixNanos ts;

  friend bool operator==(const SessionPart&, const SessionPart&) = default;
};

struct Snapshot {
  Sequence sequence;          // of the last event that changed anything here
  std::optional<Price> last;  // of the latest eligible trade in any session; nullopt: nothing traded yet
  UnixNanos ts;               // its time
  // Of the regular session of the current trading day: of the one before it until the clock or a trade opens
  // it, nullopt and zero from then until its first trade.
  std::optional<Price> open;
  std::optional<Price> high;
  std::optional<Price> low;
  std::optional<Price> previous_close;
  Volume volume;
  Turnover turnover;
  bool suspended = false;
  UsSession session = UsSession::unknown;  // of `last`
  std::optional<SessionPart> pre_market;
  std::optional<SessionPart> after_hours;
  std::optional<SessionPart> night;

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

inline constexpr std::size_t kMaxDepthLevels = 20;

struct DepthLevel {
  Price price;
  Quantity size;

  friend bool operator==(const DepthLevel&, const DepthLevel&) = default;
};

struct Depth {
  Sequence sequence;
  UnixNanos ts;
  std::uint32_t bid_count = 0;
  std::uint32_t ask_count = 0;
  std::array<DepthLevel, kMaxDepthLevels> bids{};  // best first
  std::array<DepthLevel, kMaxDepthLevels> asks{};  // best first

  friend bool operator==(const Depth&, const Depth&) = default;
};

// Whenever and by what event they came.
inline bool same_levels(const Depth& a, const Depth& b) {
  return a.bid_count == b.bid_count && a.ask_count == b.ask_count && a.bids == b.bids && a.asks == b.asks;
}

struct TapeTrade {
  Sequence sequence;
  std::uint64_t number = 0;  // the instrument's first trade on the tape is 1
  Price price;
  Quantity size;
  UnixNanos ts;
  Aggressor aggressor = Aggressor::unknown;

  friend bool operator==(const TapeTrade&, const TapeTrade&) = default;
};

using qos::Kline;

}  // namespace qos::state
