#include "archive/trade_csv.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "market/plain_text.hpp"

namespace qos::archive {
namespace {

using market::Market;
using market::Phase;
using std::chrono::minutes;

enum Column : std::uint8_t { kCode, kTime, kPrice, kVolume, kCondition, kDirection };
constexpr std::array<std::string_view, 4> kRequired{"c", "ts", "p", "v"};
constexpr std::array<std::string_view, 2> kOptional{"x", "d"};

// The order of TradeCondition.
constexpr std::array<std::string_view, kTradeConditions> kConditions{
    "regular",          "opening_auction", "closing_auction",  "odd_lot",
    "extended_session", "off_book",        "after_close_fixed"};

// Exchanges' closing prints are published some seconds after the close, vendors stamp them so.
constexpr minutes kClosingPrintLag{5};

// Nothing is inferred from less than the day's own sessions.
std::optional<TradeCondition> by_phase(const market::SessionCalendar& calendar, UnixNanos t) {
  if (calendar.regular_session_at(t)) {
    const auto session = calendar.session_at(t);
    return session && session->phase == Phase::closing_auction ? TradeCondition::closing_auction
                                                               : TradeCondition::regular;
  }
  const auto date = calendar.local_date(t);
  const auto regular = calendar.regular_of(date);
  const auto sessions = calendar.sessions_of(date);
  if (regular.empty()) return std::nullopt;
  if (t < regular.front().open)
    return t >= sessions.front().open ? std::optional{TradeCondition::opening_auction} : std::nullopt;
  if (t < regular.back().close) return std::nullopt;  // a break
  auto auction_end = regular.back().close;
  for (const auto& session : sessions) {
    if (session.phase == Phase::after_close_fixed && session.contains(t))
      return TradeCondition::after_close_fixed;
    if (session.phase == Phase::closing_auction) auction_end = std::max(auction_end, session.close);
  }
  return t < auction_end + kClosingPrintLag ? std::optional{TradeCondition::closing_auction} : std::nullopt;
}

}  // namespace

TradeCsvReader::TradeCsvReader(CsvColumns columns, TradeCsvStatement statement, CalendarFinder& calendars)
    : columns_{columns}, statement_{std::move(statement)}, calendars_{&calendars} {}

Result<TradeCsvReader> TradeCsvReader::begin(std::string_view header, TradeCsvStatement statement,
                                             CalendarFinder& calendars) {
  auto columns = CsvColumns::parse(header, kRequired, kOptional);
  if (!columns) return std::unexpected{columns.error()};
  if (columns->has(kCondition) == statement.conditions.has_value())
    return columns->has(kCondition)
               ? fail("there is a column x, so --conditions must not be stated")
               : fail(
                     "there is no column x: state what the trades are with --conditions regular or by-phase");
  return TradeCsvReader{*columns, std::move(statement), calendars};
}

Result<TradeCondition> TradeCsvReader::condition_of(const market::Code& code,
                                                    std::optional<std::string_view> text, UnixNanos t) const {
  if (text) {
    const auto found = std::ranges::find(kConditions, *text);
    if (found == kConditions.end())
      return fail("column 'x': {} is none of {}", market::shown(*text), fmt::join(kConditions, ", "));
    return static_cast<TradeCondition>(found - kConditions.begin());
  }
  if (statement_.conditions == Conditions::regular) return TradeCondition::regular;
  if (code.market != Market::SH && code.market != Market::SZ && code.market != Market::HK)
    return fail("--conditions by-phase tells auctions in SH, SZ and HK only; {} needs a column x",
                code.to_string());
  const auto booking = calendars_->booking_of(code);
  if (!booking) return std::unexpected{booking.error()};
  const auto condition = by_phase(*booking->calendar, t);
  if (!condition)
    return fail("a trade of {} outside every session of the calendar {}", code.to_string(),
                booking->calendar->name());
  return *condition;
}

Result<std::optional<TradeCsvRow>> TradeCsvReader::row(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return std::nullopt;
  const auto fields = columns_.split(line);
  if (!fields) return std::unexpected{fields.error()};
  const auto text = [&](Column column) { return *(*fields)[column]; };

  auto code = market::parse_code(text(kCode));
  if (!code) return std::unexpected{code.error()};
  const auto t = statement_.time.instant(text(kTime));
  if (!t) return std::unexpected{t.error()};
  const auto price = Price::parse(text(kPrice));
  if (!price) return fail("column 'p': {} is no price", market::shown(text(kPrice)));
  const auto units = units_in_volume(statement_.volume, code->code.market);
  if (!units) return std::unexpected{units.error()};
  const auto size = parse_scaled(text(kVolume), Quantity::kDigits + (*units == 100 ? 2 : 0));
  if (!size || *size <= 0) return fail("column 'v': {} is no size above zero", market::shown(text(kVolume)));
  const auto condition = condition_of(code->code, (*fields)[kCondition], *t);
  if (!condition) return std::unexpected{condition.error()};

  const auto [last, first] = last_.try_emplace(code->code, *t);
  if (!first && *t < last->second)
    return fail("times of {} must not fall, this one is before the one before", code->code.to_string());
  last->second = *t;
  return TradeCsvRow{
      .code = std::move(code->code),
      .trade = {.price = *price, .size = Quantity::from_raw(*size), .ts_event = *t, .condition = *condition}};
}

}  // namespace qos::archive
