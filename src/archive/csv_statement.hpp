// What a CSV file of K-lines or trades does not say about itself and whoever imports it has to. Nothing has a
// default: an import without a statement that it needs is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/price.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "market/market.hpp"
#include "market/session_calendar.hpp"
#include "market/zone_offsets.hpp"

namespace qos::archive {

// shares: units. lots: of 100, SH and SZ only. wire: as the API and `qos export` write v, which is lots in SH
// and SZ and units elsewhere.
enum class VolumeUnit : std::uint8_t { shares, lots, wire };

// Units in one of the file's volume; an error where the market has no such unit.
Result<int> units_in_volume(VolumeUnit unit, market::Market market);

// How times are written: whole seconds since 1970 UTC, or local wall time of a zone
// ("2019-02-01 09:30:00", seconds may be missing or have up to nine decimals; of a day "2019-02-01").
class CsvTime {
 public:
  static CsvTime unix_seconds() { return CsvTime{std::nullopt}; }
  static CsvTime local(market::ZoneOffsets zone) { return CsvTime{std::move(zone)}; }

  // An instant; unix seconds may have up to nine decimals. From 1970 to 2100.
  Result<UnixNanos> instant(std::string_view text) const;
  // A trading date: unix seconds must be local midnight of it in the calendar's zone.
  Result<market::Date> date(std::string_view text, const market::SessionCalendar& calendar) const;

 private:
  explicit CsvTime(std::optional<market::ZoneOffsets> zone) : zone_{std::move(zone)} {}
  std::optional<market::ZoneOffsets> zone_;
};

}  // namespace qos::archive
