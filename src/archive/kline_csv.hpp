// CSV of K-lines, read and written: header c,ts,o,h,l,cl,v,t. docs/formats/kline_csv.md is the specification.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "archive/csv_columns.hpp"
#include "archive/csv_statement.hpp"
#include "archive/default_instrument.hpp"
#include "store/kline_store.hpp"

namespace qos::archive {

inline constexpr std::string_view kKlineCsvHeader = "c,ts,o,h,l,cl,v,t\n";

// Whether the time of a minute is its start or its end.
enum class Label : std::uint8_t { start, end };

// A bar of its own for the opening auction, labelled with the open itself although labels are ends (Futu's HK
// 09:30): the market rules book it in the first minute.
enum class OpeningRow : std::uint8_t { refuse, first_minute };

struct KlineCsvStatement {
  StoredSeries series = StoredSeries::day;  // what the rows are: days, or the minutes of a session
  Label label = Label::start;               // of minutes
  OpeningRow opening = OpeningRow::refuse;  // of minutes of the regular session
  VolumeUnit volume = VolumeUnit::shares;
  CsvTime time = CsvTime::unix_seconds();
};

struct KlineCsvRow {
  market::Code code;
  store::DatedKline kline;  // closed, sequence and trades 0
};

// Makes K-lines of lines. One thread; after an error it is of no more use.
class KlineCsvReader {
 public:
  // The first line of the file.
  static Result<KlineCsvReader> begin(std::string_view header, KlineCsvStatement statement,
                                      CalendarFinder& calendars);

  // The K-line of the next line; nullopt: none yet, because the line is blank or an opening row that waits
  // for its minute. Errors do not name the line, which the caller counts. Times of a code must rise.
  Result<std::optional<KlineCsvRow>> row(std::string_view line);
  // After the last line: an error if an opening row still waits.
  Result<void> end() const;

  std::uint64_t opening_rows() const { return opening_rows_; }

 private:
  KlineCsvReader(CsvColumns columns, KlineCsvStatement statement, CalendarFinder& calendars);
  Result<store::DatedKline> place(const market::Code& code, std::string_view ts,
                                  const CalendarFinder::Booking& booking, bool& opening) const;

  CsvColumns columns_;
  KlineCsvStatement statement_;
  CalendarFinder* calendars_;
  std::unordered_map<market::Code, UnixNanos> last_;  // start of each code's latest row
  std::optional<KlineCsvRow> waiting_;                // an opening row
  std::uint64_t opening_rows_ = 0;
};

// One line, ended; `v` in the wire's unit, decimals as short as they are exact.
void append_kline_csv(std::string& out, std::string_view code, const Kline& kline, int units_per_volume);

}  // namespace qos::archive
