#include "feed/simulated/past_walk.hpp"

#include <algorithm>

#include "feed/simulated/character.hpp"
#include "feed/simulated/ex_right.hpp"

namespace qos::feed::simulated {
namespace {

using market::CorporateAction;
using market::Instrument;

constexpr std::int64_t kBillion = 1'000'000'000;
constexpr Int128 kLeanDays = 80;             // the walk leans back to its trend within about so many days
constexpr std::int64_t kWideMoves = 25'000;  // of a million days move two and a half times as far
constexpr std::int64_t kLowestTicks = 50;    // a close before an ex-date has at least so many

// A walk's daily moves, in billionths: calm and wild times follow each other, and some days stand out.
class Moves {
 public:
  Moves(const Instrument& instrument, Random random)
      : daily_{daily_move(instrument.code.market)}, random_{random} {}

  // `lean`: where it is drawn, in billionths a day.
  std::int64_t next(int share, Int128 lean) {
    wildness_ =
        std::clamp<std::int64_t>(wildness_ + random_.below(201) - 100 - (wildness_ - 900) / 40, 400, 1'900);
    std::int64_t move = normal(random_, daily_ * wildness_ / 1'000);
    if (random_.chance(kWideMoves)) move = move * 5 / 2;
    move = static_cast<std::int64_t>(move + std::clamp<Int128>(lean, -daily_ / 2, daily_ / 2));
    return move * square_root(std::int64_t{share} * 1'000) / 1'000;
  }

  Random& random() { return random_; }

 private:
  std::int64_t daily_;
  std::int64_t wildness_ = 900;  // thousandths
  Random random_;
};

Int128 scaled(Int128 raw, std::int64_t move) {
  return raw + raw * move / kBillion;
}

// What the price of an action depends on, settled: a dividend of one to three per cent in whole cents, rights
// at seven tenths of the price.
CorporateAction settled(const PlannedAction& planned, Price price, Random& random) {
  constexpr std::int64_t kCent = Price::kScale / 100;
  CorporateAction action = planned.action;
  const std::int64_t percent = 10 + random.below(21);  // tenths of a per cent
  const Int128 cash = Int128{price.raw()} * percent / 1'000 / kCent * kCent;
  if (planned.pays_cash) action.cash = Price::from_raw(static_cast<std::int64_t>(cash));
  const Int128 rights_price = Int128{price.raw()} * 7 / 10 / kCent * kCent;
  if (action.rights.numerator > 0)
    action.rights_price = Price::from_raw(static_cast<std::int64_t>(rights_price));
  return action;
}

bool changes_price(const CorporateAction& action) {
  return action.cash.raw() > 0 || action.bonus.numerator > 0 || action.split != market::Ratio{1, 1} ||
         (action.rights.numerator > 0 && action.rights_price.raw() > 0);
}

struct Before {
  Price close;      // the day before
  Price reference;  // what it makes of the day
};

// The close before a day that closed at `close`, the move between them as near to `move` as the day's limits
// allow. nullopt: no close leads there.
std::optional<Before> before(const Instrument& instrument, Price close, std::int64_t move,
                             const CorporateAction* action) {
  for (const std::int64_t tried : {move, move / 2, move / 4, std::int64_t{0}}) {
    const Price wanted = nearest(instrument.tick, scaled(close.raw(), tried));
    Before found{wanted, wanted};
    if (action != nullptr) {
      found.close = close_before(*action, wanted, instrument.tick);
      if (found.close.raw() < kLowestTicks * instrument.tick.tick_at(found.close).raw()) return std::nullopt;
      found.reference = ex_right_reference(*action, found.close, instrument.tick);
    }
    if (bounds_after(instrument, found.reference).contains(close)) return found;
  }
  return std::nullopt;
}

}  // namespace

WalkedPast walk_back(const Instrument& instrument, std::span<const WalkDate> dates, Price end,
                     std::span<const PlannedAction> planned, Random random) {
  WalkedPast past;
  past.days.resize(dates.size());
  Moves moves{instrument, random};
  // Where the price stood at the beginning, in thousandths of its end and without the actions: the further
  // away the more it moves.
  const std::int64_t reach = daily_move(instrument.code.market) / 30'000;
  const std::int64_t began = std::clamp<std::int64_t>(1'000 + normal(moves.random(), reach), 330, 1'500);
  const auto size = static_cast<Int128>(dates.size());
  Price close = end;
  Int128 adjusted = end.raw();  // the close on the scale of the end
  for (std::size_t i = dates.size(); i-- > 0;) {
    const Int128 trend = Int128{end.raw()} *
                         (began * (size - static_cast<Int128>(i)) + 1'000 * static_cast<Int128>(i)) /
                         (1'000 * size);
    const std::int64_t move =
        moves.next(dates[i].share, (trend - adjusted) * kBillion / adjusted / kLeanDays);

    std::optional<Before> found;
    if (!planned.empty() && planned.back().place == i) {
      CorporateAction action = settled(planned.back(), close, moves.random());
      planned = planned.first(planned.size() - 1);
      if (changes_price(action)) found = before(instrument, close, move, &action);
      if (found) past.actions.push_back(std::move(action));
    }
    if (!found) found = before(instrument, close, move, nullptr).value_or(Before{close, close});
    past.days[i] = {dates[i].date, found->reference, found->reference, close};
    adjusted = std::max<Int128>(1, adjusted * found->reference.raw() / close.raw());
    close = found->close;
  }
  std::ranges::reverse(past.actions);
  return past;
}

std::vector<PastDay> walk_on(const Instrument& instrument, std::span<const WalkDate> dates, Price from,
                             Price reference, Random random) {
  std::vector<PastDay> days;
  days.reserve(dates.size());
  Moves moves{instrument, random};
  Price last = from;
  for (const WalkDate& date : dates) {
    const Int128 lean = Int128{from.raw() - last.raw()} * kBillion / last.raw() / kLeanDays;
    const std::int64_t move = moves.next(date.share, lean);
    // A price that others have stored may lie outside what this market would allow.
    PriceBounds bounds = bounds_after(instrument, reference);
    bounds = {std::min(bounds.low, last), std::max(bounds.high, last)};
    const Price close =
        move == 0 ? last
                  : std::clamp(nearest(instrument.tick, scaled(last.raw(), move)), bounds.low, bounds.high);
    days.push_back({date.date, last, reference, close});
    reference = last = close;
  }
  return days;
}

}  // namespace qos::feed::simulated
