#include "market/tick_rule.hpp"

#include <algorithm>
#include <limits>

namespace qos::market {
namespace {

struct TableRow {
  std::string_view from;
  std::string_view tick;
};

// HKEX spread table, part A (shares, REITs and other equities), as in force since the first phase of the
// reduction of minimum spreads, 2025-08-04: 10-20 went from 0.02 to 0.01, 20-50 from 0.05 to 0.02. The second
// phase (0.50-10 to 0.005) was announced for about the middle of 2026, subject to approval; it belongs here
// when HKEX has confirmed its day. Source: HKEX, "Reduction of Minimum Spreads", and Second Schedule of the
// Rules of the Exchange.
constexpr TableRow kHkex[] = {
    {"0", "0.001"}, {"0.25", "0.005"}, {"0.50", "0.01"}, {"20", "0.02"}, {"50", "0.05"}, {"100", "0.1"},
    {"200", "0.2"}, {"500", "0.5"},    {"1000", "1"},    {"2000", "2"},  {"5000", "5"},
};

// SEC Regulation NMS, Rule 612: quotes in cents from one dollar up, in hundredths of a cent below.
constexpr TableRow kUs[] = {{"0", "0.0001"}, {"1", "0.01"}};

// The distance from the grid price at or below.
std::int64_t above_grid(Price price, Price tick) {
  const std::int64_t rest = price.raw() % tick.raw();
  return rest < 0 ? rest + tick.raw() : rest;
}

Price clamped(Int128 raw) {
  constexpr Int128 kMost = std::numeric_limits<std::int64_t>::max();
  return Price::from_raw(static_cast<std::int64_t>(std::min(raw, kMost)));
}

}  // namespace

Result<TickRule> TickRule::parse(std::string_view text) {
  TickRule rule;
  const auto add_table = [&rule](std::span<const TableRow> rows) {
    for (const auto& [from, tick] : rows) {
      rule.bands_.push_back({*Price::parse(from), *Price::parse(tick)});
      rule.decimals_ = std::max(rule.decimals_, decimals_in(tick));
    }
  };
  if (text == "HKEX") {
    add_table(kHkex);
  } else if (text == "US") {
    add_table(kUs);
  } else {
    const auto tick = Price::parse(text);
    if (!tick || tick->raw() <= 0)
      return fail("a tick must be a decimal above 0 with at most {} places, HKEX or US, not '{}'",
                  Price::kDigits, text.substr(0, 40));
    rule.bands_.push_back({Price{}, *tick});
    rule.decimals_ = decimals_in(text);
  }
  return rule;
}

Price TickRule::tick_at(Price price) const {
  const auto after = std::upper_bound(bands_.begin(), bands_.end(), price,
                                      [](Price at, const Band& band) { return at < band.from; });
  return after == bands_.begin() ? after->tick : (after - 1)->tick;
}

bool TickRule::on_grid(Price price) const {
  return above_grid(price, tick_at(price)) == 0;
}

Price TickRule::round_down(Price price) const {
  const std::int64_t above = above_grid(price, tick_at(price));
  // Nothing lies below the lowest price there is.
  if (price.raw() < std::numeric_limits<std::int64_t>::min() + above) return price;
  return Price::from_raw(price.raw() - above);
}

Price TickRule::up(Price price, int ticks) const {
  const Price lowest = bands_.front().tick;
  Price at = round_down(price);
  // From between two grid prices the first step down has already been made.
  if (ticks < 0 && at != price) ++ticks;
  auto band =
      std::upper_bound(bands_.begin(), bands_.end(), at, [](Price p, const Band& b) { return p < b.from; });
  if (band != bands_.begin()) --band;
  for (Int128 left = ticks; left > 0;) {
    // To the next band at most, where the tick changes.
    const bool last = band + 1 == bands_.end();
    const Int128 in_band =
        last ? left : std::min<Int128>(left, (Int128{(band + 1)->from.raw()} - at.raw()) / band->tick.raw());
    at = clamped(at.raw() + in_band * band->tick.raw());
    left -= in_band;
    if (last) break;
    ++band;
  }
  for (Int128 left = -Int128{ticks}; left > 0;) {
    if (at == band->from && band != bands_.begin()) --band;
    const bool first = band == bands_.begin();
    const Int128 in_band =
        first ? left : std::min<Int128>(left, (Int128{at.raw()} - band->from.raw()) / band->tick.raw());
    const Int128 raw = at.raw() - in_band * band->tick.raw();
    if (raw < lowest.raw()) return lowest;
    at = Price::from_raw(static_cast<std::int64_t>(raw));
    left -= in_band;
    if (first) break;
  }
  return std::max(at, lowest);
}

}  // namespace qos::market
