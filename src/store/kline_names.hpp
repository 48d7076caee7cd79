// The codes of instruments and their keys, in memory. Keys are dense from 0.
//
// Threads: any.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "store/kline_store.hpp"
#include "store/kline_tables.hpp"

namespace qos::store {

class KlineNames {
 public:
  std::optional<StoreKey> find(std::string_view code) const {
    const std::shared_lock lock{mutex_};
    const auto found = keys_.find(code);
    if (found == keys_.end()) return std::nullopt;
    return found->second;
  }
  std::size_t size() const {
    const std::shared_lock lock{mutex_};
    return codes_.size();
  }
  // Keys come one after another; one that is known is left out.
  void add(StoreKey key, std::string_view code) {
    const std::unique_lock lock{mutex_};
    if (key.value() != codes_.size()) return;
    codes_.emplace_back(code);
    keys_.emplace(code, key);
  }
  // What other processes have added to the tables.
  Result<void> learn(KlineTables& tables) {
    const auto news = tables.instruments_from(size());
    if (!news) return std::unexpected{news.error()};
    for (const auto& [key, code] : *news) add(key, code);
    return {};
  }
  std::vector<KlineStore::Named> all() const {
    const std::shared_lock lock{mutex_};
    std::vector<KlineStore::Named> named;
    for (std::uint32_t key = 0; key < codes_.size(); ++key) named.push_back({StoreKey{key}, codes_[key]});
    return named;
  }

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, StoreKey, std::less<>> keys_;
  std::vector<std::string> codes_;
};

}  // namespace qos::store
