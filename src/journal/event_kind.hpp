// The kinds of events as a block numbers them: the frequent ones first. Numbers are never used again for
// something else.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "event/event.hpp"

namespace qos::journal {

enum class EventKind : std::uint8_t {
  trade = 0,
  book_delta = 1,
  quote = 2,
  book_clear = 3,
  clock_tick = 4,
  state_digest = 5,
  trading_status = 6,
  reference_price = 7,
  rolling_stats = 8,
  kline_restatement = 9,
  gap = 10,
  trade_bust = 11,
  trade_correction = 12,
  past_kline = 13,
  calendar_change = 14,
  past_reset = 15,
};
inline constexpr std::size_t kEventKinds = 16;
static_assert(std::variant_size_v<EventBody> == kEventKinds, "a new event needs a number in the journal");

inline constexpr std::array<std::string_view, kEventKinds> kEventKindNames{"trade",
                                                                           "book_delta",
                                                                           "quote",
                                                                           "book_clear",
                                                                           "clock_tick",
                                                                           "state_digest",
                                                                           "trading_status",
                                                                           "reference_price",
                                                                           "rolling_stats",
                                                                           "kline_restatement",
                                                                           "gap",
                                                                           "trade_bust",
                                                                           "trade_correction",
                                                                           "past_kline",
                                                                           "calendar_change",
                                                                           "past_reset"};

template <typename Body>
constexpr EventKind event_kind() {
  using enum EventKind;
  if constexpr (std::is_same_v<Body, Trade>)
    return trade;
  else if constexpr (std::is_same_v<Body, BookDelta>)
    return book_delta;
  else if constexpr (std::is_same_v<Body, Quote>)
    return quote;
  else if constexpr (std::is_same_v<Body, BookClear>)
    return book_clear;
  else if constexpr (std::is_same_v<Body, ClockTick>)
    return clock_tick;
  else if constexpr (std::is_same_v<Body, StateDigest>)
    return state_digest;
  else if constexpr (std::is_same_v<Body, TradingStatus>)
    return trading_status;
  else if constexpr (std::is_same_v<Body, ReferencePrice>)
    return reference_price;
  else if constexpr (std::is_same_v<Body, RollingStats>)
    return rolling_stats;
  else if constexpr (std::is_same_v<Body, KlineRestatement>)
    return kline_restatement;
  else if constexpr (std::is_same_v<Body, Gap>)
    return gap;
  else if constexpr (std::is_same_v<Body, TradeBust>)
    return trade_bust;
  else if constexpr (std::is_same_v<Body, TradeCorrection>)
    return trade_correction;
  else if constexpr (std::is_same_v<Body, PastKline>)
    return past_kline;
  else if constexpr (std::is_same_v<Body, CalendarChange>)
    return calendar_change;
  else {
    static_assert(std::is_same_v<Body, PastReset>);
    return past_reset;
  }
}

namespace detail {
template <std::size_t... Index>
constexpr auto kinds_by_index(std::index_sequence<Index...>) {
  return std::array{event_kind<std::variant_alternative_t<Index, EventBody>>()...};
}
inline constexpr auto kKindByIndex = kinds_by_index(std::make_index_sequence<kEventKinds>{});
}  // namespace detail

inline EventKind event_kind(const EventBody& body) {
  return detail::kKindByIndex[body.index()];
}

template <typename Body>
concept HasInstrument = requires(const Body& body) { body.instrument; };

}  // namespace qos::journal
