#include "feed/simulated/past_klines.hpp"

#include <algorithm>
#include <limits>

#include "feed/simulated/ex_right.hpp"
#include "market/kline_fold.hpp"

namespace qos::feed::simulated {
namespace {

using market::Instrument;

constexpr std::int64_t kBillion = 1'000'000'000;
constexpr std::int64_t kThinOneOf = 7;      // equities: so few trade only now and then
constexpr std::int64_t kThinness = 40;      // and so much less than the others
constexpr std::int64_t kAuctionUnits = 10;  // an auction trades up to as much as so many levels hold
constexpr std::int64_t kHaltParts = 700;    // of a million minutes begin a halt: about one in 24 hours
constexpr std::int64_t kShortestHalt = 2;
constexpr std::int64_t kHaltRange = 8;
constexpr std::int64_t kMostTrades = std::numeric_limits<std::uint32_t>::max() / 2'000;  // a minute

bool is_thin(const Instrument& instrument, const Character& character) {
  return character.halts && hash_of(instrument.code.to_string() + " thin") % kThinOneOf == 0;
}

PriceBounds bounds_of(const Instrument& instrument, const PastDay& day) {
  const PriceBounds bounds = bounds_after(instrument, day.reference);
  return {std::min({bounds.low, day.open_from, day.close}),
          std::max({bounds.high, day.open_from, day.close})};
}

Price within(const PriceBounds& bounds, Price price) {
  return std::clamp(price, bounds.low, bounds.high);
}

std::int64_t times(Price price, std::int64_t billionths) {
  return static_cast<std::int64_t>(Int128{price.raw()} * billionths / kBillion);
}

std::int64_t magnitude(std::int64_t value) {
  return value < 0 ? -value : value;
}

Kline kline_at(UnixNanos start, Price open, Price close, std::int64_t trades) {
  return {.sequence = {},
          .start = start,
          .open = open,
          .high = std::max(open, close),
          .low = std::min(open, close),
          .close = close,
          .volume = {},
          .turnover = {},
          .trades = static_cast<std::uint32_t>(trades),
          .closed = true};
}

// `kline` may be that of a minute in which nothing has traded yet.
void join(Kline& kline, const Kline& next) {
  if (kline.trades == 0) {
    kline = next;
  } else {
    market::continue_kline(kline, next);
  }
}

// Says minute by minute whether an equity is halted.
class Halts {
 public:
  explicit Halts(bool possible) : possible_{possible} {}

  bool next(Random& random) {
    if (left_ == 0 && possible_ && random.chance(kHaltParts))
      left_ = kShortestHalt + random.below(kHaltRange + 1);
    if (left_ == 0) return false;
    --left_;
    return true;
  }

 private:
  bool possible_;
  std::int64_t left_ = 0;
};

}  // namespace

// A walk over minutes: from here to there, so far a minute on average.
struct PastKlines::Leg {
  std::span<const PastMinute> minutes;
  Price from;
  Price to;
  PriceBounds bounds;
  std::int64_t step = 0;          // the standard deviation of a minute's move, in billionths of the currency
  std::int64_t busyness = 1'000;  // of the day, in thousandths
};

// The price between the ends of a leg: a random walk that is drawn to its end.
class PastKlines::Path {
 public:
  Path(const Leg& leg, Price to, std::int64_t steps, const market::TickRule& tick)
      : leg_{leg}, tick_{tick}, exact_{leg.from.raw()}, at_{leg.from}, to_{to}, left_{steps} {}

  Price at() const { return at_; }
  Price next(Random& random) {
    if (--left_ <= 0) return at_ = to_;
    exact_ += (to_.raw() - exact_) / (left_ + 1) + normal(random, leg_.step);
    exact_ = std::clamp(exact_, leg_.bounds.low.raw(), leg_.bounds.high.raw());
    return at_ = within(leg_.bounds, tick_.round_down(Price::from_raw(exact_)));
  }
  bool arrived() const { return left_ <= 0; }

 private:
  const Leg& leg_;
  const market::TickRule& tick_;
  std::int64_t exact_;  // between the grid's prices
  Price at_;
  Price to_;
  std::int64_t left_;
};

PastKlines::PastKlines(const Instrument& instrument, const Options& options, const Character& character,
                       Price start)
    : instrument_{instrument},
      character_{character},
      seed_{options.seed},
      gaps_{options.hours == Hours::real && instrument.code.market != market::Market::CF},
      trades_a_minute_{std::max<std::int64_t>(
          1, options.rate_milli * 60 / (is_thin(instrument, character) ? kThinness : 1))},
      start_{start} {}

Random PastKlines::random_of(market::Date date) const {
  const auto number = static_cast<std::uint64_t>(std::chrono::sys_days{date}.time_since_epoch().count());
  return Random{scramble(seed_ + 0x243f6a8885a308d3U) ^ hash_of(instrument_.code.to_string()) ^
                scramble(number + 1)};
}

// How many units a trade has on average: as many as in live trading, for the same money when a split has
// made the price another one.
std::int64_t PastKlines::units_at(Price price) const {
  const Int128 units = Int128{character_.level_units} * start_.raw() / (4 * Int128{price.raw()});
  return static_cast<std::int64_t>(
      std::clamp<Int128>(units, 1, std::numeric_limits<std::int64_t>::max() / 64));
}

std::int64_t PastKlines::trades_in(int weight, Random& random) const {
  const std::int64_t mean = trades_a_minute_ * weight / 1'000;
  return std::min(kMostTrades, (random.waiting(mean / 2) + random.waiting(mean / 2)) / 1'000);
}

// At least one a trade.
std::int64_t PastKlines::units_of(std::int64_t trades, std::int64_t each, Random& random) const {
  const Int128 units = (Int128{trades} * each * (512 + random.below(1'025))) >> 10;
  constexpr Int128 kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::clamp<Int128>(units, trades, kMost));
}

// Adds volume and turnover to a K-line whose prices stand: some of it at its low, some at its high, the rest
// at its close.
void PastKlines::trade(Kline& kline, std::int64_t units, Random& random) const {
  const std::int64_t low = units / 4 + random.below(units / 4 + 1);
  const std::int64_t high = units / 4 + random.below(units / 4 + 1);
  const Int128 money = Int128{kline.low.raw()} * low + Int128{kline.high.raw()} * high +
                       Int128{kline.close.raw()} * (units - low - high);
  kline.volume += Volume::from_raw(Int128{units} * character_.unit.raw());
  kline.turnover += Turnover::from_raw(money * character_.unit.raw());
}

// The one trade of an auction.
Kline PastKlines::print(UnixNanos start, Price price, Random& random) const {
  Kline kline = kline_at(start, price, price, 1);
  trade(kline, 1 + random.below(units_at(price) * kAuctionUnits), random);
  return kline;
}

Price PastKlines::open_of(const PastDay& day, const PriceBounds& bounds, Random& random) const {
  if (!gaps_) return day.open_from;
  const std::int64_t gap = times(day.open_from, daily_move(instrument_.code.market) / 3);
  return within(bounds, nearest(instrument_.tick, Int128{day.open_from.raw()} + normal(random, gap)));
}

Kline PastKlines::day(const PastDay& day, std::size_t minutes, UnixNanos midnight) const {
  Random random = random_of(day.date);
  const PriceBounds bounds = bounds_of(instrument_, day);
  const std::int64_t reach = times(day.close, daily_move(instrument_.code.market) / 2);
  Kline kline = kline_at(midnight, open_of(day, bounds, random), day.close, 0);
  const auto& tick = instrument_.tick;
  kline.high = within(bounds, nearest(tick, Int128{kline.high.raw()} + magnitude(normal(random, reach))));
  kline.low = within(bounds, nearest(tick, Int128{kline.low.raw()} - magnitude(normal(random, reach))));

  // Some days trade three times as much as others.
  const Int128 mean = Int128{trades_a_minute_} * static_cast<std::int64_t>(minutes) / 1'000;
  constexpr Int128 kMost = std::numeric_limits<std::uint32_t>::max() / 2;
  const auto trades =
      static_cast<std::int64_t>(std::clamp<Int128>(mean * (600 + random.below(1'001)) / 1'000, 4, kMost));
  kline.trades = static_cast<std::uint32_t>(trades);
  trade(kline, units_of(trades, units_at(day.close), random), random);
  return kline;
}

// Gives the continuous trading of a minute its extremes, volume and turnover.
Kline PastKlines::traded(const Leg& leg, Kline kline, Random& random) const {
  const auto& tick = instrument_.tick;
  if (kline.trades > 3) {
    const std::int64_t reach = leg.step / 2 + 1;
    const Price high = nearest(tick, Int128{kline.high.raw()} + random.below(reach));
    const Price low = nearest(tick, Int128{kline.low.raw()} - random.below(reach));
    kline.high = within(leg.bounds, high);
    kline.low = within(leg.bounds, low);
  }
  const std::int64_t each = std::max<std::int64_t>(1, units_at(leg.to) * leg.busyness / 1'000);
  trade(kline, units_of(kline.trades, each, random), random);
  return kline;
}

std::vector<Kline> PastKlines::walked(const Leg& leg, Random& random) const {
  std::vector<Kline> out;
  if (leg.minutes.empty()) return out;
  out.reserve(leg.minutes.size());
  // Before a closing auction the price only comes near to what the auction finds.
  const int apart = leg.minutes.back().closes ? static_cast<int>(random.below(5)) - 2 : 0;
  const auto steps = std::ranges::count(leg.minutes, true, &PastMinute::continuous);
  Path path{leg, within(leg.bounds, instrument_.tick.up(leg.to, apart)), steps, instrument_.tick};
  Halts halts{character_.halts && leg.minutes.front().series == StoredSeries::regular};
  for (const PastMinute& minute : leg.minutes) {
    Kline kline;
    if (minute.opens) join(kline, print(minute.start, leg.from, random));
    if (minute.continuous) {
      const Price open = path.at();
      const Price close = path.next(random);
      std::int64_t trades = halts.next(random) ? 0 : trades_in(minute.weight, random);
      // The walk is to arrive, in whatever minute it is.
      if (path.arrived()) trades = std::max<std::int64_t>(trades, 2);
      if (trades > 0)
        join(kline, traded(leg, kline_at(minute.start, trades > 1 ? open : close, close, trades), random));
    }
    if (minute.closes) join(kline, print(minute.start, leg.to, random));
    if (kline.trades > 0) out.push_back(kline);
  }
  return out;
}

PastKlines::Date PastKlines::minutes(const PastDay& day, const MinutesOfDate& minutes) const {
  Random random = random_of(day.date);
  const PriceBounds bounds = bounds_of(instrument_, day);
  const auto whole = static_cast<std::int64_t>(std::max<std::size_t>(minutes.whole_regular, 1));
  Leg leg{.minutes = minutes.regular,
          .from = minutes.begins ? open_of(day, bounds, random) : day.open_from,
          .to = day.close,
          .bounds = bounds,
          .step = times(day.close, daily_move(instrument_.code.market) * 4 / 5) / square_root(whole),
          .busyness = 500 + random.below(1'001)};
  Date out;
  out.regular = walked(leg, random);

  // Before the open the price goes from where it stood to the open; where there is none yet, back again.
  leg.to = minutes.begins ? leg.from : day.open_from;
  leg.from = day.open_from;
  leg.step /= 2;
  leg.minutes = minutes.early;
  out.night = walked(leg, random);
  const auto pre_market = std::ranges::find(minutes.early, StoredSeries::pre_market, &PastMinute::series);
  if (pre_market != minutes.early.end()) {
    const auto first = std::ranges::lower_bound(out.night, pre_market->start, {}, &Kline::start);
    out.pre_market.assign(first, out.night.end());
    out.night.erase(first, out.night.end());
  }
  leg.from = leg.to = day.close;
  leg.minutes = minutes.late;
  out.after_hours = walked(leg, random);
  return out;
}

}  // namespace qos::feed::simulated
