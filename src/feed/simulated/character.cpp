#include "feed/simulated/character.hpp"

#include <algorithm>
#include <limits>

namespace qos::feed::simulated {
namespace {

using market::Instrument;
using market::InstrumentKind;
using market::Market;

constexpr std::int64_t kBillion = 1'000'000'000;

bool is_equity(const Instrument& instrument) {
  return instrument.kind == InstrumentKind::stock || instrument.kind == InstrumentKind::etf;
}

bool is_a_share(Market market) {
  return market == Market::SH || market == Market::SZ;
}

bool starts_with_any(std::string_view symbol, std::initializer_list<std::string_view> heads) {
  return std::ranges::any_of(heads, [&](std::string_view head) { return symbol.starts_with(head); });
}

// STAR (688, 689) and ChiNext (300, 301, 302): 20 % limits and trading at the close's price after the close.
bool is_growth_board(const Instrument& instrument) {
  return (instrument.code.market == Market::SH && starts_with_any(instrument.code.symbol, {"688", "689"})) ||
         (instrument.code.market == Market::SZ &&
          starts_with_any(instrument.code.symbol, {"300", "301", "302"}));
}

Quantity unit_of(const Instrument& instrument) {
  const std::int64_t lot = std::clamp<std::int64_t>(instrument.lot_size, 1, 10'000'000);
  switch (instrument.code.market) {
    case Market::US:
      return Quantity::from_units(std::max<std::int64_t>(lot, 100));  // a round lot
    case Market::HK:
      return Quantity::from_units(lot);
    case Market::SH:
    case Market::SZ:
      return Quantity::from_units(lot % 100 == 0 ? lot : 100);
    default:
      break;
  }
  std::int64_t step = Quantity::kScale;
  for (int i = 0; i < std::min(instrument.volume_decimals, Quantity::kDigits); ++i) step /= 10;
  const std::int64_t round = instrument.code.market == Market::FX ? 1'000 : 1;
  return Quantity::from_raw(step * lot * round);
}

// What a level of the book is worth on average, in whole units of the quote currency.
std::int64_t level_value(Market market) {
  switch (market) {
    case Market::CF:
      return 20'000;
    case Market::FX:
      return 2'000'000;
    case Market::IX:
      return 10'000'000;
    default:
      return 200'000;
  }
}

// Parts per hundred a day.
int daily_limit(const Instrument& instrument) {
  const Market market = instrument.code.market;
  if (is_a_share(market)) return is_growth_board(instrument) ? 20 : 10;
  return market == Market::FX || market == Market::IX || market == Market::CM ? 5 : 15;
}

}  // namespace

std::int64_t daily_move(Market market) {
  switch (market) {
    case Market::CF:
      return 30'000'000;
    case Market::FX:
      return 5'000'000;
    case Market::IX:
      return 10'000'000;
    case Market::CM:
      return 12'000'000;
    default:
      return 20'000'000;
  }
}

std::int64_t square_root(std::int64_t value) {
  std::int64_t root = 0;
  for (std::int64_t bit = std::int64_t{1} << 30; bit > 0; bit >>= 1)
    if ((root + bit) * (root + bit) <= value) root += bit;
  return root;
}

Character character_of(const Instrument& instrument, Hours hours, Price start) {
  const Market market = instrument.code.market;
  Character character;
  character.published_levels = market::spec_of(market).depth_levels;
  if (character.published_levels == 0) character.moves_per_trade = 1;
  character.unit = unit_of(instrument);
  const Int128 value = Int128{level_value(market)} * Price::kScale * Quantity::kScale;
  const Int128 units = value / (Int128{start.raw()} * character.unit.raw());
  // A level holds up to twice the average, an auction trades up to ten times it: both stay far from the
  // limit.
  const Int128 most = std::numeric_limits<std::int64_t>::max() / 100 / character.unit.raw();
  character.level_units = static_cast<std::int64_t>(std::clamp<Int128>(units, 1, most));
  character.sided = market != Market::IX;
  if (!is_equity(instrument) || market == Market::IX) return character;

  character.odd_lots = market == Market::US && instrument.lot_size == 1;
  character.halts = true;
  if (hours == Hours::always) return character;
  character.auctions = market == Market::HK || is_a_share(market);
  character.crosses = market == Market::US;
  character.extended = market == Market::US;
  character.after_close_fixed = is_growth_board(instrument);
  return character;
}

// A random walk of n steps goes sqrt(n) steps far: so many trades a day, a share of which move the price by a
// stride, give the daily move. Where one tick is a lot, few trades move the price; where it is nothing, a
// stride is many ticks.
Movement movement_of(const Instrument& instrument, const Options& options, Price price) {
  const std::int64_t trading_seconds = options.hours == Hours::always ? 86'400 : 20'000;
  const std::int64_t trades = std::max<std::int64_t>(1, trading_seconds * options.rate_milli / 1'000);
  const std::int64_t step = daily_move(instrument.code.market) / square_root(trades);
  const Int128 tick = Int128{instrument.tick.tick_at(price).raw()} * kBillion / price.raw();
  const Int128 tick_or_one = std::max<Int128>(tick, 1);
  constexpr std::int64_t kMaxStride = 100'000;
  const auto stride = static_cast<std::int64_t>(
      std::clamp<Int128>((2 * Int128{step} + tick / 2) / tick_or_one, 1, kMaxStride));
  const Int128 distance = tick_or_one * stride;
  const Int128 parts = Int128{step} * step * 1'000'000 / (distance * distance);
  return {.stride = static_cast<int>(stride),
          .shift_parts = static_cast<std::int64_t>(std::clamp<Int128>(parts, 1, 250'000))};
}

PriceBounds bounds_after(const Instrument& instrument, Price previous_close) {
  const market::TickRule& tick = instrument.tick;
  const Int128 limit = Int128{previous_close.raw()} * daily_limit(instrument) / 100;
  const auto part = static_cast<std::int64_t>(limit);
  const Price high = tick.round_down(Price::from_raw(previous_close.raw() + part));
  Price low = tick.round_down(Price::from_raw(previous_close.raw() - part));
  if (low.raw() < previous_close.raw() - part) low = tick.up(low, 1);
  // Without a legal limit the whole book must find room, however few ticks the band has.
  const int levels = market::spec_of(instrument.code.market).depth_levels;
  const int room = is_a_share(instrument.code.market) ? 3 : 2 * levels + 8;
  return {.low = std::min(low, tick.up(previous_close, -room)),
          .high = std::max(high, tick.up(previous_close, room))};
}

}  // namespace qos::feed::simulated
