#include "history/klines.hpp"

#include <atomic>

#include "history/reading.hpp"

namespace qos::history {

struct Klines::Impl {
  Impl(const market::InstrumentTable& instruments, const market::CalendarTable& calendar_table,
       const state::ViewTable* view_table, const store::KlineStore* kline_store, Options given)
      : calendars{calendar_table},
        views{view_table},
        store{kline_store},
        options{std::move(given)},
        keys(instruments.size()) {}

  // nullopt: the store has nothing of it yet; an import may bring it any time.
  std::optional<store::StoreKey> key_of(const market::Instrument& instrument) const {
    if (store == nullptr) return std::nullopt;
    auto& known = keys[instrument.id.value()];
    if (const auto value = known.load(std::memory_order_relaxed); value != 0)
      return store::StoreKey{static_cast<store::StoreKey::rep>(value - 1)};
    const auto key = store->find(instrument.code.to_string());
    if (key) known.store(std::uint64_t{key->value()} + 1, std::memory_order_relaxed);
    return key;
  }

  Reading reading(const market::Instrument& instrument,
                  std::optional<market::AdjustmentMethod> method) const {
    return Reading{{.instrument = instrument,
                    .calendar = calendars.at(instrument.calendar),
                    .view = views == nullptr ? nullptr : views->find(instrument.id),
                    .store = store,
                    .key = key_of(instrument),
                    .actions = actions.load(),
                    .method = method.value_or(options.method),
                    .anchor = options.anchor,
                    .now = options.now ? std::optional{options.now()} : std::nullopt}};
  }

  // Counts and tells what went wrong, and hands the answer on.
  template <typename T>
  Result<T> looked_at(Result<T> answer) {
    counters.reads.add();
    if (answer) return answer;
    counters.failed_reads.add();
    if (options.report) options.report(answer.error());
    return answer;
  }

  const market::CalendarTable& calendars;
  const state::ViewTable* views;
  const store::KlineStore* store;
  const Options options;
  std::atomic<std::shared_ptr<const market::CorporateActionTable>> actions;
  mutable std::vector<std::atomic<std::uint64_t>> keys;  // the store's key of each instrument plus one; or 0
  Counters counters;
};

Klines::Klines(const market::InstrumentTable& instruments, const market::CalendarTable& calendars,
               const state::ViewTable* views, const store::KlineStore* store, Options options)
    : impl_{std::make_unique<Impl>(instruments, calendars, views, store, std::move(options))} {}

Klines::~Klines() = default;

Result<std::vector<Kline>> Klines::read(const market::Instrument& instrument, const KlineQuery& query) const {
  return impl_->looked_at(impl_->reading(instrument, query.method).klines(query));
}

Result<market::Adjustment> Klines::adjustment(const market::Instrument& instrument,
                                              std::optional<market::AdjustmentMethod> method) const {
  return impl_->looked_at(impl_->reading(instrument, method).adjustment());
}

market::AdjustmentMethod Klines::method() const {
  return impl_->options.method;
}

const Klines::Counters& Klines::counters() const {
  return impl_->counters;
}

void Klines::set_actions(std::shared_ptr<const market::CorporateActionTable> actions) {
  impl_->actions.store(std::move(actions));
}

std::shared_ptr<const market::CorporateActionTable> Klines::actions() const {
  return impl_->actions.load();
}

}  // namespace qos::history
