#include "store/kline_reader.hpp"

#include <algorithm>
#include <tuple>

#include "store/kline_rows.hpp"

namespace qos::store {
namespace {

auto start_of_dated = [](const DatedKline& kline) { return kline.kline.start; };
auto start_of_stored = [](const StoredKline& kline) { return kline.kline.start; };

Kline as_read(Kline kline) {
  kline.sequence = {};
  kline.closed = true;
  return kline;
}

// What is stored and what is still in memory, which counts where both have a start. Both rise.
std::vector<DatedKline> joined(std::vector<DatedKline> stored, std::span<const StoredKline> recent) {
  if (recent.empty()) return stored;
  std::vector<DatedKline> all;
  all.reserve(stored.size() + recent.size());
  auto old = stored.begin();
  for (const auto& kline : recent) {
    for (; old != stored.end() && old->kline.start < kline.kline.start; ++old) all.push_back(*old);
    while (old != stored.end() && old->kline.start == kline.kline.start) ++old;
    if (!kline.removed) all.push_back({kline.trading_date, as_read(kline.kline)});
  }
  all.insert(all.end(), old, stored.end());
  return all;
}

void keep_last(std::vector<DatedKline>& klines, std::size_t count) {
  if (klines.size() > count) klines.erase(klines.begin(), klines.end() - static_cast<std::ptrdiff_t>(count));
}

std::span<const StoredKline> within(std::span<const StoredKline> recent, UnixNanos from, UnixNanos to) {
  const auto first = std::ranges::lower_bound(recent, from, {}, start_of_stored);
  const auto last = std::ranges::lower_bound(first, recent.end(), to, {}, start_of_stored);
  return {first, last};
}

std::span<const StoredKline> until_and_with(std::span<const StoredKline> recent, UnixNanos until) {
  return {recent.begin(), std::ranges::upper_bound(recent, until, {}, start_of_stored)};
}

// The days of a date, and what is still in memory of any date: a K-line there may have taken a day away.
std::vector<KlineStore::OfInstrument> with_recent(const std::vector<KlineStore::OfInstrument>& stored,
                                                  std::span<const StoredKline> recent, Date date) {
  std::vector<KlineStore::OfInstrument> days;
  days.reserve(stored.size() + recent.size());
  const auto place = [](const auto& day) { return std::pair{day.instrument, day.kline.start}; };
  auto old = stored.begin();
  for (const auto& kline : recent) {
    for (; old != stored.end() && place(*old) < place(kline); ++old) days.push_back(*old);
    while (old != stored.end() && place(*old) == place(kline)) ++old;
    if (!kline.removed && kline.trading_date == date)
      days.emplace_back(kline.instrument, as_read(kline.kline));
  }
  days.insert(days.end(), old, stored.end());
  return days;
}

int year_of(DayNumber day) {
  return static_cast<int>(date_of(std::clamp(day, kFirstDay, kLastDay)).year());
}

// Room for the last chunk before a reader knows how much of it counts.
constexpr std::size_t kTypicalDate = 400;

}  // namespace

// One moment of the tables, from begin_read() to the end of the scope.
class KlineReader::Moment {
 public:
  explicit Moment(KlineTables& tables) : tables_{&tables} {}
  Moment(Moment&& other) noexcept : tables_{std::exchange(other.tables_, nullptr)} {}
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;
  Moment& operator=(Moment&&) = delete;
  ~Moment() {
    if (tables_ != nullptr) tables_->end_read();
  }

 private:
  KlineTables* tables_;
};

Result<std::unique_ptr<KlineReader>> KlineReader::open(const Database::Options& options,
                                                       RecentKlines& recent) {
  auto tables = KlineTables::open(options);
  if (!tables) return std::unexpected{tables.error()};
  return std::unique_ptr<KlineReader>{new KlineReader{std::move(*tables), recent}};
}

// `get` takes from memory what the log of that moment holds. If a part has become chunks in between, it is
// in the tables of the next moment.
template <typename Get>
Result<std::pair<KlineReader::Moment, std::vector<StoredKline>>> KlineReader::moment_with(Get get) {
  for (;;) {
    if (auto begun = tables_->begin_read(); !begun) return std::unexpected{begun.error()};
    Moment moment{*tables_};
    const auto log = tables_->log_range();
    if (!log) return std::unexpected{log.error()};
    if (auto done = catch_up(*tables_, *log, recent_); !done) return std::unexpected{done.error()};
    std::optional<std::vector<StoredKline>> klines = get(log->first);
    if (klines) return std::pair{std::move(moment), std::move(*klines)};
  }
}

Result<std::vector<DatedKline>> KlineReader::latest(SeriesKey series, std::size_t count, UnixNanos until) {
  auto moment = moment_with([&](std::int64_t first_row) { return recent_.of_series(series, first_row); });
  if (!moment) return std::unexpected{moment.error()};
  const auto recent = until_and_with(moment->second, until);
  auto stored = series.series == StoredSeries::day
                    ? latest_days(series.instrument, count + recent.size(), until)
                    : latest_minutes(series, count, until, recent);
  if (!stored) return stored;
  auto all = joined(std::move(*stored), recent);
  keep_last(all, count);
  return all;
}

Result<std::vector<DatedKline>> KlineReader::between(SeriesKey series, UnixNanos from, UnixNanos to) {
  if (from >= to) return std::vector<DatedKline>{};
  auto moment = moment_with([&](std::int64_t first_row) { return recent_.of_series(series, first_row); });
  if (!moment) return std::unexpected{moment.error()};
  auto stored = series.series == StoredSeries::day ? days_between(series.instrument, from, to)
                                                   : minutes_between(series, from, to);
  if (!stored) return stored;
  return joined(std::move(*stored), within(moment->second, from, to));
}

// --- minutes ---

Result<std::span<const std::byte>> KlineReader::chunk_of(SeriesKey series, DayNumber day) {
  const auto id = KlineTables::minutes_id(series, day);
  const auto chunk = tables_->minutes.get(id);
  if (!chunk) return std::unexpected{chunk.error()};
  if (!*chunk) return damaged(id, "minutes", {"the date is listed but has no chunk"});
  return **chunk;
}

Result<ChunkHead> KlineReader::head_of(SeriesKey series, DayNumber day) {
  const auto chunk = chunk_of(series, day);
  if (!chunk) return std::unexpected{chunk.error()};
  const auto id = KlineTables::minutes_id(series, day);
  auto head = read_chunk_head(*chunk, static_cast<std::uint64_t>(id));
  if (!head) return damaged(id, "minutes", head.error());
  return head;
}

Result<ChunkHead> KlineReader::keep_chunk(SeriesKey series, DayNumber day) {
  const auto chunk = chunk_of(series, day);
  if (!chunk) return std::unexpected{chunk.error()};
  const auto id = KlineTables::minutes_id(series, day);
  auto head = read_chunk_head(*chunk, static_cast<std::uint64_t>(id));
  if (!head) return damaged(id, "minutes", head.error());
  pieces_.push_back({.day = day, .id = id, .at = bytes_.size(), .size = chunk->size(), .head = *head});
  bytes_.insert(bytes_.end(), chunk->begin(), chunk->end());
  return head;
}

bool KlineReader::in_order() const {
  const auto touch = [](const Piece& a, const Piece& b) {
    const auto& [earlier, later] = a.day < b.day ? std::tie(a, b) : std::tie(b, a);
    return earlier.head.last >= later.head.first;
  };
  return std::ranges::adjacent_find(pieces_, touch) == pieces_.end();
}

Result<void> KlineReader::decode(const Piece& piece) {
  const auto chunk = std::span{bytes_}.subspan(piece.at, piece.size);
  if (auto done = columns_.decode(chunk, static_cast<std::uint64_t>(piece.id)); !done)
    return damaged(piece.id, "minutes", done.error());
  return {};
}

Result<void> KlineReader::decode_chunk(SeriesKey series, DayNumber day) {
  const auto chunk = chunk_of(series, day);
  if (!chunk) return std::unexpected{chunk.error()};
  const auto id = KlineTables::minutes_id(series, day);
  if (auto done = columns_.decode(*chunk, static_cast<std::uint64_t>(id)); !done)
    return damaged(id, "minutes", done.error());
  return {};
}

// The newest date that has a start at or before `until`. Dates rise with time, so the search goes up from
// the date of `until` itself, mostly by a single chunk.
Result<DayNumber> KlineReader::newest_date(SeriesKey series, UnixNanos until) {
  if (until == KlineStore::kEver) return kLastDay;
  const auto day = utc_day(until);
  auto newest = day - 1;
  const auto above = tables_->listed_dates(series, day, std::min(day + kDateReach, kLastDay));
  if (!above) return std::unexpected{above.error()};
  for (const auto next : *above) {
    const auto head = head_of(series, next);
    if (!head) return std::unexpected{head.error()};
    if (head->first > until) break;
    newest = next;
  }
  return newest;
}

// Goes back date by date until there is certainly enough, then decodes forwards.
Result<std::vector<DatedKline>> KlineReader::latest_minutes(SeriesKey series, std::size_t count,
                                                            UnixNanos until,
                                                            std::span<const StoredKline> recent) {
  bytes_.clear();
  pieces_.clear();
  if (count == 0) return std::vector<DatedKline>{};
  const auto newest = newest_date(series, until);
  if (!newest) return std::unexpected{newest.error()};
  // K-lines in memory that take one away, or (after the newest chunk) are certainly one more.
  const auto removed = static_cast<std::size_t>(std::ranges::count(recent, true, &StoredKline::removed));
  std::size_t more = 0;
  std::size_t whole = 0;
  for (DayNumber upto = *newest; whole + more < count + removed;) {
    auto dates = tables_->latest_listed_dates(series, upto);
    if (!dates) return std::unexpected{dates.error()};
    if (dates->empty()) break;
    for (; !dates->empty() && whole + more < count + removed; dates->pop_back()) {
      const auto head = keep_chunk(series, dates->back());
      if (!head) return std::unexpected{head.error()};
      if (pieces_.size() == 1) {
        const auto after = std::ranges::upper_bound(recent, head->last, {}, start_of_stored);
        more =
            static_cast<std::size_t>(std::ranges::count(after, recent.end(), false, &StoredKline::removed));
      }
      if (head->last <= until) whole += head->count;
      upto = dates->back() - 1;
    }
  }
  // Without anything in memory the count is exact, and the oldest chunk is needed only in part.
  const bool exact = recent.empty() && until == KlineStore::kEver;
  std::size_t skip = exact && whole > count ? whole - count : 0;
  std::vector<DatedKline> klines;
  klines.reserve(std::min(whole, count) + 2 * recent.size() + kTypicalDate);
  for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece) {
    if (auto done = decode(*piece); !done) return std::unexpected{done.error()};
    const auto date = date_of(piece->day);
    for (std::size_t n = std::exchange(skip, 0); n < columns_.size(); ++n)
      if (columns_.start(n) <= until) klines.emplace_back(date, columns_.in_place(n));
  }
  if (!in_order()) std::ranges::stable_sort(klines, {}, start_of_dated);
  return klines;
}

Result<std::vector<DatedKline>> KlineReader::minutes_between(SeriesKey series, UnixNanos from, UnixNanos to) {
  bytes_.clear();
  pieces_.clear();
  std::vector<DatedKline> klines;
  const auto listed =
      tables_->listed_dates(series, std::max(utc_day(from) - kDateReach, kFirstDay),
                            std::min(utc_day(to - std::chrono::nanoseconds{1}) + kDateReach, kLastDay));
  if (!listed) return std::unexpected{listed.error()};
  // Down from the date of `from` while chunks reach into the span, then up until one begins after it.
  auto first = std::ranges::lower_bound(*listed, utc_day(from));
  while (first != listed->begin()) {
    const auto head = head_of(series, *std::prev(first));
    if (!head) return std::unexpected{head.error()};
    if (head->last < from) break;
    --first;
  }
  std::size_t most = 0;
  for (; first != listed->end(); ++first) {
    const auto head = keep_chunk(series, *first);
    if (!head) return std::unexpected{head.error()};
    if (head->first >= to) {
      pieces_.pop_back();
      break;
    }
    most += head->count;
  }
  klines.reserve(most);
  for (const auto& piece : pieces_) {
    if (auto done = decode(piece); !done) return std::unexpected{done.error()};
    const auto date = date_of(piece.day);
    for (std::size_t n = 0; n < columns_.size(); ++n)
      if (const auto start = columns_.start(n); start >= from && start < to)
        klines.emplace_back(date, columns_.in_place(n));
  }
  if (!in_order()) std::ranges::stable_sort(klines, {}, start_of_dated);
  return klines;
}

Result<std::vector<Date>> KlineReader::dates_of(SeriesKey series, Date from, Date to) {
  if (!from.ok() || !to.ok()) return fail("dates_of: the range is not one of dates");
  const auto first = day_number(from);
  const auto last = day_number(to);
  auto moment = moment_with([&](std::int64_t first_row) { return recent_.of_series(series, first_row); });
  if (!moment) return std::unexpected{moment.error()};
  std::set<DayNumber> found;
  if (series.series == StoredSeries::day) {
    // Days are few: what counts of each is seen by reading them.
    auto days = days_in(series.instrument, year_of(first - kDateReach), year_of(last + kDateReach));
    if (!days) return std::unexpected{days.error()};
    for (const auto& day : joined(std::move(*days), moment->second))
      found.insert(day_number(day.trading_date));
  } else {
    const auto listed = tables_->listed_dates(series, first, last);
    if (!listed) return std::unexpected{listed.error()};
    found.insert(listed->begin(), listed->end());
    if (auto done = correct_dates(series, moment->second, found); !done) return std::unexpected{done.error()};
  }
  std::vector<Date> dates;
  for (const auto day : found)
    if (day >= first && day <= last) dates.push_back(date_of(day));
  return dates;
}

// Dates that K-lines in memory add; and those from which they may have taken the last K-line.
Result<void> KlineReader::correct_dates(SeriesKey series, std::span<const StoredKline> recent,
                                        std::set<DayNumber>& dates) {
  std::set<DayNumber> near;
  for (const auto& kline : recent) {
    const auto day = utc_day(kline.kline.start);
    near.insert(dates.lower_bound(day - kDateReach), dates.upper_bound(day + kDateReach));
  }
  for (const auto day : near) {
    const auto head = head_of(series, day);
    if (!head) return std::unexpected{head.error()};
    const auto after = until_and_with(recent, head->last);
    if (after.size() - within(recent, UnixNanos::min(), head->first).size() < head->count) continue;
    if (auto done = decode_chunk(series, day); !done) return done;
    bool any = false;
    for (std::size_t n = 0; n < columns_.size() && !any; ++n)
      any = !std::ranges::binary_search(recent, columns_.start(n), {}, start_of_stored);
    if (!any) dates.erase(day);
  }
  for (const auto& kline : recent)
    if (!kline.removed) dates.insert(day_number(kline.trading_date));
  return {};
}

// --- days ---

Result<void> KlineReader::append_rows(std::int64_t id, std::span<const std::byte> bytes,
                                      std::string_view table) {
  if (auto done = unpack_rows(bytes, static_cast<std::uint64_t>(id), row_columns_, rows_); !done)
    return damaged(id, table, done.error());
  return {};
}

Result<std::vector<DatedKline>> KlineReader::days_in(StoreKey instrument, int first_year, int last_year) {
  rows_.clear();
  auto done = tables_->days.scan(KlineTables::days_id(instrument, first_year),
                                 KlineTables::days_id(instrument, last_year),
                                 [&](std::int64_t id, std::span<const std::byte> bytes) -> Result<bool> {
                                   if (auto read = append_rows(id, bytes, "days"); !read)
                                     return std::unexpected{read.error()};
                                   return true;
                                 });
  if (!done) return std::unexpected{done.error()};
  std::vector<DatedKline> days;
  days.reserve(rows_.size());
  for (const auto& row : rows_) days.push_back({row.trading_date, row.kline});
  std::ranges::stable_sort(days, {}, start_of_dated);
  return days;
}

Result<std::vector<DatedKline>> KlineReader::latest_days(StoreKey instrument, std::size_t count,
                                                         UnixNanos until) {
  const int last_year = until == KlineStore::kEver ? year_of(kLastDay) : year_of(utc_day(until) + kDateReach);
  // Years come falling, the days of each rising.
  rows_.clear();
  std::vector<std::size_t> years;
  std::size_t enough = 0;
  auto done = tables_->days.scan_back(
      KlineTables::days_id(instrument, year_of(kFirstDay)), KlineTables::days_id(instrument, last_year),
      [&](std::int64_t id, std::span<const std::byte> bytes) -> Result<bool> {
        years.push_back(rows_.size());
        if (auto read = append_rows(id, bytes, "days"); !read) return std::unexpected{read.error()};
        const std::span of_year{rows_.begin() + static_cast<std::ptrdiff_t>(years.back()), rows_.end()};
        enough += static_cast<std::size_t>(
            std::ranges::count_if(of_year, [&](const StoredKline& day) { return day.kline.start <= until; }));
        return enough < count;
      });
  if (!done) return std::unexpected{done.error()};
  std::vector<DatedKline> days;
  std::size_t end = rows_.size();
  for (auto begin = years.rbegin(); begin != years.rend(); ++begin) {
    for (std::size_t n = *begin; n < end; ++n)
      if (rows_[n].kline.start <= until) days.push_back({rows_[n].trading_date, rows_[n].kline});
    end = *begin;
  }
  std::ranges::stable_sort(days, {}, start_of_dated);
  return days;
}

Result<std::vector<DatedKline>> KlineReader::days_between(StoreKey instrument, UnixNanos from, UnixNanos to) {
  auto days = days_in(instrument, year_of(utc_day(from) - kDateReach), year_of(utc_day(to) + kDateReach));
  if (!days) return days;
  std::erase_if(*days,
                [&](const DatedKline& day) { return day.kline.start < from || day.kline.start >= to; });
  return days;
}

Result<std::vector<KlineStore::OfInstrument>> KlineReader::days_of(Date date) {
  if (!date.ok()) return fail("days_of: not a date");
  auto moment = moment_with([&](std::int64_t first_row) { return recent_.days(first_row); });
  if (!moment) return std::unexpected{moment.error()};
  const auto& recent = moment->second;
  std::vector<KlineStore::OfInstrument> days;
  days.reserve(days_expected_ + recent.size());
  const auto day = day_number(date);
  auto done = tables_->days_of_date.scan(
      KlineTables::days_of_date_id(day, 0), KlineTables::days_of_date_id(day, UINT32_MAX),
      [&](std::int64_t id, std::span<const std::byte> bytes) -> Result<bool> {
        RowReader reader{bytes, static_cast<std::uint64_t>(id), row_columns_};
        for (;;) {
          const auto group = reader.next();
          if (!group) return damaged(id, "days_of_date", group.error());
          if (!*group) return true;
          for (std::size_t n = 0; n < row_columns_.size(); ++n)
            days.emplace_back(row_columns_.instrument(n), row_columns_.klines().in_place(n));
        }
      });
  if (!done) return std::unexpected{done.error()};
  days_expected_ = days.size();
  return recent.empty() ? std::move(days) : with_recent(days, recent, date);
}

// --- everything ---

std::unexpected<Error> KlineReader::damaged(std::int64_t id, std::string_view table,
                                            const Error& error) const {
  return fail("{}: damaged: {} row {}: {}", tables_->database.path().string(), table, id, error.message);
}

Result<void> KlineReader::check() {
  if (auto done = tables_->database.check(); !done) return done;
  constexpr auto kFirst = std::numeric_limits<std::int64_t>::min();
  constexpr auto kLast = std::numeric_limits<std::int64_t>::max();
  auto done = tables_->minutes.scan(
      kFirst, kLast, [&](std::int64_t id, std::span<const std::byte> bytes) -> Result<bool> {
        if (auto read = columns_.decode(bytes, static_cast<std::uint64_t>(id)); !read)
          return damaged(id, "minutes", read.error());
        return true;
      });
  if (!done) return done;
  for (auto [table, name] :
       {std::pair{&tables_->days, "days"}, std::pair{&tables_->days_of_date, "days_of_date"},
        std::pair{&tables_->log, "log"}}) {
    done = table->scan(kFirst, kLast, [&](std::int64_t id, std::span<const std::byte> bytes) -> Result<bool> {
      rows_.clear();
      if (bytes.empty() && table == &tables_->log) return true;
      if (auto read = append_rows(id, bytes, name); !read) return std::unexpected{read.error()};
      return true;
    });
    if (!done) return done;
  }
  return {};
}

Result<void> catch_up(KlineTables& tables, const KlineTables::LogRange& log, RecentKlines& recent) {
  if (log.first > recent.first_row()) recent.drop_before(log.first);
  if (log.last <= recent.last_row()) return {};
  std::vector<StoredKline> rows;
  RowColumns columns;
  return tables.log.scan(
      std::max(log.first, recent.last_row() + 1), log.last,
      [&](std::int64_t row, std::span<const std::byte> bytes) -> Result<bool> {
        rows.clear();
        if (!bytes.empty())
          if (auto done = unpack_rows(bytes, static_cast<std::uint64_t>(row), columns, rows); !done)
            return fail("{}: damaged: log row {}: {}", tables.database.path().string(), row,
                        done.error().message);
        recent.apply(row, rows);
        return true;
      });
}

}  // namespace qos::store
