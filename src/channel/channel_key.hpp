// What one can listen to: a topic of an instrument.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

#include "core/id.hpp"

namespace qos::channel {

enum class Topic : std::uint8_t { snapshot, trade, depth, kline };

// K-lines have a variant for each type, by its index in the market's list; then the same types as those hear
// them who asked for the extensions `turnover` and `closed`; then one for the minutes of extended sessions
// (extension `ses`). Trades have a second one for the extension `ns`; other topics have 0 only.
//
// An instrument's slot is four bytes, so the extensions come in these few sets: a set for every combination
// of their names would double the table with each name.
inline constexpr std::uint8_t kKlineTypes = 11;
inline constexpr std::uint8_t kExtendedKlines = kKlineTypes;
inline constexpr std::uint8_t kSessionMinutes = 2 * kKlineTypes;
inline constexpr std::uint8_t kPreciseTrades = 1;
// Slots an instrument has: snapshot, trade, depth, the variants of K-lines, precise trades.
inline constexpr std::size_t kSlots = 3 + kSessionMinutes + 1 + 1;

struct ChannelKey {
  InstrumentId instrument;
  Topic topic = Topic::snapshot;
  std::uint8_t variant = 0;

  constexpr std::size_t slot() const {
    const bool is_precise_trade = topic == Topic::trade && variant == kPreciseTrades;
    return is_precise_trade ? kSlots - 1 : static_cast<std::size_t>(topic) + variant;
  }
  friend constexpr auto operator<=>(const ChannelKey&, const ChannelKey&) = default;
};

}  // namespace qos::channel

template <>
struct std::hash<qos::channel::ChannelKey> {
  std::size_t operator()(const qos::channel::ChannelKey& key) const noexcept {
    return std::hash<std::uint64_t>{}(std::uint64_t{key.instrument.value()} * qos::channel::kSlots +
                                      key.slot());
  }
};
