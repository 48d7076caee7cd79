// K-lines of any type, adjusted, filled, as long as there are any: the store's past joined with what state
// holds in memory. The one way by which /kline, /history, their WebSocket commands and `qos export` read.
//
// Minutes: the store's, then those in memory (which win where both have one). 5 to 240 minutes are the fold
// of the joined minutes; days the store's and memory's; week, month and year the fold of joined days.
//
// Threads: any thread may call read() and adjustment() at any time; set_actions() and actions() too.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/counter.hpp"
#include "core/result.hpp"
#include "event/kline.hpp"
#include "market/adjustment.hpp"
#include "market/instrument.hpp"
#include "market/kline_fold.hpp"
#include "state/view.hpp"
#include "store/kline_store.hpp"

namespace qos::history {

enum class Fill : std::uint8_t { none, flat };

struct KlineQuery {
  market::KlineType type = market::KlineType::m1;
  // regular; another session: its minutes (type m1 only).
  StoredSeries session = StoredSeries::regular;
  std::size_t count = 1;             // the latest so many …
  std::optional<UnixNanos> until{};  // … whose start is <= until; nullopt: now
  std::optional<UnixNanos> from{};   // none that starts before
  market::AdjustmentDirection adjustment = market::AdjustmentDirection::none;
  std::optional<market::AdjustmentMethod> method{};  // nullopt: the configured one
  Fill fill = Fill::none;
};

class Klines {
 public:
  struct Options {
    market::AdjustmentMethod method = market::AdjustmentMethod::ratio;
    market::Anchor anchor = market::Anchor::session;
    // Called for each read that failed, by the thread that reads: an operator must be told, clients only
    // learn that there is no past.
    std::function<void(const Error&)> report{};
    // The moment as of which questions are answered, where the store and the actions know what came after it:
    // K-lines that were not over by then are not read from the store, actions of later ex-dates are not
    // there. Any thread. Empty: nothing is known too early.
    std::function<UnixNanos()> now{};
  };
  // `views` and `store` may be null: then there is nothing in memory, or no past. All must outlive this.
  Klines(const market::InstrumentTable& instruments, const market::CalendarTable& calendars,
         const state::ViewTable* views, const store::KlineStore* store, Options options);
  ~Klines();

  // Oldest first; empty: there are none. An error is the disk's.
  Result<std::vector<Kline>> read(const market::Instrument& instrument, const KlineQuery& query) const;
  // The instrument's corporate actions with their factors as of its latest day.
  Result<market::Adjustment> adjustment(const market::Instrument& instrument,
                                        std::optional<market::AdjustmentMethod> method = {}) const;

  market::AdjustmentMethod method() const;  // the configured one

  struct Counters {
    Counter reads;
    Counter failed_reads;
  };
  const Counters& counters() const;

  // Takes effect with the next read.
  void set_actions(std::shared_ptr<const market::CorporateActionTable> actions);
  std::shared_ptr<const market::CorporateActionTable> actions() const;  // nullptr: none were set

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace qos::history
