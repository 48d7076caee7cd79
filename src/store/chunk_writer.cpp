#include "store/chunk_writer.hpp"

#include <algorithm>
#include <set>

#include "store/kline_rows.hpp"

namespace qos::store {
namespace {

// So many bytes of chunks are gathered before they are written.
constexpr std::size_t kGatherBytes = 64 << 20;

// So many days of dates are gathered before they are written, that an import of one instrument after another
// does not rewrite every date for each of them: 64 MB.
constexpr std::size_t kGatherMost = 500'000;

bool same_values(const Kline& stored, const Kline& given) {
  // A source that does not say how many trades there were does not contradict one that does.
  const bool trades = given.trades == 0 || stored.trades == given.trades;
  return trades && stored.open == given.open && stored.high == given.high && stored.low == given.low &&
         stored.close == given.close && stored.volume == given.volume && stored.turnover == given.turnover;
}

Kline as_stored(Kline kline) {
  kline.sequence = {};
  kline.closed = true;
  return kline;
}

auto start_of = [](const StoredKline& kline) { return kline.kline.start; };

}  // namespace

ChunkWriter::Merged ChunkWriter::merge_lines(const std::vector<Line>& stored,
                                             std::span<const StoredKline> given, Merge how) {
  Merged merged;
  merged.lines.reserve(stored.size() + given.size());
  std::set<DayNumber> changed;
  auto old = stored.begin();
  for (auto next = given.begin(); next != given.end();) {
    const auto start = next->kline.start;
    for (; old != stored.end() && old->kline.start < start; ++old) merged.lines.push_back(*old);
    std::optional<Line> line;
    if (old != stored.end() && old->kline.start == start) line = *old++;
    for (; next != given.end() && next->kline.start == start; ++next) {
      const Line other{next->removed ? DayNumber{} : day_number(next->trading_date), as_stored(next->kline)};
      if (next->removed ? !line.has_value()
                        : line && line->day == other.day && same_values(line->kline, other.kline)) {
        ++merged.report.equal;
        if (how != Merge::put || next->removed || line->kline == other.kline) continue;
        changed.insert(line->day);
        line->kline = other.kline;
        continue;
      }
      ++(line ? merged.report.different : merged.report.added);
      if (line && how == Merge::keep) continue;
      if (line) changed.insert(line->day);
      if (next->removed) {
        line.reset();
        continue;
      }
      const auto revision = line && how == Merge::replace ? line->kline.revision + 1 : other.kline.revision;
      line = other;
      line->kline.revision = revision;
      changed.insert(line->day);
    }
    if (line) merged.lines.push_back(*line);
  }
  merged.lines.insert(merged.lines.end(), old, stored.end());
  merged.changed.assign(changed.begin(), changed.end());
  return merged;
}

Result<MergeReport> ChunkWriter::merge(std::span<const StoredKline> klines, Merge how) {
  const auto key_of = [](const StoredKline& kline) { return SeriesKey{kline.instrument, kline.series}; };
  const auto order = [&](const StoredKline& a, const StoredKline& b) {
    return std::pair{key_of(a), a.kline.start} < std::pair{key_of(b), b.kline.start};
  };
  std::vector<StoredKline> copy;
  if (!std::ranges::is_sorted(klines, order)) {
    copy.assign(klines.begin(), klines.end());
    std::ranges::stable_sort(copy, order);
    klines = copy;
  }
  MergeReport sum;
  while (!klines.empty()) {
    const auto series = key_of(klines.front());
    const auto end = std::ranges::find_if(klines, [&](const StoredKline& k) { return key_of(k) != series; });
    const auto given = klines.first(static_cast<std::size_t>(end - klines.begin()));
    klines = klines.subspan(given.size());
    const auto report = series.series == StoredSeries::day ? merge_days(series.instrument, given, how)
                                                           : merge_minutes(series, given, how);
    if (!report) return report;
    sum.added += report->added;
    sum.equal += report->equal;
    sum.different += report->different;
  }
  if (gathered_ >= kGatherMost)
    if (auto done = write_gathered_days(); !done) return std::unexpected{done.error()};
  return sum;
}

// --- minutes ---

// Whether the chunk of `day` may hold one of the starts.
Result<bool> ChunkWriter::holds_any(SeriesKey series, DayNumber day, std::span<const StoredKline> given) {
  const auto id = KlineTables::minutes_id(series, day);
  const auto chunk = minutes_chunk(id);
  if (!chunk) return std::unexpected{chunk.error()};
  if (!*chunk) return false;
  const auto head = read_chunk_head(**chunk, static_cast<std::uint64_t>(id));
  if (!head) return std::unexpected{head.error()};
  const auto first = std::ranges::lower_bound(given, head->first, {}, start_of);
  return first != given.end() && first->kline.start <= head->last;
}

// The dates given, and those under which a K-line with such a start lies now: for a removed one wherever it
// is; a K-line whose trading date has changed (a typhoon closed its day) can have been under a neighbour.
Result<std::vector<DayNumber>> ChunkWriter::dates_touched(SeriesKey series,
                                                          std::span<const StoredKline> given) {
  std::set<DayNumber> touched;
  std::set<DayNumber> looked_at;
  const auto look = [&](DayNumber day) -> Result<void> {
    if (touched.contains(day) || !looked_at.insert(day).second) return {};
    const auto holds = holds_any(series, day, given);
    if (!holds) return std::unexpected{holds.error()};
    if (*holds) touched.insert(day);
    return {};
  };
  for (const auto& kline : given)
    if (!kline.removed) touched.insert(day_number(kline.trading_date));

  const auto first = utc_day(given.front().kline.start) - kDateReach;
  const auto last = utc_day(given.back().kline.start) + kDateReach;
  const auto listed = tables_.listed_dates(series, first, last);
  if (!listed) return std::unexpected{listed.error()};
  const std::vector<DayNumber> dated{touched.begin(), touched.end()};
  for (const auto day : dated) {
    const auto after = std::ranges::upper_bound(*listed, day);
    if (after != listed->end())
      if (auto done = look(*after); !done) return std::unexpected{done.error()};
    const auto before = std::ranges::lower_bound(*listed, day);
    if (before != listed->begin())
      if (auto done = look(*std::prev(before)); !done) return std::unexpected{done.error()};
  }
  for (const auto& kline : given) {
    if (!kline.removed) continue;
    const auto day = utc_day(kline.kline.start);
    for (auto near = std::ranges::lower_bound(*listed, day - kDateReach);
         near != listed->end() && *near <= day + kDateReach; ++near)
      if (auto done = look(*near); !done) return std::unexpected{done.error()};
  }
  return std::vector<DayNumber>{touched.begin(), touched.end()};
}

Result<std::optional<std::span<const std::byte>>> ChunkWriter::minutes_chunk(std::int64_t id) {
  const auto gathered = minutes_.find(id);
  if (gathered == minutes_.end()) return tables_.minutes.get(id);
  if (gathered->second.empty()) return std::nullopt;
  return std::span<const std::byte>{gathered->second};
}

Result<void> ChunkWriter::write_minutes(SeriesKey series, DayNumber day, std::span<const Kline> klines) {
  if (klines.size() > kChunkKlinesMax)
    return fail("{} K-lines of one instrument on one trading date, the most is {}", klines.size(),
                kChunkKlinesMax);
  const auto id = KlineTables::minutes_id(series, day);
  auto& chunk = minutes_[id];
  minutes_bytes_ -= chunk.size();
  chunk.clear();
  if (!klines.empty()) append_chunk(chunk, klines, static_cast<std::uint64_t>(id));
  chunk.shrink_to_fit();
  minutes_bytes_ += chunk.size();
  if (auto done = tables_.list_date(series, day, !klines.empty()); !done) return done;
  if (minutes_bytes_ >= kGatherBytes) return write_gathered_minutes();
  return {};
}

Result<void> ChunkWriter::write_gathered_minutes() {
  for (const auto& [id, chunk] : minutes_) {
    ++chunks_written_;
    auto done = chunk.empty() ? tables_.minutes.erase(id) : tables_.minutes.put(id, chunk);
    if (!done) return done;
  }
  minutes_.clear();
  minutes_bytes_ = 0;
  return {};
}

Result<MergeReport> ChunkWriter::merge_minutes(SeriesKey series, std::span<const StoredKline> given,
                                               Merge how) {
  const auto touched = dates_touched(series, given);
  if (!touched) return std::unexpected{touched.error()};
  std::vector<Line> stored;
  for (const auto day : *touched) {
    const auto id = KlineTables::minutes_id(series, day);
    const auto chunk = minutes_chunk(id);
    if (!chunk) return std::unexpected{chunk.error()};
    if (!*chunk) continue;
    if (auto done = columns_.decode(**chunk, static_cast<std::uint64_t>(id)); !done)
      return std::unexpected{done.error()};
    for (std::size_t n = 0; n < columns_.size(); ++n) stored.push_back({day, columns_.at(n)});
  }
  const auto by_start = [](const Line& line) { return line.kline.start; };
  if (!std::ranges::is_sorted(stored, {}, by_start)) std::ranges::stable_sort(stored, {}, by_start);

  auto merged = merge_lines(stored, given, how);
  if (!std::ranges::is_sorted(merged.lines, {}, &Line::day))
    std::ranges::stable_sort(merged.lines, {}, &Line::day);
  for (const auto day : merged.changed) {
    klines_.clear();
    for (const auto& line : std::ranges::equal_range(merged.lines, day, {}, &Line::day))
      klines_.push_back(line.kline);
    if (auto done = write_minutes(series, day, klines_); !done) return std::unexpected{done.error()};
  }
  return merged.report;
}

// --- days ---

Result<MergeReport> ChunkWriter::merge_days(StoreKey instrument, std::span<const StoredKline> given,
                                            Merge how) {
  const auto year_of = [](DayNumber day) { return static_cast<int>(date_of(day).year()); };
  std::set<int> years;
  for (const auto& kline : given) {
    const auto day = utc_day(kline.kline.start);
    years.insert({year_of(day - kDateReach), year_of(day + kDateReach)});
  }
  std::vector<StoredKline> rows;
  std::vector<Line> stored;
  for (const int year : years) {
    const auto id = KlineTables::days_id(instrument, year);
    const auto bytes = tables_.days.get(id);
    if (!bytes) return std::unexpected{bytes.error()};
    if (!*bytes) continue;
    if (auto done = unpack_rows(**bytes, static_cast<std::uint64_t>(id), row_columns_, rows); !done)
      return std::unexpected{done.error()};
  }
  for (const auto& row : rows) stored.push_back({day_number(row.trading_date), row.kline});
  const auto by_start = [](const Line& line) { return line.kline.start; };
  std::ranges::stable_sort(stored, {}, by_start);

  const auto merged = merge_lines(stored, given, how);
  std::set<int> changed_years;
  for (const auto day : merged.changed) changed_years.insert(year_of(day));
  for (const int year : changed_years) {
    rows.clear();
    for (const auto& line : merged.lines)
      if (year_of(line.day) == year)
        rows.push_back({.instrument = instrument,
                        .series = StoredSeries::day,
                        .trading_date = date_of(line.day),
                        .kline = line.kline});
    const auto id = KlineTables::days_id(instrument, year);
    ++chunks_written_;
    auto done = rows.empty() ? tables_.days.erase(id)
                             : tables_.days.put(id, pack_rows(rows, static_cast<std::uint64_t>(id)));
    if (!done) return std::unexpected{done.error()};
  }
  // Of a date that changed, all that the instrument has there now takes the place of what it had.
  const auto shard = instrument.value() / kDateShardKeys;
  for (const auto day : merged.changed) {
    auto& gathered = days_of_dates_[{day, shard}];
    gathered.push_back({.instrument = instrument, .trading_date = date_of(day), .removed = true});
    ++gathered_;
  }
  const std::set<DayNumber> changed{merged.changed.begin(), merged.changed.end()};
  for (const auto& line : merged.lines) {
    if (!changed.contains(line.day)) continue;
    days_of_dates_[{line.day, shard}].push_back({.instrument = instrument,
                                                 .series = StoredSeries::day,
                                                 .trading_date = date_of(line.day),
                                                 .kline = line.kline});
    ++gathered_;
  }
  return merged.report;
}

Result<void> ChunkWriter::write_gathered_days() {
  std::vector<StoredKline> rows;
  for (const auto& [place, gathered] : days_of_dates_) {
    const auto id = KlineTables::days_of_date_id(place.first, place.second);
    rows.clear();
    const auto bytes = tables_.days_of_date.get(id);
    if (!bytes) return std::unexpected{bytes.error()};
    if (*bytes)
      if (auto done = unpack_rows(**bytes, static_cast<std::uint64_t>(id), row_columns_, rows); !done)
        return done;
    // A removed one stands for all of its instrument before it.
    std::map<StoreKey, std::size_t> counts_from;
    for (std::size_t n = 0; n < gathered.size(); ++n)
      if (gathered[n].removed) counts_from[gathered[n].instrument] = n;
    std::erase_if(rows, [&](const StoredKline& row) { return counts_from.contains(row.instrument); });
    for (std::size_t n = 0; n < gathered.size(); ++n)
      if (n > counts_from.at(gathered[n].instrument)) rows.push_back(gathered[n]);
    std::ranges::stable_sort(
        rows, {}, [](const StoredKline& row) { return std::pair{row.instrument, row.kline.start}; });
    ++chunks_written_;
    auto done = rows.empty() ? tables_.days_of_date.erase(id)
                             : tables_.days_of_date.put(id, pack_rows(rows, static_cast<std::uint64_t>(id)));
    if (!done) return done;
  }
  days_of_dates_.clear();
  gathered_ = 0;
  return {};
}

Result<void> ChunkWriter::finish() {
  if (auto done = write_gathered_minutes(); !done) return done;
  return write_gathered_days();
}

void ChunkWriter::forget() {
  minutes_.clear();
  minutes_bytes_ = 0;
  days_of_dates_.clear();
  gathered_ = 0;
}

}  // namespace qos::store
