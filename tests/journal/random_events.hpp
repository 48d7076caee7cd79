// Events of all kinds with any values, for tests of the journal's bytes.
#pragma once

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "core/bytes.hpp"
#include "event/event.hpp"

namespace qos::journal {

// Extremes, small and large numbers, decimals, whatever: each value takes one of a few shapes.
class RandomEvents {
 public:
  explicit RandomEvents(std::uint64_t seed) : random_{seed} {}

  std::vector<SequencedEvent> events(std::size_t count, Sequence first) {
    kinds_ = pick(3) == 0 ? 1 : pick(16) + 1;
    instruments_ = static_cast<std::uint32_t>(pick(3) == 0 ? 1 : pick(400) + 1);
    std::vector<SequencedEvent> events;
    for (std::size_t n = 0; n < count; ++n)
      events.push_back({Sequence{first.value() + n},
                        {.feed = FeedId{static_cast<std::uint16_t>(pick(50) == 0 ? any() : pick(3))},
                         .ts_recv = time(),
                         .body = body()}});
    return events;
  }

  std::uint64_t pick(std::uint64_t below) { return random_() % below; }

 private:
  std::int64_t any() {
    switch (pick(8)) {
      case 0:
        return 0;
      case 1:
        return static_cast<std::int64_t>(pick(3)) - 1;
      case 2:
        return std::numeric_limits<std::int64_t>::min() + static_cast<std::int64_t>(pick(2));
      case 3:
        return std::numeric_limits<std::int64_t>::max() - static_cast<std::int64_t>(pick(2));
      case 4:
        return static_cast<std::int64_t>(random_());
      case 5:
        return static_cast<std::int64_t>(random_() >> pick(64));
      case 6:
        return (static_cast<std::int64_t>(pick(200'000)) - 100'000) * 10'000'000;
      default:
        return 1'000'000'000 * static_cast<std::int64_t>(pick(1000));
    }
  }
  Int128 wide() {
    const auto high = static_cast<UInt128>(any());
    return static_cast<Int128>(pick(2) == 0 ? high : (high << 64) + static_cast<UInt128>(any()));
  }
  UnixNanos time() {
    return from_unix_nanos(pick(4) == 0 ? any() : 1'723'000'000'000'000'000 + any() % 1'000'000'000);
  }
  Price price() { return Price::from_raw(any()); }
  Quantity size() { return Quantity::from_raw(any()); }
  Volume volume() { return Volume::from_raw(wide()); }
  Turnover turnover() { return Turnover::from_raw(wide()); }
  std::uint64_t id() { return static_cast<std::uint64_t>(any()); }
  InstrumentId instrument() {
    return InstrumentId{
        static_cast<std::uint32_t>(pick(100) == 0 ? any() : static_cast<std::int64_t>(pick(instruments_)))};
  }
  CalendarId calendar() { return CalendarId{static_cast<std::uint16_t>(any())}; }
  std::uint32_t count() { return static_cast<std::uint32_t>(any()); }
  template <typename Enum>
  Enum one_of(Enum last) {
    return static_cast<Enum>(pick(static_cast<std::uint64_t>(last) + 1));
  }

  EventBody body() {
    switch (pick(kinds_)) {
      case 0:
        return BookDelta{instrument(), one_of(Side::ask), one_of(DeltaPart::last), price(), size(), id(),
                         time()};
      case 1:
        return Trade{
            instrument(),           price(), size(), id(), time(), one_of(TradeCondition::after_close_fixed),
            one_of(Aggressor::sell)};
      case 2:
        return Quote{instrument(), price(), size(), price(), size(), id(), time()};
      case 3:
        return BookClear{instrument(), time()};
      case 4:
        return ClockTick{calendar(), time()};
      case 5:
        return StateDigest{id(), time()};
      case 6:
        return TradingStatus{instrument(), one_of(TradingState::halted), time()};
      case 7:
        return ReferencePrice{instrument(), price(), time()};
      case 8:
        return RollingStats{instrument(), price(), price(), price(), volume(), turnover(), time()};
      case 9:
        return KlineRestatement{instrument(), time(),   price(),    price(), price(),
                                price(),      volume(), turnover(), count(), time()};
      case 10:
        return Gap{instrument(), id(), id(), time()};
      case 11:
        return TradeBust{instrument(), id(), time()};
      case 12:
        return TradeCorrection{instrument(), id(), price(), size(), one_of(TradeCondition::after_close_fixed),
                               time()};
      case 13:
        return PastKline{instrument(),
                         one_of(StoredSeries::after_hours),
                         static_cast<std::int32_t>(any()),
                         time(),
                         price(),
                         price(),
                         price(),
                         price(),
                         volume(),
                         turnover(),
                         count(),
                         count(),
                         time()};
      case 14:
        return PastReset{instrument(), time()};
      default:
        return CalendarChange{calendar(),
                              one_of(CalendarChange::Kind::full),
                              static_cast<std::int32_t>(any()),
                              static_cast<std::int16_t>(any()),
                              static_cast<std::int16_t>(any()),
                              time()};
    }
  }

  std::mt19937_64 random_;
  std::uint64_t kinds_ = 16;
  std::uint32_t instruments_ = 1;
};

}  // namespace qos::journal
