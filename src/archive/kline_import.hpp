// K-lines into the store as one, with a report of what was there already. Nothing is stored before commit().
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"
#include "market/code.hpp"
#include "store/kline_store.hpp"

namespace qos::archive {

inline constexpr std::size_t kSeries = 5;  // of StoredSeries
// Different K-lines that the report shows.
inline constexpr std::size_t kShownDifferences = 5;

struct Difference {
  std::string code;
  store::Date trading_date;
  StoredSeries series = StoredSeries::day;
  Kline stored;
  Kline given;
};

struct ImportReport {
  std::array<store::MergeReport, kSeries> merged;  // by StoredSeries
  std::vector<Difference> differences;             // the first ones
  std::size_t codes = 0;
};

// One thread. Must not outlive the store.
class KlineImport {
 public:
  // `made_up`: codes whose stored K-lines the simulated market made; all of those go before the first real
  // one comes.
  static Result<KlineImport> begin(store::KlineStore& store, store::OnDifferent on_different,
                                   std::set<std::string> made_up = {});

  // K-lines of one code and series, oldest first.
  Result<void> add(const market::Code& code, StoredSeries series, std::span<const store::DatedKline> klines);
  // After it nothing may be added.
  Result<void> commit() { return batch_->commit(); }
  const ImportReport& report() const { return report_; }
  // Codes that were made up and are real after commit().
  const std::vector<std::string>& replaced() const { return replaced_; }

 private:
  KlineImport(store::KlineStore& store, store::OnDifferent on_different,
              std::unique_ptr<store::KlineStore::Batch> batch);
  Result<void> note_differences(const std::string& code, StoredSeries series,
                                std::span<const store::DatedKline> klines);

  store::KlineStore* store_;
  store::OnDifferent on_different_;
  std::unique_ptr<store::KlineStore::Batch> batch_;
  Result<void> remove_made_up(store::StoreKey key);

  std::unordered_map<std::string, store::StoreKey> keys_;
  std::set<std::string> made_up_;
  std::vector<std::string> replaced_;
  std::vector<store::StoredKline> rows_;
  ImportReport report_;
};

}  // namespace qos::archive
