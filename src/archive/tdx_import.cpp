#include "archive/tdx_import.hpp"

#include <map>
#include <span>

#include "io/file.hpp"
#include "market/plain_text.hpp"

namespace qos::archive {
namespace {

// Prefixes of unknown class that an error lists, and how many digits of a code make one.
constexpr std::size_t kShownUnknown = 10;
constexpr std::size_t kPrefixDigits = 3;

Result<TdxKlines> read_file(const TdxFile& file, const TdxReading& reading) {
  const auto units = reading.units.units_of(file.code);
  if (!units) return fail("{}: {}", market::shown(file.name), units.error().message);
  const auto limit = file.kind == TdxKind::day ? kMaxTdxDayFile : kMaxTdxMinuteFile;
  const auto text = io::read_file(file.path, limit);
  if (!text) return std::unexpected{text.error()};
  const auto bytes = std::as_bytes(std::span{*text});
  const TdxDecoding decoding{.calendar = reading.calendar, .units = *units, .noise = reading.noise};
  switch (file.kind) {
    case TdxKind::day:
      return decode_tdx_days(file.name, bytes, decoding);
    case TdxKind::minute:
      return decode_tdx_minutes(file.name, bytes, TdxMinutes::one, decoding);
    case TdxKind::five_minutes:
      return decode_tdx_minutes(file.name, bytes, TdxMinutes::five, decoding);
  }
  return fail("{}: no kind of file", file.name);
}

// What of the code in hand has been read, to be compared.
struct OfCode {
  market::Code code;
  std::vector<store::DatedKline> days;
  std::vector<store::DatedKline> minutes;
};

}  // namespace

Result<void> check_units(const TdxListing& listing, const TdxUnitRules& units) {
  struct Unknown {
    std::uint64_t files = 0;
    std::string first;
  };
  std::map<std::string, Unknown> unknown;  // by pattern
  for (const auto& file : listing.files) {
    if (units.units_of(file.code)) continue;
    const auto market = market::text_of(file.code.market);
    auto& entry = unknown[fmt::format("{}:{}*", market, file.code.symbol.substr(0, kPrefixDigits))];
    if (entry.files++ == 0) entry.first = file.name;
  }
  if (unknown.empty()) return {};
  std::string list;
  std::size_t shown = 0;
  for (const auto& [pattern, entry] : unknown) {
    if (++shown > kShownUnknown) {
      list += fmt::format("\n  … and {} more", unknown.size() - kShownUnknown);
      break;
    }
    list += fmt::format("\n  {}: {} files, the first is {}", pattern, entry.files, entry.first);
  }
  return fail(
      "it is not known what these codes are, so their price scale and volume unit must be stated with "
      "--price-scale 'PATTERN=N' and --volume-unit 'PATTERN=N', or they are left out with --skip "
      "'PATTERN':{}",
      list);
}

Result<TdxReport> read_tdx(const TdxListing& listing, const TdxReading& reading, const OnFile& on_file,
                           const TakeKlines& take) {
  TdxReport report;
  OfCode now;
  for (const auto& file : listing.files) {
    on_file(report.files);
    ++report.files;
    auto klines = read_file(file, reading);
    if (!klines) return std::unexpected{klines.error()};
    report.records += klines->records;
    report.without_trades += klines->without_trades;
    report.widened += klines->widened;
    if (report.first_widened.empty()) report.first_widened = klines->first_widened;
    if (!(now.code == file.code)) now = {.code = file.code};

    const auto code = file.code.to_string();
    if (file.kind == TdxKind::five_minutes) {
      ++report.five_minute_files;
      check_five_minutes(code, now.minutes, klines->klines, reading.calendar, report.five_minutes);
      continue;
    }
    if (file.kind == TdxKind::minute) check_days(code, klines->klines, now.days, report.days);
    if (auto taken = take(file, *klines); !taken) return std::unexpected{taken.error()};
    (file.kind == TdxKind::day ? now.days : now.minutes) = std::move(klines->klines);
  }
  on_file(report.files);
  return report;
}

}  // namespace qos::archive
