#include "archive/tdx_check.hpp"

#include <algorithm>
#include <vector>

#include "market/calendar_rules.hpp"
#include "market/kline_fold.hpp"

namespace qos::archive {
namespace {

std::string text_of(const Kline& kline) {
  return fmt::format("o {} h {} l {} c {} v {}", kline.open.to_string(), kline.high.to_string(),
                     kline.low.to_string(), kline.close.to_string(), kline.volume.to_string());
}

// `what`: a callable that names the K-line, asked only where they differ.
template <typename What>
void compare(const Kline& fold, const Kline& told, Agreement& agreement, What what) {
  if (fold.open == told.open && fold.high == told.high && fold.low == told.low && fold.close == told.close &&
      fold.volume == told.volume) {
    ++agreement.equal;
    return;
  }
  if (agreement.different++ == 0)
    agreement.first_different =
        fmt::format("{}: minutes make {}, the file has {}", what(), text_of(fold), text_of(told));
}

std::vector<market::FoldPart> parts_of(std::span<const store::DatedKline> minutes) {
  std::vector<market::FoldPart> parts;
  parts.reserve(minutes.size());
  for (const auto& minute : minutes)
    parts.push_back({.trading_date = minute.trading_date, .kline = minute.kline});
  return parts;
}

}  // namespace

void check_days(std::string_view code, std::span<const store::DatedKline> minutes,
                std::span<const store::DatedKline> days, Agreement& agreement) {
  for (auto at = minutes.begin(); at != minutes.end();) {
    const auto date = at->trading_date;
    Kline fold = at->kline;
    for (++at; at != minutes.end() && at->trading_date == date; ++at) market::continue_kline(fold, at->kline);
    const auto day = std::ranges::lower_bound(days, date, {}, &store::DatedKline::trading_date);
    if (day != days.end() && day->trading_date == date)
      compare(fold, day->kline, agreement,
              [&] { return fmt::format("{} {}", code, market::to_string(date)); });
  }
}

void check_five_minutes(std::string_view code, std::span<const store::DatedKline> minutes,
                        std::span<const store::DatedKline> five_minutes,
                        const market::SessionCalendar& calendar, Agreement& agreement) {
  const auto folds = market::fold_klines(parts_of(minutes), market::KlineType::m5, {.calendar = calendar});
  for (const auto& told : five_minutes) {
    const auto fold = std::ranges::lower_bound(folds, told.kline.start, {}, &Kline::start);
    if (fold == folds.end() || fold->start != told.kline.start) continue;
    compare(*fold, told.kline, agreement, [&] {
      return fmt::format("{} {} at {}", code, market::to_string(told.trading_date),
                         unix_seconds(told.kline.start));
    });
  }
}

}  // namespace qos::archive
