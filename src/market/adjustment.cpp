#include "market/adjustment.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <mutex>

#include "market/price_map.hpp"

namespace qos::market {
namespace {

using std::chrono::sys_days;

constexpr int kPlaces = 18;

// What one ex-date does: to prices, in billionths, and to numbers of shares.
struct StepMaps {
  ExactMap price;
  ExactMap shares;
};

// The amounts of an action as whole numbers over common denominators.
struct Amounts {
  // Shares after one before, paid for or not: all / old.
  BigInteger all;
  BigInteger old;
  // Without those paid for: split * (1 + bonus).
  BigInteger free_all;
  BigInteger free_old;
  // What a share before gains by rights and loses by cash, in billionths: gain / gain_parts.
  BigInteger gain;
  BigInteger gain_parts;
};

Amounts amounts_of(const CorporateAction& action) {
  const BigInteger bonus_new = action.bonus.numerator;
  const BigInteger bonus_old = action.bonus.denominator;
  const BigInteger rights_new = action.rights.numerator;
  const BigInteger rights_old = action.rights.denominator;
  Amounts out;
  out.free_all = (bonus_old + bonus_new) * action.split.numerator;
  out.free_old = bonus_old * action.split.denominator;
  out.all =
      (bonus_old * rights_old + bonus_new * rights_old + rights_new * bonus_old) * action.split.numerator;
  out.old = out.free_old * rights_old;
  out.gain = rights_new * action.rights_price.raw() - rights_old * action.cash.raw();
  out.gain_parts = rights_old;
  return out;
}

// Why no map can be made of it whatever the method; empty: one can.
std::string fault_of(const CorporateAction& action) {
  if (!action.ex_date.ok()) return "the ex-date is no date";
  if (!action.bonus.valid() || !action.rights.valid() || !action.split.valid() || action.split.numerator == 0)
    return "a ratio is no fraction, or the split's is not above 0";
  if (action.cash < Price{}) return "cash is below 0";
  if (action.rights_price < Price{}) return "the price of the rights is below 0";
  return {};
}

// Ex-right price of a share that closed at `close`: as a fraction of billionths.
struct Fraction {
  BigInteger numerator;
  BigInteger denominator;
};
Fraction reference_of(const Amounts& amounts, Price close) {
  return {(amounts.gain_parts * close.raw() + amounts.gain) * amounts.old, amounts.gain_parts * amounts.all};
}

// p -> p * reference / close. An error is why not.
Result<ExactMap> ratio_map(const Amounts& amounts, std::optional<Price> close) {
  // A split or bonus alone is the same for every close.
  if (amounts.gain == 0) return ExactMap{amounts.old, 0, amounts.all};
  if (!close) return fail("no close is known before the ex-date");
  if (*close <= Price{}) return fail("the close before the ex-date, {}, is not above 0", close->to_string());
  auto reference = reference_of(amounts, *close);
  if (reference.numerator <= 0)
    return fail("cash is not below the close before the ex-date, {}", close->to_string());
  return ExactMap{std::move(reference.numerator), 0, reference.denominator * close->raw()};
}

// p -> (p + gain) * old / all.
ExactMap subtract_map(const Amounts& amounts) {
  return {amounts.gain_parts * amounts.old, amounts.gain * amounts.old, amounts.gain_parts * amounts.all};
}

// Of results with `decimals` places, as whole numbers of `digits` places: 10 to the power of the difference.
const Grid& grid_of(int digits, int decimals) {
  static constexpr std::array kGrids{Grid{1},           Grid{10},           Grid{100},       Grid{1'000},
                                     Grid{10'000},      Grid{100'000},      Grid{1'000'000}, Grid{10'000'000},
                                     Grid{100'000'000}, Grid{1'000'000'000}};
  static_assert(kGrids.size() == Price::kDigits + 1 && Volume::kDigits <= Price::kDigits);
  return kGrids[static_cast<std::size_t>(digits - std::clamp(decimals, 0, digits))];
}

}  // namespace

struct Adjustment::Impl {
  // What maps a K-line that lies between two ex-dates, or before the first or after the last.
  struct Between {
    FastMap price;
    FastMap volume;
  };
  struct Place {
    const Between* between;
    std::size_t steps_before;  // ex-dates at or before the K-line's
    AdjustmentDirection direction;
  };

  AdjustmentMethod method = AdjustmentMethod::ratio;
  // All, those left out too. The texts of products are written when they are first asked for: most readers
  // want prices only, and they are half of the work.
  mutable std::vector<AdjustmentStep> steps;
  mutable std::once_flag products_written;
  std::vector<sys_days> ex_dates;  // of those that count
  std::vector<StepMaps> maps;      // likewise
  std::vector<Between> forward;    // by the number of ex-dates before, from 0
  std::vector<Between> backward;

  std::optional<Place> find(Date date, AdjustmentDirection direction) const;
  Price price(Price price, const Place& place, const Grid& grid) const;
  Volume volume(Volume volume, const Place& place, const Grid& grid) const;
  ExactMap exact(const Place& place, ExactMap StepMaps::* kind) const;

  void add(const CorporateAction& action, const CloseBefore& close_before);
  void chain();
  void write_products() const;
};

void Adjustment::Impl::add(const CorporateAction& action, const CloseBefore& close_before) {
  AdjustmentStep& step = steps.emplace_back();
  step.action = action;
  step.previous_close = action.previous_close;
  step.left_out = fault_of(action);
  if (!step.left_out.empty()) return;
  if (!step.previous_close && close_before) step.previous_close = close_before(action.ex_date);

  const Amounts amounts = amounts_of(action);
  auto map = method == AdjustmentMethod::ratio ? ratio_map(amounts, step.previous_close)
                                               : Result<ExactMap>{subtract_map(amounts)};
  if (!map) {
    step.left_out = std::move(map.error().message);
    return;
  }
  if (step.previous_close) {
    const auto reference = reference_of(amounts, *step.previous_close);
    step.reference_price =
        decimal_text(reference.numerator, reference.denominator * Price::kScale, kPlaces, Zeros::trimmed);
  }
  if (method == AdjustmentMethod::ratio) step.factor = decimal_text(map->a(), map->d(), kPlaces, Zeros::kept);
  step.volume_factor = decimal_text(amounts.free_all, amounts.free_old, kPlaces, Zeros::trimmed);
  ex_dates.push_back(sys_days{action.ex_date});
  maps.push_back({std::move(*map), ExactMap{amounts.free_all, 0, amounts.free_old}});
}

// Multiplies the steps up, from the last one backwards for forward and from the first one for backward.
void Adjustment::Impl::chain() {
  const auto count = maps.size();
  forward.resize(count + 1);
  backward.resize(count + 1);
  StepMaps product;
  for (std::size_t i = count; i-- > 0;) {
    product.price = maps[i].price.then(product.price);
    if (!maps[i].shares.identity()) product.shares = maps[i].shares.then(product.shares);
    forward[i] = {FastMap{product.price}, FastMap{product.shares}};
  }
  product = {};
  for (std::size_t i = 0; i < count; ++i) {
    product.price = maps[i].price.inverse().then(product.price);
    if (!maps[i].shares.identity()) product.shares = maps[i].shares.inverse().then(product.shares);
    backward[i + 1] = {FastMap{product.price}, FastMap{product.shares}};
  }
}

void Adjustment::Impl::write_products() const {
  if (method != AdjustmentMethod::ratio) return;
  std::vector<AdjustmentStep*> counted;
  for (AdjustmentStep& step : steps)
    if (step.left_out.empty()) counted.push_back(&step);
  ExactMap product;
  for (std::size_t i = maps.size(); i-- > 0;) {
    product = maps[i].price.then(product);
    counted[i]->forward_factor = decimal_text(product.a(), product.d(), kPlaces, Zeros::kept);
  }
  product = {};
  for (std::size_t i = 0; i < maps.size(); ++i) {
    product = maps[i].price.inverse().then(product);
    counted[i]->backward_factor = decimal_text(product.a(), product.d(), kPlaces, Zeros::kept);
  }
}

std::optional<Adjustment::Impl::Place> Adjustment::Impl::find(Date date,
                                                              AdjustmentDirection direction) const {
  if (direction == AdjustmentDirection::none) return std::nullopt;
  const auto after = std::ranges::upper_bound(ex_dates, sys_days{date});
  const auto before = static_cast<std::size_t>(after - ex_dates.begin());
  const auto& list = direction == AdjustmentDirection::forward ? forward : backward;
  const Between& between = list[before];
  if (between.price.identity() && between.volume.identity()) return std::nullopt;
  return Place{&between, before, direction};
}

// The rare values that the fast map cannot tell are worth multiplying all steps again.
ExactMap Adjustment::Impl::exact(const Place& place, ExactMap StepMaps::* kind) const {
  ExactMap out;
  if (place.direction == AdjustmentDirection::forward) {
    for (std::size_t i = place.steps_before; i < maps.size(); ++i) out = out.then(maps[i].*kind);
  } else {
    for (std::size_t i = place.steps_before; i-- > 0;) out = out.then((maps[i].*kind).inverse());
  }
  return out;
}

Price Adjustment::Impl::price(Price price, const Place& place, const Grid& grid) const {
  if (place.between->price.identity()) return price;
  if (const auto fast = place.between->price.round(price.raw(), grid)) return Price::from_raw(*fast);
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  const Int128 value = exact(place, &StepMaps::price).round(price.raw(), grid.step());
  return Price::from_raw(static_cast<std::int64_t>(std::clamp(
      value, Int128{kLeast / grid.step() * grid.step()}, Int128{kMost / grid.step() * grid.step()})));
}

Volume Adjustment::Impl::volume(Volume volume, const Place& place, const Grid& grid) const {
  if (place.between->volume.identity()) return volume;
  const auto narrow = static_cast<std::int64_t>(volume.raw());
  if (narrow == volume.raw())
    if (const auto fast = place.between->volume.round(narrow, grid)) return Volume::from_raw(*fast);
  return Volume::from_raw(exact(place, &StepMaps::shares).round(volume.raw(), grid.step()));
}

Adjustment Adjustment::make(std::span<const CorporateAction> actions, AdjustmentMethod method, Date as_of,
                            const CloseBefore& close_before) {
  auto impl = std::make_shared<Impl>();
  impl->method = method;
  for (const CorporateAction& action : actions)
    if (action.ex_date <= as_of) impl->add(action, close_before);
  impl->chain();
  Adjustment out;
  out.impl_ = std::move(impl);
  return out;
}

bool Adjustment::empty() const {
  return !impl_ || impl_->ex_dates.empty();
}

std::span<const AdjustmentStep> Adjustment::steps() const {
  if (!impl_) return {};
  std::call_once(impl_->products_written, [this] { impl_->write_products(); });
  return impl_->steps;
}

Kline Adjustment::apply(const Kline& kline, Date date, AdjustmentDirection direction,
                        const Instrument& instrument) const {
  const auto place = empty() ? std::nullopt : impl_->find(date, direction);
  if (!place) return kline;
  const Grid& grid = grid_of(Price::kDigits, instrument.tick.decimals());
  Kline out = kline;
  out.open = impl_->price(kline.open, *place, grid);
  out.high = impl_->price(kline.high, *place, grid);
  out.low = impl_->price(kline.low, *place, grid);
  out.close = impl_->price(kline.close, *place, grid);
  out.volume = impl_->volume(kline.volume, *place, grid_of(Volume::kDigits, instrument.volume_decimals));
  return out;
}

Price Adjustment::apply(Price price, Date date, AdjustmentDirection direction,
                        const Instrument& instrument) const {
  const auto place = empty() ? std::nullopt : impl_->find(date, direction);
  if (!place) return price;
  return impl_->price(price, *place, grid_of(Price::kDigits, instrument.tick.decimals()));
}

}  // namespace qos::market
