#include "api/json/encode.hpp"

#include <algorithm>

#include "core/decimal.hpp"

namespace qos::api::json {
namespace {

using market::DecimalStyle;
using market::Instrument;

// A market's volume unit is a power of ten of units, so dividing by it only moves the point: 150 shares are
// "1.5" lots of 100, exactly.
constexpr int places_of(int units_per_volume) {
  int places = 0;
  for (; units_per_volume > 1; units_per_volume /= 10) ++places;
  return places;
}
constexpr bool is_power_of_ten(int n) {
  while (n > 1 && n % 10 == 0) n /= 10;
  return n == 1;
}
static_assert(std::ranges::all_of(market::kMarketSpecs,
                                  [](const auto& spec) { return is_power_of_ten(spec.units_per_volume); }));

// How the numbers of one instrument are written.
struct Style {
  int price_decimals;   // at least so many
  int volume_digits;    // the raw value is the wire's value times 10^volume_digits
  int volume_decimals;  // at least so many

  explicit Style(const Instrument& instrument) {
    const auto& spec = market::spec_of(instrument.code.market);
    price_decimals = spec.price_style == DecimalStyle::padded
                         ? std::clamp(instrument.tick.decimals(), 0, Price::kDigits)
                         : 0;
    volume_digits = Quantity::kDigits + places_of(spec.units_per_volume);
    volume_decimals = spec.volume_style == DecimalStyle::padded
                          ? std::clamp(instrument.volume_decimals, 0, Quantity::kDigits)
                          : 0;
  }

  void price(std::string& out, std::string_view member, Price price) const {
    out += member;
    append_scaled(out, price.raw(), Price::kDigits, price_decimals);
    out += '"';
  }
  // Clients of QOS insist on lp, o, h and l: a price there has not been yet is "0", as exchanges send it.
  void price_or_zero(std::string& out, std::string_view member, const std::optional<Price>& known) const {
    price(out, member, known.value_or(Price{}));
  }
  void volume(std::string& out, std::string_view member, Int128 raw) const {
    out += member;
    append_scaled(out, raw, volume_digits, volume_decimals);
    out += '"';
  }
};

void append_turnover(std::string& out, Turnover turnover) {
  out += R"(,"t":")";
  append_scaled(out, turnover.raw(), Turnover::kDigits);
  out += '"';
}

void append_seconds(std::string& out, UnixNanos ts) {
  out += R"(,"ts":)";
  append_integer(out, unix_seconds(ts));
}

// Everything but the closing brace.
void append_snapshot_members(std::string& out, const Instrument& instrument, const Style& style,
                             const state::Snapshot& snapshot) {
  style.price_or_zero(out, R"(,"lp":")", snapshot.last);
  if (snapshot.previous_close && market::spec_of(instrument.code.market).has_previous_close)
    style.price(out, R"(,"yp":")", *snapshot.previous_close);
  style.price_or_zero(out, R"(,"o":")", snapshot.open);
  style.price_or_zero(out, R"(,"h":")", snapshot.high);
  style.price_or_zero(out, R"(,"l":")", snapshot.low);
  append_seconds(out, snapshot.last ? snapshot.ts : UnixNanos{});
  style.volume(out, R"(,"v":")", snapshot.volume.raw());
  append_turnover(out, snapshot.turnover);
  out += snapshot.suspended ? R"(,"s":1)" : R"(,"s":0)";
  if (instrument.code.market == market::Market::US) {
    out += R"(,"tt":)";
    append_integer(out, static_cast<std::int64_t>(snapshot.session));
  }
}

// A session object is complete or absent: without the close it is quoted against it would lack its yp.
void append_part(std::string& out, std::string_view member, const Style& style,
                 const std::optional<state::SessionPart>& part) {
  if (!part || !part->previous_close) return;
  out += member;
  style.price(out, R"({"lp":")", part->last);
  style.price(out, R"(,"yp":")", *part->previous_close);
  style.price(out, R"(,"h":")", part->high);
  style.price(out, R"(,"l":")", part->low);
  append_seconds(out, part->ts);
  style.volume(out, R"(,"v":")", part->volume.raw());
  append_turnover(out, part->turnover);
  out += '}';
}

void append_levels(std::string& out, const Style& style,
                   const std::array<state::DepthLevel, state::kMaxDepthLevels>& side, std::size_t count) {
  for (std::size_t level = 0; level < count; ++level) {
    if (level > 0) out += ',';
    style.price(out, R"({"p":")", side[level].price);
    style.volume(out, R"(,"v":")", side[level].size.raw());
    out += '}';
  }
}

// The wire's d: 0 unknown, 1 buy, 2 sell.
constexpr char direction_of(Aggressor aggressor) {
  switch (aggressor) {
    case Aggressor::buy:
      return '1';
    case Aggressor::sell:
      return '2';
    case Aggressor::unknown:
      break;
  }
  return '0';
}

// Everything but the closing brace.
void append_trade_members(std::string& out, const Instrument& instrument, const state::TapeTrade& trade) {
  const Style style{instrument};
  style.price(out, R"(,"p":")", trade.price);
  style.volume(out, R"(,"v":")", trade.size.raw());
  append_seconds(out, trade.ts);
  out += R"(,"d":)";
  out += direction_of(trade.aggressor);
}

}  // namespace

void append_snapshot_body(std::string& out, const Instrument& instrument, const state::Snapshot& snapshot) {
  append_snapshot_members(out, instrument, Style{instrument}, snapshot);
  out += '}';
}

void append_full_snapshot_body(std::string& out, const Instrument& instrument,
                               const state::Snapshot& snapshot) {
  const Style style{instrument};
  append_snapshot_members(out, instrument, style, snapshot);
  if (instrument.code.market == market::Market::US) {
    append_part(out, R"(,"pq":)", style, snapshot.pre_market);
    append_part(out, R"(,"aq":)", style, snapshot.after_hours);
    append_part(out, R"(,"nq":)", style, snapshot.night);
  }
  out += '}';
}

void append_depth_body(std::string& out, const Instrument& instrument, const state::Depth& depth,
                       std::size_t levels) {
  const Style style{instrument};
  const auto published = static_cast<std::size_t>(market::spec_of(instrument.code.market).depth_levels);
  const auto most = std::min(levels == 0 ? published : levels, state::kMaxDepthLevels);
  out += R"(,"b":[)";
  append_levels(out, style, depth.bids, std::min<std::size_t>(depth.bid_count, most));
  out += R"(],"a":[)";
  append_levels(out, style, depth.asks, std::min<std::size_t>(depth.ask_count, most));
  out += ']';
  // A book that was never seen has the time 0: clients insist on the member.
  append_seconds(out, depth.sequence != Sequence{} ? depth.ts : UnixNanos{});
  out += '}';
}

void append_trade_body(std::string& out, const Instrument& instrument, const state::TapeTrade& trade) {
  append_trade_members(out, instrument, trade);
  out += '}';
}

void append_precise_trade_body(std::string& out, const Instrument& instrument,
                               const state::TapeTrade& trade) {
  append_trade_members(out, instrument, trade);
  out += R"(,"tn":")";
  append_integer(out, unix_nanos(trade.ts));
  out += R"("})";
}

void append_kline_body(std::string& out, const Instrument& instrument, market::KlineType type,
                       const state::Kline& kline, const KlineExtras& extras) {
  const Style style{instrument};
  style.price(out, R"(,"o":")", kline.open);
  style.price(out, R"(,"cl":")", kline.close);
  style.price(out, R"(,"h":")", kline.high);
  style.price(out, R"(,"l":")", kline.low);
  style.volume(out, R"(,"v":")", kline.volume.raw());
  append_seconds(out, kline.start);
  out += R"(,"kt":)";
  append_integer(out, static_cast<std::int64_t>(type));
  if (extras.turnover) {
    append_turnover(out, kline.turnover);
    out += R"(,"n":)";
    append_integer(out, kline.trades);
  }
  if (extras.closed) {
    if (kline.closed) out += kline.revision == 0 ? R"(,"f":1)" : R"(,"f":2)";
    if (kline.revision > 0) {
      out += R"(,"rev":)";
      append_integer(out, kline.revision);
    }
  }
  if (extras.session != StoredSeries::regular) {
    out += R"(,"ses":)";
    append_integer(out, static_cast<std::int64_t>(extras.session));
  }
  out += '}';
}

}  // namespace qos::api::json
