// One question about one instrument, answered from what a server had when it was asked.
//
// Thread: the caller's.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "history/klines.hpp"
#include "history/part_reader.hpp"

namespace qos::history {

class Reading {
 public:
  struct Sources {
    const market::Instrument& instrument;
    const market::SessionCalendar& calendar;
    const state::InstrumentView* view = nullptr;
    const store::KlineStore* store = nullptr;
    std::optional<store::StoreKey> key{};
    std::shared_ptr<const market::CorporateActionTable> actions{};
    market::AdjustmentMethod method = market::AdjustmentMethod::ratio;
    market::Anchor anchor = market::Anchor::session;
    std::optional<UnixNanos> now{};  // nothing later is known; nullopt: there is nothing later
  };
  explicit Reading(Sources sources);

  Result<std::vector<Kline>> klines(KlineQuery query);
  Result<market::Adjustment> adjustment() const;

 private:
  PartReader parts_of(StoredSeries series) const;
  std::vector<Kline> in_memory(const KlineQuery& query) const;
  Result<std::vector<Kline>> raw(const KlineQuery& query);
  Result<std::vector<Kline>> folded(const KlineQuery& query);

  std::span<const market::CorporateAction> actions() const;
  // nullptr: there is nothing to adjust between these trading dates.
  Result<const market::Adjustment*> adjustment_between(market::Date first, market::Date last,
                                                       market::AdjustmentDirection direction);
  Result<void> adjust(std::vector<Kline>& klines, const KlineQuery& query);
  Result<void> adjust_days(std::vector<market::FoldPart>& days, market::AdjustmentDirection direction);

  Result<std::vector<Kline>> filled(const std::vector<Kline>& klines, const KlineQuery& query) const;

  Sources sources_;
  market::FoldRules rules_;
  std::optional<market::Adjustment> adjustment_;  // made when it is first needed
};

}  // namespace qos::history
