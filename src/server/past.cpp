#include "server/past.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "event/kline_values.hpp"
#include "market/kline_date.hpp"
#include "market/kline_fold.hpp"
#include "store/kline_removal.hpp"

namespace qos::server {
namespace {

using namespace std::chrono;
using store::Date;
using store::DatedKline;
using store::KlineStore;

constexpr std::array kSessions{StoredSeries::night, StoredSeries::pre_market, StoredSeries::regular,
                               StoredSeries::after_hours};

// Rows of many dates in one call cost the store less than a call for each.
constexpr std::size_t kMergedAtOnce = 16'384;

// A server that was down for longer lacks more than day K-lines.
constexpr days kCompletedDays{45};

PastKline past_of(InstrumentId instrument, StoredSeries series, const DatedKline& stored) {
  const Kline& kline = stored.kline;
  return {.instrument = instrument,
          .series = series,
          .trading_date = static_cast<std::int32_t>(sys_days{stored.trading_date}.time_since_epoch().count()),
          .start = kline.start,
          .open = kline.open,
          .high = kline.high,
          .low = kline.low,
          .close = kline.close,
          .volume = kline.volume,
          .turnover = kline.turnover,
          .trades = kline.trades,
          .revision = kline.revision,
          .ts_event = kline.start};
}

// The newest K-line of a series; nullopt: there is none.
Result<std::optional<DatedKline>> newest(const KlineStore& store, store::StoreKey key, StoredSeries series) {
  auto found = store.latest(key, series, 1);
  if (!found) return std::unexpected{found.error()};
  if (found->empty()) return std::nullopt;
  return found->front();
}

}  // namespace

StoredPast::StoredPast(const market::InstrumentTable& instruments, std::unique_ptr<KlineStore::Batch> batch)
    : instruments_{instruments}, batch_{std::move(batch)}, keys_(instruments.size()) {}

Result<std::unique_ptr<StoredPast>> StoredPast::begin(const market::InstrumentTable& instruments,
                                                      KlineStore& store) {
  auto batch = store.begin_batch();
  if (!batch) return std::unexpected{batch.error()};
  return std::unique_ptr<StoredPast>{new StoredPast{instruments, std::move(*batch)}};
}

Result<void> StoredPast::klines(InstrumentId instrument, StoredSeries series, std::int32_t trading_date,
                                std::span<const Kline> klines) {
  if (left_out_ && left_out_(instrument)) return {};
  auto& key = keys_[instrument.value()];
  if (!key) {
    auto made = batch_->key_of(instruments_.at(instrument).code.to_string());
    if (!made) return std::unexpected{made.error()};
    key = *made;
  }
  const Date date{sys_days{days{trading_date}}};
  for (const Kline& kline : klines) rows_.push_back({*key, series, date, kline});
  return rows_.size() < kMergedAtOnce ? Result<void>{} : merge();
}

// What a server has stored from trades stays, whatever a feed tells of the same time later.
Result<void> StoredPast::merge() {
  auto merged = batch_->merge(rows_, store::OnDifferent::keep);
  if (!merged) return std::unexpected{merged.error()};
  stored_ += merged->added;
  rows_.clear();
  return {};
}

Result<void> StoredPast::action(InstrumentId instrument, const market::CorporateAction& action) {
  if (left_out_ && left_out_(instrument)) return {};
  actions_.push_back({instruments_.at(instrument).code, action});
  return {};
}

Result<void> StoredPast::commit() {
  if (auto merged = merge(); !merged) return merged;
  return batch_->commit();
}

Result<std::optional<feed::KnownPast>> known_past(const KlineStore& store,
                                                  const market::Instrument& instrument) {
  const auto key = store.find(instrument.code.to_string());
  if (!key) return std::nullopt;
  const auto read_minute = newest(store, *key, StoredSeries::regular);
  if (!read_minute) return std::unexpected{read_minute.error()};
  const auto read_days = store.latest(*key, StoredSeries::day, 2);
  if (!read_days) return std::unexpected{read_days.error()};
  const auto& minute = *read_minute;
  const auto& latest_days = *read_days;
  const bool by_minute =
      minute && (latest_days.empty() || minute->trading_date >= latest_days.back().trading_date);
  if (!by_minute && latest_days.empty()) return std::nullopt;
  const DatedKline& last = by_minute ? *minute : latest_days.back();
  feed::KnownPast known{.last_minute = last.kline.start,
                        .last_close = last.kline.close,
                        .series = by_minute ? StoredSeries::regular : StoredSeries::day};
  for (const auto& day : latest_days)
    if (day.trading_date < last.trading_date) known.previous_close = day.kline.close;
  return known;
}

std::optional<feed::KnownPast> known_past(const state::InstrumentView& lived,
                                          const std::optional<feed::KnownPast>& stored) {
  const auto minutes = lived.klines(market::KlineType::m1, 1);
  if (minutes.empty() || (stored && stored->last_minute >= minutes.back().start)) return stored;
  return feed::KnownPast{.last_minute = minutes.back().start,
                         .last_close = minutes.back().close,
                         .previous_close = lived.snapshot().previous_close,
                         .series = StoredSeries::regular,
                         .lived_until = minutes.back().closed ? std::nullopt
                                                              : std::optional{std::max(minutes.back().start,
                                                                                       lived.snapshot().ts)}};
}

Result<std::size_t> forget_simulated_past(KlineStore& store, store::ReferenceRows& rows,
                                          const std::vector<std::string>& codes) {
  const auto marked = rows.simulated();
  if (!marked) return std::unexpected{marked.error()};
  std::vector<std::string> gone;
  for (const auto& code : codes)
    if (std::ranges::binary_search(*marked, code, {}, &store::SimulatedPast::code)) gone.push_back(code);
  for (const auto& code : gone) {
    const auto key = store.find(code);
    if (!key) continue;
    const auto removals = store::removals_of(store, *key);
    if (!removals) return std::unexpected{removals.error()};
    if (auto removed = store.put(*removals); !removed) return std::unexpected{removed.error()};
  }
  if (auto forgotten = rows.forget_simulated(gone); !forgotten) return std::unexpected{forgotten.error()};
  return gone.size();
}

Result<std::size_t> PastReader::complete_days(InstrumentId instrument) const {
  const auto& facts = instruments.at(instrument);
  const auto key = store.find(facts.code.to_string());
  if (!key) return 0;
  const auto last = newest(store, *key, StoredSeries::regular);
  if (!last) return std::unexpected{last.error()};
  if (!*last) return 0;
  // The latest date may go on: state makes its day out of the minutes that it is told.
  const Date until{sys_days{(*last)->trading_date} - days{1}};
  const Date from{sys_days{until} - kCompletedDays};
  const auto traded = store.dates_of(*key, StoredSeries::regular, from, until);
  if (!traded) return std::unexpected{traded.error()};
  const auto known = store.dates_of(*key, StoredSeries::day, from, until);
  if (!known) return std::unexpected{known.error()};

  std::vector<store::StoredKline> missing;
  for (const Date date : *traded) {
    if (std::ranges::binary_search(*known, date)) continue;
    auto day = fold_of_day(instrument, *key, date);
    if (!day) return std::unexpected{day.error()};
    if (!*day) continue;
    (*day)->revision = 0;
    missing.push_back({*key, StoredSeries::day, date, **day});
  }
  if (missing.empty()) return 0;
  if (auto put = store.put(missing); !put) return std::unexpected{put.error()};
  return missing.size();
}

Result<std::optional<Kline>> PastReader::fold_of_day(InstrumentId instrument, store::StoreKey key,
                                                     Date date) const {
  const auto& facts = instruments.at(instrument);
  const auto& calendar = calendars.at(facts.calendar);
  // A trading date's minutes lie within a day and a half around its date.
  const auto midnight = calendar.local_midnight(date);
  auto minutes = store.between(key, StoredSeries::regular, midnight - days{1}, midnight + days{2});
  if (!minutes) return std::unexpected{minutes.error()};
  std::vector<market::FoldPart> parts;
  for (auto& minute : *minutes)
    if (minute.trading_date == date) parts.push_back({date, minute.kline});
  const auto folded = market::fold_klines(parts, market::KlineType::day, {calendar, facts.closing_print});
  if (folded.empty()) return std::nullopt;
  return folded.front();
}

// Minutes of a date whose days have gone on since are the past's: their day says all that state needs. So
// does a day that is not the fold of its minutes: its source knew better.
Result<std::optional<PastReader::End>> PastReader::end_of(InstrumentId instrument) const {
  const auto found = store.find(instruments.at(instrument).code.to_string());
  if (!found) return std::nullopt;
  const auto key = *found;
  const auto last_day = newest(store, key, StoredSeries::day);
  if (!last_day) return std::unexpected{last_day.error()};
  const auto last_minute = newest(store, key, StoredSeries::regular);
  if (!last_minute) return std::unexpected{last_minute.error()};
  bool has_minutes =
      *last_minute && (!*last_day || (*last_minute)->trading_date >= (*last_day)->trading_date);
  if (has_minutes && *last_day && (*last_day)->trading_date == (*last_minute)->trading_date) {
    const auto fold = fold_of_day(instrument, key, (*last_day)->trading_date);
    if (!fold) return std::unexpected{fold.error()};
    has_minutes = *fold && same_values(**fold, (*last_day)->kline);
  }
  if (!has_minutes && !*last_day) return std::nullopt;
  return End{key, has_minutes ? (*last_minute)->trading_date : (*last_day)->trading_date, has_minutes};
}

Result<void> PastReader::tell_days(InstrumentId instrument, UnixNanos from, const End& end,
                                   const std::function<void(const PastKline&)>& sink) const {
  auto known = store.between(end.key, StoredSeries::day, from, KlineStore::kEver);
  if (!known) return std::unexpected{known.error()};
  for (const auto& day : *known)
    if (!end.has_minutes || day.trading_date < end.date) sink(past_of(instrument, StoredSeries::day, day));
  return {};
}

Result<void> PastReader::tell(InstrumentId instrument,
                              const std::function<void(const PastKline&)>& sink) const {
  const auto end = end_of(instrument);
  if (!end) return std::unexpected{end.error()};
  if (!*end) return {};
  const sys_days new_year{(*end)->date.year() / January / 1};
  const sys_days monday = new_year - (weekday{new_year} - Monday);
  const auto first = calendars.at(instruments.at(instrument).calendar).local_midnight(Date{monday});
  if (auto told = tell_days(instrument, first, **end, sink); !told) return told;
  if (!(*end)->has_minutes) return {};
  return tell_minutes(instrument, (*end)->key, (*end)->date, KlineStore::kEver, sink);
}

Result<void> PastReader::tell_since(InstrumentId instrument, const state::InstrumentView& lived,
                                    const std::function<void(const PastKline&)>& sink) const {
  const auto end = end_of(instrument);
  if (!end) return std::unexpected{end.error()};
  if (!*end) return {};

  std::map<StoredSeries, UnixNanos> newest_told;
  for (const auto session : kSessions) {
    const auto newest = session == StoredSeries::regular ? lived.klines(market::KlineType::m1, 1)
                                                         : lived.extended_minutes(session, 1);
    newest_told[session] = newest.empty() ? UnixNanos::min() : newest.back().start;
  }
  const auto only_new = [&](const PastKline& past) {
    if (past.series != StoredSeries::day) {
      UnixNanos& newest = newest_told[past.series];
      if (past.start <= newest) return;
      newest = past.start;
    }
    sink(past);
  };
  const auto& calendar = calendars.at(instruments.at(instrument).calendar);
  const Date date = market::trading_date_of_kline(calendar, newest_told[StoredSeries::regular]);
  const auto next_midnight = calendar.local_midnight(Date{sys_days{date} + days{1}});
  const bool same_date = (*end)->date <= date;
  if (auto told = tell_minutes(instrument, (*end)->key, date, same_date ? KlineStore::kEver : next_midnight,
                               only_new);
      !told || same_date)
    return told;
  if (auto told = tell_days(instrument, next_midnight, **end, only_new); !told) return told;
  if (!(*end)->has_minutes) return {};
  return tell_minutes(instrument, (*end)->key, (*end)->date, KlineStore::kEver, only_new);
}

Result<bool> PastReader::differs(InstrumentId instrument, const state::InstrumentView& lived,
                                 bool stored) const {
  const auto key = store.find(instruments.at(instrument).code.to_string());
  const auto of_series = [&](StoredSeries series, const std::vector<Kline>& klines) -> Result<bool> {
    if (klines.empty()) return false;
    std::vector<DatedKline> known;
    if (key) {
      auto read = store.between(*key, series, klines.front().start, klines.back().start + nanoseconds{1});
      if (!read) return std::unexpected{read.error()};
      known = std::move(*read);
    }
    const auto start_of = [](const DatedKline& dated) { return dated.kline.start; };
    return std::ranges::any_of(klines, [&](const Kline& kline) {
      const bool told = kline.sequence == Sequence{};
      if (!kline.closed || (!told && !stored)) return false;
      const auto found = std::ranges::lower_bound(known, kline.start, {}, start_of);
      if (found == known.end() || found->kline.start != kline.start) return told;
      return !same_values(found->kline, kline);
    });
  };
  constexpr auto kAll = std::numeric_limits<std::size_t>::max();
  const auto days_differ = of_series(StoredSeries::day, lived.klines(market::KlineType::day, kAll));
  if (!days_differ || *days_differ) return days_differ;
  return of_series(StoredSeries::regular, lived.klines(market::KlineType::m1, kAll));
}

Result<void> PastReader::tell_minutes(InstrumentId instrument, store::StoreKey key, Date date,
                                      UnixNanos until,
                                      const std::function<void(const PastKline&)>& sink) const {
  const auto& calendar = calendars.at(instruments.at(instrument).calendar);
  const auto midnight = calendar.local_midnight(date);
  std::vector<PastKline> minutes;
  for (const StoredSeries session : kSessions) {
    // The trading date before may be four days back, over a week end and a holiday; the night of the one
    // after may have been traded.
    const bool regular = session == StoredSeries::regular;
    auto known =
        store.between(key, session, midnight - days{regular ? 1 : 5}, regular ? midnight + days{2} : until);
    if (!known) return std::unexpected{known.error()};
    for (const auto& minute : *known)
      if (minute.trading_date == date || !regular) minutes.push_back(past_of(instrument, session, minute));
  }
  std::ranges::stable_sort(minutes, {}, &PastKline::start);
  for (const auto& minute : minutes) sink(minute);
  return {};
}

}  // namespace qos::server
