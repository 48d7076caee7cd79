// Trades of the past to minutes and days, by the state machine itself: the same rules as for trades that come
// live.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>

#include "core/result.hpp"
#include "market/instrument.hpp"
#include "state/machine.hpp"
#include "store/kline_store.hpp"

namespace qos::server {

// One thread. Keeps every K-line it made in memory.
class TradeFold : private state::ChangeSink {
 public:
  // About 1 GB.
  static constexpr std::uint64_t kMaxKlines = 5'000'000;

  // Both tables must outlive this; nobody else changes the calendars meanwhile.
  TradeFold(const market::InstrumentTable& instruments, market::CalendarTable& calendars);

  // Trades of one instrument in time order. An error: state refuses it, or there are too many K-lines.
  Result<void> apply(InstrumentId instrument, Trade trade);

  using Series = std::map<UnixNanos, store::DatedKline>;  // by start
  // By StoredSeries; empty ones have no K-lines.
  const std::array<Series, 5>& of(InstrumentId instrument) const;
  std::uint64_t outside_sessions() const { return machine_.counters().outside_sessions.value(); }

 private:
  void on(const state::Change& change) override;

  const market::InstrumentTable& instruments_;
  const market::CalendarTable& calendars_;
  state::Machine machine_;
  Sequence sequence_;
  std::uint64_t klines_ = 0;
  std::unordered_map<InstrumentId, std::array<Series, 5>> made_;
};

}  // namespace qos::server
