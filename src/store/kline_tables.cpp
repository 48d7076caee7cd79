#include "store/kline_tables.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "store/schema.hpp"

namespace qos::store {
namespace {

// Minutes lie by date, so that a day's chunks are appended to the file in one run. The log keeps its last row
// for ever (empty once its K-lines are in the other tables): ids must never come back.
constexpr std::array<std::string_view, 1> kSchema{
    "CREATE TABLE instruments(key INTEGER PRIMARY KEY, code TEXT NOT NULL) STRICT;"
    "CREATE TABLE minutes(id INTEGER PRIMARY KEY, chunk BLOB NOT NULL) STRICT;"
    "CREATE TABLE days(id INTEGER PRIMARY KEY, klines BLOB NOT NULL) STRICT;"
    "CREATE TABLE days_of_date(id INTEGER PRIMARY KEY, klines BLOB NOT NULL) STRICT;"
    "CREATE TABLE dates(id INTEGER PRIMARY KEY, bits BLOB NOT NULL) STRICT;"
    "CREATE TABLE log(id INTEGER PRIMARY KEY, klines BLOB NOT NULL) STRICT;"
    "INSERT INTO log VALUES(1, x'')"};

// Chunks of a day are 1 to 4 kB: in pages of 4 KiB a third would be lost.
constexpr int kPageBytes = 16'384;

std::int64_t biased(int year) {
  return year + 32'768;
}
std::int64_t biased_day(DayNumber day) {
  return std::int64_t{day} + (1 << 24);
}

}  // namespace

Result<BlobTable> BlobTable::open(Database& database, std::string_view name, std::string_view column) {
  auto get = database.prepare(fmt::format("SELECT {} FROM {} WHERE id=?1", column, name));
  if (!get) return std::unexpected{get.error()};
  auto put = database.prepare(fmt::format("INSERT OR REPLACE INTO {} VALUES(?1, ?2)", name));
  if (!put) return std::unexpected{put.error()};
  auto erase = database.prepare(fmt::format("DELETE FROM {} WHERE id=?1", name));
  if (!erase) return std::unexpected{erase.error()};
  const auto range =
      fmt::format("SELECT id, {} FROM {} WHERE id BETWEEN ?1 AND ?2 ORDER BY id", column, name);
  auto rising = database.prepare(range);
  if (!rising) return std::unexpected{rising.error()};
  auto falling = database.prepare(range + " DESC");
  if (!falling) return std::unexpected{falling.error()};
  return BlobTable{std::move(*get), std::move(*put), std::move(*erase), std::move(*rising),
                   std::move(*falling)};
}

Result<std::optional<std::span<const std::byte>>> BlobTable::get(std::int64_t id) {
  get_.reset();
  get_.bind(1, id);
  const auto row = get_.step();
  if (!row) return std::unexpected{row.error()};
  if (!*row) {
    get_.reset();
    return std::nullopt;
  }
  return get_.blob(0);
}

Result<void> BlobTable::put(std::int64_t id, std::span<const std::byte> bytes) {
  get_.reset();
  return put_.bind(1, id).bind(2, bytes).run();
}

Result<void> BlobTable::erase(std::int64_t id) {
  get_.reset();
  return erase_.bind(1, id).run();
}

std::int64_t KlineTables::minutes_id(SeriesKey series, DayNumber day) {
  return biased_day(day) << 35 | std::int64_t{static_cast<int>(series.series)} << 32 |
         series.instrument.value();
}
std::int64_t KlineTables::days_id(StoreKey instrument, int year) {
  return std::int64_t{instrument.value()} << 16 | biased(year);
}
std::int64_t KlineTables::days_of_date_id(DayNumber day, std::uint32_t shard) {
  return biased_day(day) << 32 | shard;
}
std::int64_t KlineTables::dates_id(SeriesKey series, int year) {
  return std::int64_t{series.instrument.value()} << 19 | std::int64_t{static_cast<int>(series.series)} << 16 |
         biased(year);
}

Result<KlineTables::LogRange> KlineTables::log_range() {
  LogRange range;
  for (auto& [statement, value] : {std::pair<Statement&, std::int64_t&>{first_of_log, range.first},
                                   std::pair<Statement&, std::int64_t&>{last_of_log, range.last}}) {
    const auto row = statement.step();
    if (!row) {
      statement.reset();
      return std::unexpected{row.error()};
    }
    value = statement.integer(0);
    const bool none = !*row || statement.is_null(0);
    statement.reset();
    if (none) return fail("{}: damaged: the log has no row", database.path().string());
  }
  return range;
}

Result<std::unique_ptr<KlineTables>> KlineTables::open(const Database::Options& given) {
  auto options = given;
  options.page_bytes = kPageBytes;
  auto database = Database::open(options);
  if (!database) return std::unexpected{database.error()};
  if (auto done = bring_up_to_date(*database, kSchema); !done) return std::unexpected{done.error()};
  // Commits never pay for a checkpoint: the store's own thread makes them. A file left long by an import is
  // cut when it starts again.
  if (auto done = database->execute("PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864;"
                                    "PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY");
      !done)
    return std::unexpected{done.error()};

  auto minutes = BlobTable::open(*database, "minutes", "chunk");
  if (!minutes) return std::unexpected{minutes.error()};
  auto days = BlobTable::open(*database, "days", "klines");
  if (!days) return std::unexpected{days.error()};
  auto days_of_date = BlobTable::open(*database, "days_of_date", "klines");
  if (!days_of_date) return std::unexpected{days_of_date.error()};
  auto dates = BlobTable::open(*database, "dates", "bits");
  if (!dates) return std::unexpected{dates.error()};
  auto log = BlobTable::open(*database, "log", "klines");
  if (!log) return std::unexpected{log.error()};
  auto names = database->prepare("SELECT key, code FROM instruments WHERE key >= ?1 ORDER BY key");
  if (!names) return std::unexpected{names.error()};
  auto insert_name = database->prepare("INSERT INTO instruments VALUES(?1, ?2)");
  if (!insert_name) return std::unexpected{insert_name.error()};
  auto first = database->prepare("SELECT min(id) FROM log");
  if (!first) return std::unexpected{first.error()};
  auto last = database->prepare("SELECT max(id) FROM log");
  if (!last) return std::unexpected{last.error()};
  auto begin = database->prepare("BEGIN");
  if (!begin) return std::unexpected{begin.error()};
  auto end = database->prepare("COMMIT");
  if (!end) return std::unexpected{end.error()};
  return std::unique_ptr<KlineTables>{new KlineTables{
      .database = std::move(*database),
      .minutes = std::move(*minutes),
      .days = std::move(*days),
      .days_of_date = std::move(*days_of_date),
      .dates = std::move(*dates),
      .log = std::move(*log),
      .names = std::move(*names),
      .insert_name = std::move(*insert_name),
      .first_of_log = std::move(*first),
      .last_of_log = std::move(*last),
      .begin = std::move(*begin),
      .end = std::move(*end),
  }};
}

Result<std::vector<KlineStore::Named>> KlineTables::instruments_from(std::size_t first) {
  std::vector<KlineStore::Named> found;
  names.bind(1, static_cast<std::int64_t>(first));
  for (;;) {
    const auto row = names.step();
    if (!row || !*row) {
      names.reset();
      if (!row) return std::unexpected{row.error()};
      return found;
    }
    found.push_back({StoreKey{static_cast<std::uint32_t>(names.integer(0))}, std::string{names.text(1)}});
  }
}

Result<void> KlineTables::insert_instrument(StoreKey key, std::string_view code) {
  return insert_name.bind(1, key.value()).bind(2, code).run();
}

Result<void> KlineTables::begin_read() {
  return begin.run();
}

void KlineTables::release() {
  for (auto* table : {&minutes, &days, &days_of_date, &dates, &log}) table->release();
}

void KlineTables::end_read() {
  release();
  // Nothing was written: it cannot fail in a way that matters.
  static_cast<void>(end.run());
}

// --- the dates of a series: 366 bits a year, the first for January 1st ---

namespace {

constexpr std::size_t kDateBytes = 46;

DayNumber new_year(int year) {
  return day_number(Date{std::chrono::year{year}, std::chrono::January, std::chrono::day{1}});
}
int year_of(DayNumber day) {
  return static_cast<int>(date_of(day).year());
}

void append_dates(std::vector<DayNumber>& out, int year, std::span<const std::byte> bits, DayNumber from,
                  DayNumber to) {
  const DayNumber first = new_year(year);
  for (std::size_t n = 0; n < bits.size(); ++n)
    for (auto left = static_cast<unsigned>(bits[n]); left != 0; left &= left - 1) {
      const auto day = first + static_cast<DayNumber>(n * 8) + std::countr_zero(left);
      if (day >= from && day <= to) out.push_back(day);
    }
}

}  // namespace

Result<std::vector<DayNumber>> KlineTables::listed_dates(SeriesKey series, DayNumber from, DayNumber to) {
  std::vector<DayNumber> found;
  if (from > to) return found;
  auto done = dates.scan(dates_id(series, year_of(from)), dates_id(series, year_of(to)),
                         [&](std::int64_t id, std::span<const std::byte> bits) -> Result<bool> {
                           append_dates(found, year_of_id(id), bits, from, to);
                           return true;
                         });
  if (!done) return std::unexpected{done.error()};
  return found;
}

Result<std::vector<DayNumber>> KlineTables::latest_listed_dates(SeriesKey series, DayNumber until) {
  std::vector<DayNumber> found;
  auto done = dates.scan_back(dates_id(series, -32'768), dates_id(series, year_of(until)),
                              [&](std::int64_t id, std::span<const std::byte> bits) -> Result<bool> {
                                append_dates(found, year_of_id(id), bits, kFirstDay, until);
                                return found.empty();
                              });
  if (!done) return std::unexpected{done.error()};
  return found;
}

Result<void> KlineTables::list_date(SeriesKey series, DayNumber day, bool there) {
  const int year = year_of(day);
  const auto id = dates_id(series, year);
  const auto found = dates.get(id);
  if (!found) return std::unexpected{found.error()};
  std::vector<std::byte> bits(kDateBytes);
  if (*found) std::copy_n((*found)->begin(), std::min((*found)->size(), bits.size()), bits.begin());
  const auto bit = static_cast<unsigned>(day - new_year(year));
  const auto mask = std::byte{1} << (bit % 8);
  auto& byte = bits[bit / 8];
  if (((byte & mask) != std::byte{0}) == there) return {};
  byte ^= mask;
  return dates.put(id, bits);
}

}  // namespace qos::store
