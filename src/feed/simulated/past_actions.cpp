// Which simulated instruments pay, split and issue, and when.
#include <algorithm>

#include "feed/simulated/past_walk.hpp"

namespace qos::feed::simulated {
namespace {

using market::CorporateAction;
using market::Market;

// One of so many stocks.
constexpr std::int64_t kPays = 3;
constexpr std::int64_t kIssues = 8;
constexpr std::int64_t kReverses = 16;

bool is_mainland(Market market) {
  return market == Market::SH || market == Market::SZ;
}

class Planner {
 public:
  explicit Planner(std::span<const WalkDate> dates) : dates_{dates} {}

  // Adds an action at this place or, where there is one already, at the next free one. The first date has no
  // close before it, and the last one goes on into live trading, which has no actions.
  void add(std::size_t place, CorporateAction action, bool pays_cash) {
    while (std::ranges::find(planned_, place, &PlannedAction::place) != planned_.end()) ++place;
    if (place == 0 || place + 1 >= dates_.size()) return;
    action.ex_date = dates_[place].date;
    action.source = "simulated";
    planned_.push_back({place, std::move(action), pays_cash});
  }

  void add_yearly(Random& random) {
    const std::chrono::month month{static_cast<unsigned>(1 + random.below(12))};
    const std::chrono::day day{static_cast<unsigned>(1 + random.below(28))};
    for (auto year = dates_.front().date.year(); year <= dates_.back().date.year(); ++year) {
      const auto found = std::ranges::lower_bound(dates_, year / month / day, {}, &WalkDate::date);
      add(static_cast<std::size_t>(found - dates_.begin()), {}, true);
    }
  }

  // Somewhere in the middle half.
  void add_once(CorporateAction action, Random& random) {
    const auto size = static_cast<std::int64_t>(dates_.size());
    add(static_cast<std::size_t>(size / 4 + random.below(size / 2 + 1)), std::move(action), false);
  }

  std::vector<PlannedAction> finish() && {
    std::ranges::sort(planned_, {}, &PlannedAction::place);
    return std::move(planned_);
  }

 private:
  std::span<const WalkDate> dates_;
  std::vector<PlannedAction> planned_;
};

}  // namespace

std::vector<PlannedAction> plan_actions(const market::Instrument& instrument, std::uint64_t seed,
                                        std::span<const WalkDate> dates) {
  const Market market = instrument.code.market;
  const bool issues = is_mainland(market) || market == Market::US || market == Market::HK;
  if (instrument.kind != market::InstrumentKind::stock || !issues || dates.empty()) return {};

  Random random{scramble(seed + 0x3c6ef372fe94f82bU) ^ hash_of(instrument.code.to_string())};
  Planner planner{dates};
  const bool pays = random.below(kPays) == 0;
  const auto roll = random.below(kIssues);
  if (is_mainland(market)) {
    CorporateAction bonus;
    bonus.bonus = {2, 5};
    CorporateAction rights;
    rights.rights = {3, 10};
    if (roll == 0) planner.add_once(bonus, random);
    if (roll == 1) planner.add_once(rights, random);
  } else {
    CorporateAction split;
    split.split = {4, 1};
    CorporateAction reverse;
    reverse.split = {1, 5};
    if (roll == 0) {
      planner.add_once(split, random);
    } else if (random.below(kReverses) == 0) {
      planner.add_once(reverse, random);
    }
  }
  if (pays) planner.add_yearly(random);
  return std::move(planner).finish();
}

}  // namespace qos::feed::simulated
