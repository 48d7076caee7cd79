#include "feed/simulated/ladder.hpp"

#include <algorithm>

namespace qos::feed::simulated {

// Lays both sides outwards from the best bid. True if every level found a place.
bool Ladder::build(Price best_bid, int gap_limit, const PriceBounds& bounds, Random& random) {
  counts_ = {};
  const auto lay = [&](Side side, Price first, int sign) {
    Price price = first;
    for (int place = 0; place < shape_.levels; ++place) {
      if (place > 0) {
        const Price next = tick_->up(price, sign * random_gap(gap_limit, random));
        if (next == price) return;  // the lowest price there is
        price = next;
      }
      if (!bounds.contains(price)) return;
      sides_[index(side)][static_cast<std::size_t>(place)] = {price, random_units(random)};
      ++counts_[index(side)];
    }
  };
  lay(Side::bid, best_bid, -1);
  lay(Side::ask, tick_->up(best_bid, 1 + static_cast<int>(random.below(2))), 1);
  return counts_[0] == shape_.levels && counts_[1] == shape_.levels;
}

void Ladder::rebuild(Price center, const PriceBounds& bounds, Random& random) {
  Price best_bid = std::clamp(tick_->round_down(center), bounds.low, bounds.high);
  if (build(best_bid, shape_.stride, bounds, random)) return;
  // Too near to a bound: step inwards until the levels, one tick apart, fit.
  const Price middle = Price::from_raw(bounds.low.raw() + (bounds.high.raw() - bounds.low.raw()) / 2);
  for (int halving = 0; halving < 6; ++halving) {
    best_bid = tick_->round_down(Price::from_raw(best_bid.raw() + (middle.raw() - best_bid.raw()) / 2));
    if (build(best_bid, 1, bounds, random)) return;
  }
}

std::optional<Ladder::Move> Ladder::shift(Direction direction, const PriceBounds& bounds, Random& random) {
  const bool up = direction == Direction::up;
  Levels& eaten = sides_[index(up ? Side::ask : Side::bid)];
  Levels& fed = sides_[index(up ? Side::bid : Side::ask)];
  const int eaten_count = counts_[index(up ? Side::ask : Side::bid)];
  int& fed_count = counts_[index(up ? Side::bid : Side::ask)];
  if (eaten_count < 2 || fed_count < 1) return std::nullopt;

  const int sign = up ? 1 : -1;
  const auto eaten_last = static_cast<std::size_t>(eaten_count - 1);
  const Price far = tick_->up(eaten[eaten_last].price, sign * random_gap(shape_.stride, random));
  if (far == eaten[eaten_last].price || !bounds.contains(far)) return std::nullopt;
  // The new best of the fed side lies between its old best and the other side's new best.
  const Price old_best = fed[0].price;
  const Price opposite = eaten[1].price;
  Price near = tick_->up(opposite, -sign * (1 + static_cast<int>(random.below(2))));
  if (up ? near <= old_best : near >= old_best) near = tick_->up(opposite, -sign);
  if (up ? near <= old_best || near >= opposite : near >= old_best || near <= opposite) return std::nullopt;

  const Level eaten_gone = eaten[0];
  const bool full = fed_count == shape_.levels;
  const Level fed_gone = full ? fed[static_cast<std::size_t>(fed_count - 1)] : Level{};
  if (!full) ++fed_count;
  std::shift_left(eaten.begin(), eaten.begin() + eaten_count, 1);
  eaten[eaten_last] = {far, random_units(random)};
  std::shift_right(fed.begin(), fed.begin() + fed_count, 1);
  fed[0] = {near, random_units(random)};
  if (up)
    return Move{
        .bid_gone = fed_gone, .ask_gone = eaten_gone, .bid_new = fed[0], .ask_new = eaten[eaten_last]};
  return Move{.bid_gone = eaten_gone, .ask_gone = fed_gone, .bid_new = eaten[eaten_last], .ask_new = fed[0]};
}

}  // namespace qos::feed::simulated
