// K-lines to put into a store, and a model of the store to compare it with.
#pragma once

#include <fmt/format.h>

#include <map>
#include <set>

#include "store/kline_store.hpp"
#include "support/temp_folder.hpp"

namespace qos::store {

using namespace std::chrono_literals;
using test::TempFolder;

inline constexpr Date kMonday{std::chrono::year{2026}, std::chrono::January, std::chrono::day{5}};

inline Date plus(Date date, int days) {
  return std::chrono::sys_days{date} + std::chrono::days{days};
}
inline UnixNanos at(Date date, std::chrono::minutes minutes) {
  return std::chrono::sys_days{date} + minutes;
}

inline std::unique_ptr<KlineStore> open(const TempFolder& folder, std::size_t recent_max = 400'000) {
  auto store = KlineStore::open({.folder = folder.path(), .recent_max = recent_max});
  QOS_ASSERT(store.has_value());
  return std::move(*store);
}

inline Kline kline(UnixNanos start, std::int64_t cents, std::int64_t volume = 100,
                   std::uint32_t revision = 0) {
  const auto price = [](std::int64_t value) { return Price::from_raw(value * 10'000'000); };
  return {.start = start,
          .open = price(cents),
          .high = price(cents + 3),
          .low = price(cents - 2),
          .close = price(cents + 1),
          .volume = Volume{Quantity::from_units(volume)},
          .turnover = Turnover{price(cents), Quantity::from_units(volume)},
          .trades = static_cast<std::uint32_t>(volume / 10),
          .revision = revision,
          .closed = true};
}

inline StoredKline minute(StoreKey key, Date date, std::chrono::minutes minutes, std::int64_t cents,
                          std::int64_t volume = 100) {
  return {.instrument = key, .trading_date = date, .kline = kline(at(date, minutes), cents, volume)};
}
inline StoredKline day(StoreKey key, Date date, std::int64_t cents, std::int64_t volume = 100) {
  return {.instrument = key,
          .series = StoredSeries::day,
          .trading_date = date,
          .kline = kline(at(date, -8h), cents, volume)};
}
inline StoredKline removed(StoredKline kline) {
  return {.instrument = kline.instrument,
          .series = kline.series,
          .trading_date = {},
          .kline = {.start = kline.kline.start},
          .removed = true};
}
inline DatedKline dated(const StoredKline& kline) {
  return {kline.trading_date, kline.kline};
}

// The same by the plainest means.
class Model {
 public:
  void put(const StoredKline& line) {
    auto& series = series_[{line.instrument, line.series}];
    if (line.removed)
      series.erase(line.kline.start);
    else
      series[line.kline.start] = dated(line);
  }
  MergeReport merge(const StoredKline& line, OnDifferent how) {
    auto& series = series_[{line.instrument, line.series}];
    const auto found = series.find(line.kline.start);
    if (found == series.end()) {
      series[line.kline.start] = dated(line);
      return {.added = 1};
    }
    auto same = line.kline;
    same.revision = found->second.kline.revision;
    if (found->second == DatedKline{line.trading_date, same}) return {.equal = 1};
    if (how == OnDifferent::replace) {
      ++same.revision;
      found->second = {line.trading_date, same};
    }
    return {.different = 1};
  }
  std::vector<DatedKline> latest(StoreKey key, StoredSeries series, std::size_t count,
                                 UnixNanos until) const {
    auto all = between(key, series, UnixNanos::min(), UnixNanos::max());
    std::erase_if(all, [&](const DatedKline& k) { return k.kline.start > until; });
    if (all.size() > count) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(count));
    return all;
  }
  std::vector<DatedKline> between(StoreKey key, StoredSeries series, UnixNanos from, UnixNanos to) const {
    std::vector<DatedKline> found;
    const auto it = series_.find({key, series});
    if (it == series_.end()) return found;
    for (const auto& [start, line] : it->second)
      if (start >= from && start < to) found.push_back(line);
    return found;
  }
  std::vector<std::pair<StoreKey, Kline>> days_of(Date date) const {
    std::vector<std::pair<StoreKey, Kline>> found;
    for (const auto& [key, lines] : series_)
      if (key.second == StoredSeries::day)
        for (const auto& [start, line] : lines)
          if (line.trading_date == date) found.emplace_back(key.first, line.kline);
    return found;
  }
  std::vector<Date> dates_of(StoreKey key, StoredSeries series, Date from, Date to) const {
    std::set<Date> found;
    for (const auto& line : between(key, series, UnixNanos::min(), UnixNanos::max()))
      if (line.trading_date >= from && line.trading_date <= to) found.insert(line.trading_date);
    return {found.begin(), found.end()};
  }

 private:
  std::map<std::pair<StoreKey, StoredSeries>, std::map<UnixNanos, DatedKline>> series_;
};

inline std::vector<std::pair<StoreKey, Kline>> pairs(const std::vector<KlineStore::OfInstrument>& days) {
  std::vector<std::pair<StoreKey, Kline>> found;
  for (const auto& day : days) found.emplace_back(day.instrument, day.kline);
  return found;
}

}  // namespace qos::store
