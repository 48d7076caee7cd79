#include "archive/kline_import.hpp"

#include <algorithm>
#include <utility>

#include "event/kline_values.hpp"
#include "store/kline_removal.hpp"

namespace qos::archive {
KlineImport::KlineImport(store::KlineStore& store, store::OnDifferent on_different,
                         std::unique_ptr<store::KlineStore::Batch> batch)
    : store_{&store}, on_different_{on_different}, batch_{std::move(batch)} {}

Result<KlineImport> KlineImport::begin(store::KlineStore& store, store::OnDifferent on_different,
                                       std::set<std::string> made_up) {
  auto batch = store.begin_batch();
  if (!batch) return std::unexpected{batch.error()};
  KlineImport import{store, on_different, std::move(*batch)};
  import.made_up_ = std::move(made_up);
  return import;
}

Result<void> KlineImport::remove_made_up(store::StoreKey key) {
  const auto removals = store::removals_of(*store_, key);
  if (!removals) return std::unexpected{removals.error()};
  if (auto removed = batch_->merge(*removals, store::OnDifferent::replace); !removed)
    return std::unexpected{removed.error()};
  return {};
}

Result<void> KlineImport::add(const market::Code& code, StoredSeries series,
                              std::span<const store::DatedKline> klines) {
  if (klines.empty()) return {};
  const auto text = code.to_string();
  auto known = keys_.find(text);
  if (known == keys_.end()) {
    const auto key = batch_->key_of(text);
    if (!key) return std::unexpected{key.error()};
    known = keys_.emplace(text, *key).first;
    report_.codes = keys_.size();
    if (made_up_.contains(text)) {
      if (auto removed = remove_made_up(*key); !removed) return removed;
      replaced_.push_back(text);
    }
  }
  rows_.clear();
  rows_.reserve(klines.size());
  for (const auto& kline : klines)
    rows_.push_back({.instrument = known->second,
                     .series = series,
                     .trading_date = kline.trading_date,
                     .kline = kline.kline});
  const auto merged = batch_->merge(rows_, on_different_);
  if (!merged) return std::unexpected{merged.error()};
  auto& sum = report_.merged[static_cast<std::size_t>(series)];
  sum.added += merged->added;
  sum.equal += merged->equal;
  sum.different += merged->different;
  // What was made up is nothing to compare with.
  if (merged->different > 0 && !made_up_.contains(text)) return note_differences(text, series, klines);
  return {};
}

// Readers see the store as it was before this import.
Result<void> KlineImport::note_differences(const std::string& code, StoredSeries series,
                                           std::span<const store::DatedKline> klines) {
  const auto key = store_->find(code);
  if (!key || report_.differences.size() == kShownDifferences) return {};
  const auto stored = store_->between(*key, series, klines.front().kline.start,
                                      klines.back().kline.start + std::chrono::nanoseconds{1});
  if (!stored) return std::unexpected{stored.error()};
  for (const auto& given : klines) {
    const auto was = std::ranges::lower_bound(*stored, given.kline.start, {},
                                              [](const auto& kline) { return kline.kline.start; });
    if (was == stored->end() || was->kline.start != given.kline.start || same_values(was->kline, given.kline))
      continue;
    report_.differences.push_back({.code = code,
                                   .trading_date = given.trading_date,
                                   .series = series,
                                   .stored = was->kline,
                                   .given = given.kline});
    if (report_.differences.size() == kShownDifferences) break;
  }
  return {};
}

}  // namespace qos::archive
