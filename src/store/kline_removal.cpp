#include "store/kline_removal.hpp"

#include <array>

namespace qos::store {

Result<std::vector<StoredKline>> removals_of(const KlineStore& store, StoreKey instrument) {
  constexpr std::array kAllSeries{StoredSeries::day, StoredSeries::night, StoredSeries::pre_market,
                                  StoredSeries::regular, StoredSeries::after_hours};
  std::vector<StoredKline> removals;
  for (const auto series : kAllSeries) {
    const auto stored = store.between(instrument, series, UnixNanos::min(), KlineStore::kEver);
    if (!stored) return std::unexpected{stored.error()};
    for (const auto& [date, kline] : *stored)
      removals.push_back({.instrument = instrument,
                          .series = series,
                          .trading_date = date,
                          .kline = kline,
                          .removed = true});
  }
  return removals;
}

}  // namespace qos::store
