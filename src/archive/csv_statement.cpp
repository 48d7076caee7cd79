#include "archive/csv_statement.hpp"

#include "market/calendar_rules.hpp"
#include "market/plain_text.hpp"

namespace qos::archive {
namespace {

using market::Date;

constexpr int kSharesInLot = 100;
constexpr std::int64_t kLastSecond = 4'102'444'800;  // 2100-01-01
constexpr std::chrono::year kFirstYear{1970};
constexpr std::chrono::year kLastYear{2099};
constexpr std::size_t kDateLength = 10;  // 2019-02-01
constexpr std::size_t kHourMinute = 5;   // 09:30
constexpr int kNanoDigits = 9;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<int> two_digits(std::string_view text, std::size_t at) {
  if (at + 2 > text.size() || !is_digit(text[at]) || !is_digit(text[at + 1])) return std::nullopt;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

struct LocalTime {
  market::LocalSeconds second;
  std::chrono::nanoseconds rest{};
};

// Years outside would not fit UnixNanos.
std::optional<Date> parse_near_date(std::string_view text) {
  const auto date = market::parse_date(text);
  if (!date || !date->ok() || date->year() < kFirstYear || date->year() > kLastYear) return std::nullopt;
  return date;
}

// "2019-02-01 09:30", "2019-02-01T09:30:00", "2019-02-01 09:30:00.25".
std::optional<LocalTime> parse_local(std::string_view text) {
  if (text.size() < kDateLength + 1 + kHourMinute) return std::nullopt;
  const auto date = parse_near_date(text.substr(0, kDateLength));
  if (!date || (text[kDateLength] != ' ' && text[kDateLength] != 'T')) return std::nullopt;
  auto clock = text.substr(kDateLength + 1);
  const auto hour = two_digits(clock, 0);
  const auto minute = two_digits(clock, 3);
  if (!hour || !minute || clock[2] != ':' || *hour > 23 || *minute > 59) return std::nullopt;
  clock.remove_prefix(kHourMinute);
  std::int64_t nanos = 0;
  if (!clock.empty()) {
    if (clock.front() != ':' || !two_digits(clock, 1)) return std::nullopt;
    const auto parsed = parse_scaled(clock.substr(1), kNanoDigits);
    if (!parsed || *parsed >= 60 * std::int64_t{1'000'000'000}) return std::nullopt;
    nanos = *parsed;
  }
  const auto seconds = nanos / 1'000'000'000;
  const auto day = std::chrono::local_days{*date};
  return LocalTime{.second = day + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
                             std::chrono::seconds{seconds},
                   .rest = std::chrono::nanoseconds{nanos % 1'000'000'000}};
}

}  // namespace

Result<int> units_in_volume(VolumeUnit unit, market::Market market) {
  const int wire = market::spec_of(market).units_per_volume;
  if (unit == VolumeUnit::shares) return 1;
  if (unit == VolumeUnit::wire) return wire;
  if (wire != kSharesInLot)
    return fail("lots are of 100 shares in SH and SZ only; {} volumes must be stated as shares or wire",
                market::text_of(market));
  return kSharesInLot;
}

Result<UnixNanos> CsvTime::instant(std::string_view text) const {
  if (!zone_) {
    const auto nanos = parse_scaled(text, kNanoDigits);
    if (!nanos || *nanos < 0 || *nanos >= kLastSecond * 1'000'000'000)
      return fail("{} is no time in seconds from 1970 to 2100", market::shown(text));
    return from_unix_nanos(*nanos);
  }
  const auto local = parse_local(text);
  if (!local) return fail("{} is no local time like 2019-02-01 09:30:00, 1970 to 2099", market::shown(text));
  const auto utc = zone_->to_utc(local->second) + local->rest;
  return utc;
}

Result<Date> CsvTime::date(std::string_view text, const market::SessionCalendar& calendar) const {
  if (zone_) {
    const auto date = parse_near_date(text);
    if (!date) return fail("{} is no date like 2019-02-01, 1970 to 2099", market::shown(text));
    return *date;
  }
  const auto t = instant(text);
  if (!t) return std::unexpected{t.error()};
  const auto date = calendar.local_date(*t);
  if (calendar.local_midnight(date) != *t)
    return fail("{} is no midnight in {}, which the ts of a day is", market::shown(text), calendar.zone());
  return date;
}

}  // namespace qos::archive
