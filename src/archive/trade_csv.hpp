// CSV of trades: header c,ts,p,v and, if wanted, x (the condition) and d (ignored).
// docs/formats/trade_csv.md is the specification.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>

#include "archive/csv_columns.hpp"
#include "archive/csv_statement.hpp"
#include "archive/default_instrument.hpp"
#include "event/event.hpp"

namespace qos::archive {

// What a file without the column x says about its trades. by_phase: a print before the open is the opening
// auction's, one from the last close on (to five minutes after the closing auction) the closing auction's,
// one in the phase of fixed prices after the close such a one. SH, SZ and HK only: elsewhere the clock does
// not tell.
enum class Conditions : std::uint8_t { regular, by_phase };

struct TradeCsvStatement {
  VolumeUnit volume = VolumeUnit::shares;
  CsvTime time = CsvTime::unix_seconds();
  std::optional<Conditions> conditions;  // needed where there is no column x
};

struct TradeCsvRow {
  market::Code code;
  Trade trade;  // without its instrument
};

// One thread; after an error it is of no more use.
class TradeCsvReader {
 public:
  static Result<TradeCsvReader> begin(std::string_view header, TradeCsvStatement statement,
                                      CalendarFinder& calendars);
  // nullopt: the line is blank. Times of a code must not fall. Errors do not name the line.
  Result<std::optional<TradeCsvRow>> row(std::string_view line);

 private:
  TradeCsvReader(CsvColumns columns, TradeCsvStatement statement, CalendarFinder& calendars);
  Result<TradeCondition> condition_of(const market::Code& code, std::optional<std::string_view> text,
                                      UnixNanos t) const;

  CsvColumns columns_;
  TradeCsvStatement statement_;
  CalendarFinder* calendars_;
  std::unordered_map<market::Code, UnixNanos> last_;
};

}  // namespace qos::archive
