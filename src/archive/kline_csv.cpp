#include "archive/kline_csv.hpp"

#include <algorithm>
#include <array>

#include "archive/known_date.hpp"
#include "market/calendar_rules.hpp"
#include "market/kline_clock.hpp"
#include "market/kline_fold.hpp"
#include "market/plain_text.hpp"

namespace qos::archive {
namespace {

using std::chrono::minutes;

enum Column : std::uint8_t { kCode, kTime, kOpen, kHigh, kLow, kClose, kVolume, kTurnover };
constexpr std::array<std::string_view, 8> kColumns{"c", "ts", "o", "h", "l", "cl", "v", "t"};

// More is a mistake, and sums of many such still fit 128 bits.
constexpr Int128 kMaxSum = Int128{1} << 110;

// Volumes of lots are written with two decimals more than those of shares.
constexpr int kLotDigits = 2;

Result<Price> price_in(std::string_view column, std::string_view text) {
  const auto price = Price::parse(text);
  if (!price) return fail("column '{}': {} is no price", column, market::shown(text));
  return *price;
}

market::Phase phase_of(StoredSeries series) {
  switch (series) {
    case StoredSeries::night:
      return market::Phase::night;
    case StoredSeries::pre_market:
      return market::Phase::pre_market;
    case StoredSeries::after_hours:
      return market::Phase::after_hours;
    default:
      return market::Phase::regular;
  }
}

// The trading date that a minute of the series is booked under; nullopt: it lies in no such session.
std::optional<market::Date> booked_date(const CalendarFinder::Booking& booking, StoredSeries series,
                                        UnixNanos start) {
  const auto& calendar = *booking.calendar;
  if (series == StoredSeries::regular) {
    if (const auto session = calendar.regular_session_at(start)) return session->trading_date;
    // The closing print's K-line at the close itself.
    const auto closing = market::minute_of(calendar, start, market::Print::closing, booking.closing);
    if (closing && closing->start == start) return closing->trading_date;
    return std::nullopt;
  }
  const auto session = calendar.session_at(start);
  if (!session || session->phase != phase_of(series)) return std::nullopt;
  return session->trading_date;
}

}  // namespace

KlineCsvReader::KlineCsvReader(CsvColumns columns, KlineCsvStatement statement, CalendarFinder& calendars)
    : columns_{columns}, statement_{std::move(statement)}, calendars_{&calendars} {}

Result<KlineCsvReader> KlineCsvReader::begin(std::string_view header, KlineCsvStatement statement,
                                             CalendarFinder& calendars) {
  auto columns = CsvColumns::parse(header, kColumns);
  if (!columns) return std::unexpected{columns.error()};
  return KlineCsvReader{*columns, std::move(statement), calendars};
}

Result<store::DatedKline> KlineCsvReader::place(const market::Code& code, std::string_view ts,
                                                const CalendarFinder::Booking& booking, bool& opening) const {
  const auto& calendar = *booking.calendar;
  store::DatedKline placed;
  if (statement_.series == StoredSeries::day) {
    const auto date = statement_.time.date(ts, calendar);
    if (!date) return std::unexpected{date.error()};
    if (known_date(calendar, *date) && calendar.regular_of(*date).empty())
      return fail("{} is no trading day of the calendar {}; if it was one, say so with `qos calendar add`",
                  market::to_string(*date), calendar.name());
    placed.trading_date = *date;
    placed.kline.start = calendar.local_midnight(*date);
    return placed;
  }
  const auto t = statement_.time.instant(ts);
  if (!t) return std::unexpected{t.error()};
  if (t->time_since_epoch() % minutes{1} != minutes{0})
    return fail("{} is no whole minute", market::shown(ts));
  placed.kline.start = statement_.label == Label::end ? *t - minutes{1} : *t;
  // With ends as labels, the open itself ends no minute of the session.
  const auto opened = calendar.regular_session_at(*t);
  opening = statement_.label == Label::end && statement_.series == StoredSeries::regular && opened &&
            opened->open == *t && calendar.regular_of(opened->trading_date).front().open == *t &&
            !calendar.regular_session_at(placed.kline.start);
  if (opening) {
    if (statement_.opening == OpeningRow::refuse)
      return fail(
          "{} ends at the open, before any minute of {}: a row of the opening auction? "
          "--opening-row first-minute adds it to the first minute",
          market::shown(ts), code.to_string());
    placed.kline.start = *t;
  }
  const auto date = booked_date(booking, statement_.series, placed.kline.start);
  if (!date)
    return fail("{} is no minute of that session of {} by the calendar {} (labels are minutes' {})",
                market::shown(ts), code.to_string(), calendar.name(),
                statement_.label == Label::end ? "ends" : "starts");
  placed.trading_date = *date;
  return placed;
}

Result<std::optional<KlineCsvRow>> KlineCsvReader::row(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return std::nullopt;
  const auto fields = columns_.split(line);
  if (!fields) return std::unexpected{fields.error()};
  const auto text = [&](Column column) { return *(*fields)[column]; };

  auto code = market::parse_code(text(kCode));
  if (!code) return std::unexpected{code.error()};
  const auto booking = calendars_->booking_of(code->code);
  if (!booking) return std::unexpected{booking.error()};
  bool opening = false;
  auto placed = place(code->code, text(kTime), *booking, opening);
  if (!placed) return std::unexpected{placed.error()};
  const auto units = units_in_volume(statement_.volume, code->code.market);
  if (!units) return std::unexpected{units.error()};

  auto& kline = placed->kline;
  const std::pair<Column, Price Kline::*> prices[] = {
      {kOpen, &Kline::open}, {kHigh, &Kline::high}, {kLow, &Kline::low}, {kClose, &Kline::close}};
  for (const auto& [column, member] : prices) {
    const auto price = price_in(kColumns[column], text(column));
    if (!price) return std::unexpected{price.error()};
    kline.*member = *price;
  }
  if (kline.high < std::max(kline.open, kline.close) || kline.low > std::min(kline.open, kline.close))
    return fail("low {} to high {} does not enclose open {} and close {}", kline.low.to_string(),
                kline.high.to_string(), kline.open.to_string(), kline.close.to_string());
  const auto volume = parse_scaled128(text(kVolume), Volume::kDigits + (*units == 100 ? kLotDigits : 0));
  if (!volume || *volume < 0 || *volume > kMaxSum)
    return fail("column 'v': {} is no volume", market::shown(text(kVolume)));
  kline.volume = Volume::from_raw(*volume);
  const auto turnover = Turnover::parse(text(kTurnover));
  if (!turnover || turnover->raw() < 0 || turnover->raw() > kMaxSum)
    return fail("column 't': {} is no turnover", market::shown(text(kTurnover)));
  kline.turnover = *turnover;
  kline.closed = true;

  const bool completes =
      waiting_ && waiting_->code == code->code && waiting_->kline.kline.start == kline.start;
  if (waiting_ && !completes)
    return fail("the opening row of {} before it has no first minute after it", waiting_->code.to_string());
  if (!completes) {
    const auto [last, first] = last_.try_emplace(code->code, kline.start);
    if (!first && kline.start <= last->second)
      return fail("times of {} must rise, this one is not after the one before", code->code.to_string());
    last->second = kline.start;
  }
  KlineCsvRow row{.code = std::move(code->code), .kline = *placed};
  if (opening) {
    ++opening_rows_;
    waiting_ = std::move(row);
    return std::nullopt;
  }
  if (completes) {
    auto whole = waiting_->kline.kline;
    market::continue_kline(whole, row.kline.kline);
    row.kline.kline = whole;
    waiting_.reset();
  }
  return row;
}

Result<void> KlineCsvReader::end() const {
  if (waiting_) return fail("the opening row of {} has no first minute after it", waiting_->code.to_string());
  return {};
}

void append_kline_csv(std::string& out, std::string_view code, const Kline& kline, int units_per_volume) {
  out += code;
  out += ',';
  append_integer(out, unix_seconds(kline.start));
  for (const auto price : {kline.open, kline.high, kline.low, kline.close}) {
    out += ',';
    append_scaled(out, price.raw(), Price::kDigits);
  }
  out += ',';
  append_scaled(out, kline.volume.raw(), Volume::kDigits + (units_per_volume == 100 ? kLotDigits : 0));
  out += ',';
  append_scaled(out, kline.turnover.raw(), Turnover::kDigits);
  out += '\n';
}

}  // namespace qos::archive
