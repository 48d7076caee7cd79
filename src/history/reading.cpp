#include "history/reading.hpp"

#include <algorithm>

#include "history/fold_reader.hpp"

namespace qos::history {
namespace {

using market::AdjustmentDirection;
using market::Date;
using market::FoldPart;
using market::KlineType;

// More than any instrument has, and still no number that overflows when it is multiplied.
constexpr std::size_t kMostKlines = std::size_t{1} << 32U;
// A century of days.
constexpr std::size_t kAllDays = 40'000;

// What memory says of folded K-lines: whether one may still change, and how often it was revised. Memory was
// looked at before the parts were, so a K-line that is newer than all in memory is what its last part is.
void take_flags(std::vector<Kline>& klines, const std::vector<Kline>& memory) {
  auto known = memory.begin();
  for (Kline& kline : klines) {
    while (known != memory.end() && known->start < kline.start) ++known;
    if (known == memory.end()) {
      kline.closed = kline.closed || memory.empty();
      continue;
    }
    const bool is_known = known->start == kline.start;
    kline.closed = !is_known || known->closed;
    if (is_known && known->sequence != Sequence{}) kline.revision = known->revision;
  }
}

}  // namespace

Reading::Reading(Sources sources)
    : sources_{std::move(sources)},
      rules_{sources_.calendar, sources_.instrument.closing_print, sources_.anchor} {}

Result<std::vector<Kline>> Reading::klines(KlineQuery query) {
  query.count = std::min(query.count, kMostKlines);
  if (query.session != StoredSeries::regular) query.type = KlineType::m1;
  auto klines = raw(query);
  if (!klines) return klines;
  if (auto adjusted = adjust(*klines, query); !adjusted) return std::unexpected{std::move(adjusted.error())};
  if (query.fill == Fill::flat && query.session == StoredSeries::regular) return filled(*klines, query);
  return klines;
}

PartReader Reading::parts_of(StoredSeries series) const {
  return PartReader{{.calendar = sources_.calendar,
                     .view = sources_.view,
                     .store = sources_.store,
                     .key = sources_.key,
                     .series = series,
                     .now = sources_.now}};
}

std::vector<Kline> Reading::in_memory(const KlineQuery& query) const {
  if (sources_.view == nullptr) return {};
  return query.session == StoredSeries::regular
             ? sources_.view->klines(query.type, query.count, query.until)
             : sources_.view->extended_minutes(query.session, query.count, query.until);
}

// Where memory has all that is asked for, made by events of this run, it is asked alone: these are the
// K-lines that were pushed. Not for weeks, months and years, which in memory begin with what state was told
// of their past; they are adjusted day by day anyway.
Result<std::vector<Kline>> Reading::raw(const KlineQuery& query) {
  const bool is_of_days = query.type > KlineType::day;
  if (is_of_days && (sources_.key || query.adjustment != AdjustmentDirection::none)) return folded(query);
  if (sources_.key && query.until) return folded(query);
  auto klines = in_memory(query);
  const auto is_told = [](const Kline& kline) { return kline.sequence == Sequence{}; };
  if (sources_.key && (klines.size() < query.count || std::ranges::any_of(klines, is_told)))
    return folded(query);
  if (query.from) std::erase_if(klines, [&](const Kline& kline) { return kline.start < *query.from; });
  return klines;
}

Result<std::vector<Kline>> Reading::folded(const KlineQuery& query) {
  const auto memory = in_memory(query);
  const auto parts = parts_of(query.type >= KlineType::day ? StoredSeries::day : query.session);
  ChangeParts change;
  if (query.type > KlineType::day && query.adjustment != AdjustmentDirection::none)
    change = [&](std::vector<FoldPart>& days) { return adjust_days(days, query.adjustment); };
  const FoldQuery wanted{.type = query.type, .count = query.count, .until = query.until, .from = query.from};
  auto klines = read_folded(parts, wanted, rules_, change);
  if (klines && query.type != KlineType::m1 && query.type != KlineType::day) take_flags(*klines, memory);
  return klines;
}

std::span<const market::CorporateAction> Reading::actions() const {
  if (!sources_.actions) return {};
  const auto all = sources_.actions->of(sources_.instrument.code);
  if (!sources_.now) return all;
  const auto today = sources_.calendar.local_date(*sources_.now);
  return {all.begin(), std::ranges::upper_bound(all, today, {}, &market::CorporateAction::ex_date)};
}

// As of the latest day that store or memory knows. All days are read at once, in about the time of one.
Result<market::Adjustment> Reading::adjustment() const {
  const auto ex_dates = actions();
  if (ex_dates.empty()) return market::Adjustment{};
  auto days = parts_of(StoredSeries::day).latest(kAllDays, UnixNanos::max());
  if (!days) return std::unexpected{std::move(days.error())};
  if (days->empty()) {
    days = parts_of(StoredSeries::regular).latest(1, UnixNanos::max());
    if (!days) return std::unexpected{std::move(days.error())};
  }
  if (days->empty()) return market::Adjustment{};
  const auto close_before = [&](Date date) -> std::optional<Price> {
    const auto after = std::ranges::lower_bound(*days, date, {}, &FoldPart::trading_date);
    if (after == days->begin()) return std::nullopt;
    return std::prev(after)->kline.close;
  };
  return market::Adjustment::make(ex_dates, sources_.method, days->back().trading_date, close_before);
}

// Forward nothing changes from the last ex-date on, backward nothing before the first: then the days need not
// be read. A day that lies ahead, or none, is found by adjustment() itself.
Result<const market::Adjustment*> Reading::adjustment_between(Date first, Date last,
                                                              AdjustmentDirection direction) {
  const auto ex_dates = actions();
  if (ex_dates.empty()) return nullptr;
  if (direction == AdjustmentDirection::forward && ex_dates.back().ex_date <= first) return nullptr;
  if (direction == AdjustmentDirection::backward && ex_dates.front().ex_date > last) return nullptr;
  if (!adjustment_) {
    auto made = adjustment();
    if (!made) return std::unexpected{std::move(made.error())};
    adjustment_ = std::move(*made);
  }
  return adjustment_->empty() ? nullptr : &*adjustment_;
}

// Minutes and days, and K-lines folded of minutes: all minutes of one have one trading date, so folding first
// gives the same prices, and its volume is rounded once instead of minute by minute.
Result<void> Reading::adjust(std::vector<Kline>& klines, const KlineQuery& query) {
  if (query.adjustment == AdjustmentDirection::none || query.type > KlineType::day || klines.empty())
    return {};
  const auto& calendar = sources_.calendar;
  const auto date_of = [&](const Kline& kline) {
    const auto local = calendar.local_date(kline.start);
    return query.type == KlineType::day ? local : calendar.trading_date_of(kline.start).value_or(local);
  };
  const auto adjustment =
      adjustment_between(date_of(klines.front()), date_of(klines.back()), query.adjustment);
  if (!adjustment) return std::unexpected{adjustment.error()};
  if (*adjustment == nullptr) return {};
  for (Kline& kline : klines)
    kline = (*adjustment)->apply(kline, date_of(kline), query.adjustment, sources_.instrument);
  return {};
}

Result<void> Reading::adjust_days(std::vector<FoldPart>& days, AdjustmentDirection direction) {
  if (days.empty()) return {};
  const auto adjustment = adjustment_between(days.front().trading_date, days.back().trading_date, direction);
  if (!adjustment) return std::unexpected{adjustment.error()};
  if (*adjustment == nullptr) return {};
  for (auto& [date, kline] : days) kline = (*adjustment)->apply(kline, date, direction, sources_.instrument);
  return {};
}

// Up to the newest K-line there is, or to the moment asked for if that is earlier: what is later than the
// newest one is not known to be quiet.
Result<std::vector<Kline>> Reading::filled(const std::vector<Kline>& klines, const KlineQuery& query) const {
  if (klines.empty()) return klines;
  std::optional<UnixNanos> until;
  if (query.until) {
    const auto newest = parts_of(query.type >= KlineType::day ? StoredSeries::day : StoredSeries::regular)
                            .latest(1, UnixNanos::max());
    if (!newest) return std::unexpected{newest.error()};
    if (!newest->empty() && newest->back().kline.start > *query.until) until = query.until;
  }
  auto out = fill_klines(klines, query.type, rules_, until, query.count);
  // Something newer was traded, so a flat one at the end is over.
  if (!out.empty() && out.back().start > klines.back().start) out.back().closed = true;
  return out;
}

}  // namespace qos::history
