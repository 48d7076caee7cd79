// One K-line, as state makes it, the store keeps it and clients read it. Exact; plain values.
#pragma once

#include <cstdint>

#include "core/id.hpp"
#include "core/price.hpp"
#include "core/time.hpp"

namespace qos {

struct Kline {
  Sequence sequence;  // of the last event that changed it; 0: told by the store
  UnixNanos start;
  Price open;
  Price high;
  Price low;
  Price close;
  Volume volume;
  Turnover turnover;
  std::uint32_t trades = 0;    // 0 as well where the source does not say (imports)
  std::uint32_t revision = 0;  // raised by each change after it was closed
  bool closed = false;

  friend bool operator==(const Kline&, const Kline&) = default;
};

// A stored series of an instrument: its days, or the minutes of one session. The numbers of sessions are the
// wire's tt. All other types are derived from these.
enum class StoredSeries : std::uint8_t { day = 0, night = 1, pre_market = 2, regular = 3, after_hours = 4 };

}  // namespace qos
