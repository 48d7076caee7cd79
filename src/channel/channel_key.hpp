// What one can listen to: a topic of an instrument.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

#include "core/id.hpp"

namespace qos::channel {

enum class Topic : std::uint8_t { snapshot, trade, depth, kline };

// Which K-line type, by its index in the market's list; 0 for other topics.
inline constexpr std::size_t kMaxVariants = 11;
// Slots an instrument has: snapshot, trade, depth and one for each K-line type.
inline constexpr std::size_t kSlots = 3 + kMaxVariants;

struct ChannelKey {
  InstrumentId instrument;
  Topic topic = Topic::snapshot;
  std::uint8_t variant = 0;

  constexpr std::size_t slot() const { return static_cast<std::size_t>(topic) + variant; }
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
