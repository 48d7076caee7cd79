#include "history/klines.hpp"

namespace qos::history {

struct Klines::Impl {
  const state::ViewTable* views;
  std::atomic<std::shared_ptr<const market::CorporateActionTable>> actions;
};

Klines::Klines(const market::InstrumentTable&, const market::CalendarTable&, const state::ViewTable* views,
               const store::KlineStore*, Options)
    : impl_{new Impl{.views = views, .actions = {}}} {}

Klines::~Klines() = default;

Result<std::vector<Kline>> Klines::read(const market::Instrument& instrument, const KlineQuery& query) const {
  const auto* view = impl_->views == nullptr ? nullptr : impl_->views->find(instrument.id);
  if (view == nullptr) return std::vector<Kline>{};
  return query.session == StoredSeries::regular
             ? view->klines(query.type, query.count, query.until)
             : view->extended_minutes(query.session, query.count, query.until);
}

Result<market::Adjustment> Klines::adjustment(const market::Instrument&,
                                              std::optional<market::AdjustmentMethod>) const {
  return market::Adjustment{};
}

void Klines::set_actions(std::shared_ptr<const market::CorporateActionTable> actions) {
  impl_->actions.store(std::move(actions));
}

}  // namespace qos::history
