// Answers out of one connection's moment of the tables and what is still in memory. KlineStore keeps a pool
// of them.
//
// Threads: belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "store/kline_chunk.hpp"
#include "store/kline_rows.hpp"
#include "store/kline_store.hpp"
#include "store/kline_tables.hpp"
#include "store/recent_klines.hpp"

namespace qos::store {

class KlineReader {
 public:
  // `recent` must outlive it. It is brought up to date with what other processes put.
  static Result<std::unique_ptr<KlineReader>> open(const Database::Options& options, RecentKlines& recent);

  KlineTables& tables() { return *tables_; }

  // As KlineStore's.
  Result<std::vector<DatedKline>> latest(SeriesKey series, std::size_t count, UnixNanos until);
  Result<std::vector<DatedKline>> between(SeriesKey series, UnixNanos from, UnixNanos to);
  Result<std::vector<KlineStore::OfInstrument>> days_of(Date date);
  Result<std::vector<Date>> dates_of(SeriesKey series, Date from, Date to);
  Result<void> check();

 private:
  KlineReader(std::unique_ptr<KlineTables> tables, RecentKlines& recent)
      : tables_{std::move(tables)}, recent_{recent} {}

  class Moment;
  template <typename Get>
  Result<std::pair<Moment, std::vector<StoredKline>>> moment_with(Get get);
  std::unexpected<Error> damaged(std::int64_t id, std::string_view table, const Error& error) const;

  // A chunk copied out of the tables and not yet decoded.
  struct Piece {
    DayNumber day;
    std::int64_t id;
    std::size_t at;
    std::size_t size;
    ChunkHead head;
  };
  Result<std::span<const std::byte>> chunk_of(SeriesKey series, DayNumber day);
  Result<ChunkHead> head_of(SeriesKey series, DayNumber day);
  Result<ChunkHead> keep_chunk(SeriesKey series, DayNumber day);
  // Whether the chunks kept follow one another in time, as they should.
  bool in_order() const;
  // Into columns_.
  Result<void> decode(const Piece& piece);
  Result<void> decode_chunk(SeriesKey series, DayNumber day);

  Result<DayNumber> newest_date(SeriesKey series, UnixNanos until);
  Result<std::vector<DatedKline>> latest_minutes(SeriesKey series, std::size_t count, UnixNanos until,
                                                 std::span<const StoredKline> recent);
  Result<std::vector<DatedKline>> minutes_between(SeriesKey series, UnixNanos from, UnixNanos to);
  Result<void> correct_dates(SeriesKey series, std::span<const StoredKline> recent,
                             std::set<DayNumber>& dates);

  // Into rows_.
  Result<void> append_rows(std::int64_t id, std::span<const std::byte> bytes, std::string_view table);
  Result<std::vector<DatedKline>> days_in(StoreKey instrument, int first_year, int last_year);
  Result<std::vector<DatedKline>> latest_days(StoreKey instrument, std::size_t count, UnixNanos until);
  Result<std::vector<DatedKline>> days_between(StoreKey instrument, UnixNanos from, UnixNanos to);

  std::unique_ptr<KlineTables> tables_;
  RecentKlines& recent_;
  KlineColumns columns_;
  RowColumns row_columns_;
  Bytes bytes_;
  std::vector<Piece> pieces_;
  std::vector<StoredKline> rows_;
  std::size_t days_expected_ = 0;  // as many as the last date had
};

// Takes over from the log, as a transaction sees it, what `recent` does not have yet, and drops what is no
// longer in it.
Result<void> catch_up(KlineTables& tables, const KlineTables::LogRange& log, RecentKlines& recent);

}  // namespace qos::store
