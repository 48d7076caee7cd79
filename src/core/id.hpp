// Numbers that name things and do not convert into one another.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace qos {

template <typename Tag, typename Rep>
class Id {
 public:
  using rep = Rep;

  constexpr Id() = default;
  constexpr explicit Id(Rep value) : value_{value} {}
  constexpr Rep value() const { return value_; }

  friend constexpr auto operator<=>(const Id&, const Id&) = default;

 private:
  Rep value_{};
};

// Row of the instrument table, dense from 0; never reused while a server runs.
using InstrumentId = Id<struct InstrumentTag, std::uint32_t>;
// Row of the session calendar table (one per venue or group of venues that keep the same hours), dense from
// 0.
using CalendarId = Id<struct CalendarTag, std::uint16_t>;
// The feed an event came from, in the order of the configuration, from 0.
using FeedId = Id<struct FeedTag, std::uint16_t>;
// The place of an event in the one order of all events: dense, the first is 1. 0 means "before everything".
using Sequence = Id<struct SequenceTag, std::uint64_t>;
// A key's row in the key store.
using KeyId = Id<struct KeyTag, std::int64_t>;

}  // namespace qos

template <typename Tag, typename Rep>
struct std::hash<qos::Id<Tag, Rep>> {
  std::size_t operator()(const qos::Id<Tag, Rep>& id) const noexcept { return std::hash<Rep>{}(id.value()); }
};
