// The tables of klines.sqlite, one connection's view of them: rows by their keys, bytes in and out. What the
// bytes mean is known to kline_chunk and kline_rows. docs/formats/kline_store.md has the schema.
//
// Threads: belongs to one thread at a time, like its Database.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "core/result.hpp"
#include "store/kline_store.hpp"
#include "store/sqlite.hpp"

namespace qos::store {

// Days since 1970-01-01.
using DayNumber = std::int32_t;
inline DayNumber day_number(Date date) {
  return static_cast<DayNumber>(std::chrono::sys_days{date}.time_since_epoch().count());
}
inline Date date_of(DayNumber day) {
  return std::chrono::sys_days{std::chrono::days{day}};
}
inline DayNumber utc_day(UnixNanos time) {
  return static_cast<DayNumber>(std::chrono::floor<std::chrono::days>(time).time_since_epoch().count());
}

// What a year_month_day can be.
inline constexpr DayNumber kFirstDay = -12'687'428;
inline constexpr DayNumber kLastDay = 11'248'737;

// A trading date is no further than this from the UTC date of its K-lines' starts; put() and merge() refuse
// others. A night session before long holidays has the date after them.
inline constexpr DayNumber kDateReach = 20;

// The days of so many neighbouring keys lie in one value of a date.
inline constexpr std::uint32_t kDateShardKeys = 256;

// So many neighbouring keys are sealed together: a few milliseconds.
inline constexpr std::uint32_t kShardKeys = 64;

struct SeriesKey {
  StoreKey instrument;
  StoredSeries series = StoredSeries::regular;

  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

// The rows of one table with an integer key and a blob.
class BlobTable {
 public:
  static Result<BlobTable> open(Database& database, std::string_view name, std::string_view column);

  // Valid until the next call of any member. nullopt: there is none. Holds the transaction open until
  // release() or another call.
  Result<std::optional<std::span<const std::byte>>> get(std::int64_t id);
  Result<void> put(std::int64_t id, std::span<const std::byte> bytes);
  Result<void> erase(std::int64_t id);
  void release() { get_.reset(); }
  // visit(id, bytes) -> Result<bool>, false: enough. Rising from <= id <= to, or falling.
  template <typename Visit>
  Result<void> scan(std::int64_t from, std::int64_t to, Visit visit) {
    return walk(rising_, from, to, visit);
  }
  template <typename Visit>
  Result<void> scan_back(std::int64_t from, std::int64_t to, Visit visit) {
    return walk(falling_, from, to, visit);
  }

 private:
  BlobTable(Statement get, Statement put, Statement erase, Statement rising, Statement falling)
      : get_{std::move(get)},
        put_{std::move(put)},
        erase_{std::move(erase)},
        rising_{std::move(rising)},
        falling_{std::move(falling)} {}

  template <typename Visit>
  static Result<void> walk(Statement& statement, std::int64_t from, std::int64_t to, Visit& visit) {
    statement.reset();
    statement.bind(1, from).bind(2, to);
    for (;;) {
      const auto row = statement.step();
      if (!row || !*row) {
        statement.reset();
        if (!row) return std::unexpected{row.error()};
        return {};
      }
      const Result<bool> more = visit(statement.integer(0), statement.blob(1));
      if (more && *more) continue;
      statement.reset();
      if (!more) return std::unexpected{more.error()};
      return {};
    }
  }

  Statement get_, put_, erase_, rising_, falling_;
};

struct KlineTables {
  // Opens the file and brings its tables up to date.
  static Result<std::unique_ptr<KlineTables>> open(const Database::Options& options);

  Database database;
  BlobTable minutes;       // a trading date of an instrument and series: a chunk
  BlobTable days;          // a year of an instrument: rows
  BlobTable days_of_date;  // a date of a shard of instruments: rows
  BlobTable dates;         // a year of an instrument and series of minutes: a bit for each day of the year
  BlobTable log;           // what put() was given and is not yet in the tables above: rows

  static std::int64_t minutes_id(SeriesKey series, DayNumber day);
  static std::int64_t days_id(StoreKey instrument, int year);
  static std::int64_t days_of_date_id(DayNumber day, std::uint32_t shard);
  static std::int64_t dates_id(SeriesKey series, int year);
  static int year_of_id(std::int64_t id) { return static_cast<int>(id & 0xffff) - 32'768; }

  // The log's first and last row; there is always at least one, which may be empty.
  struct LogRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
  };
  Result<LogRange> log_range();

  // Instruments from key `first` on, by key.
  Result<std::vector<KlineStore::Named>> instruments_from(std::size_t first);
  Result<void> insert_instrument(StoreKey key, std::string_view code);

  // Everything that is read between the two is of one moment.
  Result<void> begin_read();
  void end_read();
  void release();  // before a commit: no statement may hold the transaction open

  // Trading dates that have minutes, rising, from <= date <= to.
  Result<std::vector<DayNumber>> listed_dates(SeriesKey series, DayNumber from, DayNumber to);
  // The latest ones of the latest year that has any before or on `until`; empty: there are none.
  Result<std::vector<DayNumber>> latest_listed_dates(SeriesKey series, DayNumber until);
  Result<void> list_date(SeriesKey series, DayNumber day, bool there);

  Statement names, insert_name, first_of_log, last_of_log, begin, end;
};

}  // namespace qos::store
