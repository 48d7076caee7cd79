#include "kline_store/synthetic.hpp"

#include <algorithm>
#include <cmath>

namespace qos::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kTick = 10'000'000;  // 0.01
constexpr std::int64_t kLot = 100;

// Uniform in [0, 1), the same with every standard library.
double uniform(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) / 9007199254740992.0;
}
double normal(std::mt19937_64& random) {
  return std::sqrt(-2 * std::log(1 - uniform(random))) * std::cos(6.283185307179586 * uniform(random));
}

}  // namespace

Market::Market(std::uint32_t instruments, std::uint64_t seed)
    : date_{std::chrono::year{2024} / std::chrono::January / 1} {
  std::mt19937_64 random{seed};
  for (std::uint32_t n = 0; n < instruments; ++n)
    walkers_.push_back({.price = static_cast<std::int64_t>(std::exp(5.5 + 1.2 * normal(random))) + 50,
                        .restless = std::exp(0.2 + 0.6 * normal(random)),
                        .liquid = std::exp(2.5 + 1.3 * normal(random)),
                        .random = std::mt19937_64{random()}});
}

Kline Market::minute(Walker& walker, UnixNanos start) {
  auto& random = walker.random;
  const auto step = [&] { return std::int64_t{std::llround(normal(random) * walker.restless)}; };
  const auto open = std::max<std::int64_t>(10, walker.price + std::llround(normal(random) * 0.5));
  const auto close = std::max<std::int64_t>(10, open + step());
  const auto high = std::max(open, close) + std::abs(step()) / 2;
  const auto low = std::max<std::int64_t>(5, std::min(open, close) - std::abs(step()) / 2);
  walker.price = close;
  const auto lots = 1 + static_cast<std::int64_t>(walker.liquid * std::exp(0.9 * normal(random)));
  // Lots of the minute at prices between low and high, the last at the close.
  const auto average =
      static_cast<double>(low + high) / 2 + normal(random) * static_cast<double>(high - low) / 8;
  const auto paid =
      std::clamp<std::int64_t>(std::llround(average * static_cast<double>(lots)), low * lots, high * lots);
  const auto price = [](std::int64_t ticks) { return Price::from_raw(ticks * kTick); };
  return {.start = start,
          .open = price(open),
          .high = price(high),
          .low = price(low),
          .close = price(close),
          .volume = Volume{Quantity::from_units(lots * kLot)},
          .turnover = Turnover{Price::from_raw(kTick), Quantity::from_units(paid * kLot)},
          .trades = static_cast<std::uint32_t>(1 + lots / 3),
          .closed = true};
}

Market::Day Market::next_day() {
  do date_ += 1 * std::chrono::days{1};
  while (std::chrono::weekday{date_} == std::chrono::Saturday ||
         std::chrono::weekday{date_} == std::chrono::Sunday);
  Day day{.date = date_, .minutes = {}, .days = {}};
  day.minutes.reserve(walkers_.size() * kMinutesADay);
  for (std::uint32_t n = 0; n < walkers_.size(); ++n) {
    Kline whole;
    for (int m = 0; m < kMinutesADay; ++m) {
      const auto kline = minute(walkers_[n], UnixNanos{date_} + 14h + 30min + m * 1min);
      if (m == 0) {
        whole = kline;
        whole.start = UnixNanos{date_} + 5h;
      } else {
        whole.high = std::max(whole.high, kline.high);
        whole.low = std::min(whole.low, kline.low);
        whole.close = kline.close;
        whole.volume += kline.volume;
        whole.turnover += kline.turnover;
        whole.trades += kline.trades;
      }
      day.minutes.push_back({.instrument = store::StoreKey{n}, .trading_date = date_, .kline = kline});
    }
    day.days.push_back({.instrument = store::StoreKey{n},
                        .series = StoredSeries::day,
                        .trading_date = date_,
                        .kline = whole});
  }
  return day;
}

std::vector<store::StoredKline> Market::next_minute() {
  const auto date = date_ + std::chrono::days{3 + burst_ / kMinutesADay};
  const auto start = UnixNanos{date} + 14h + 30min + burst_++ % kMinutesADay * 1min;
  std::vector<store::StoredKline> klines;
  for (std::uint32_t n = 0; n < walkers_.size(); ++n)
    klines.push_back(
        {.instrument = store::StoreKey{n}, .trading_date = date, .kline = minute(walkers_[n], start)});
  return klines;
}

}  // namespace qos::bench
