// The feeds there are, one line each.
#include "feed/binance/recording_feed.hpp"
#include "feed/feed.hpp"
#include "feed/simulated/simulated_feed.hpp"

namespace qos::feed {
namespace {

struct Kind {
  std::string_view name;
  Result<FeedPlan> (*plan)(const FeedSpec& spec);
  Result<std::unique_ptr<Feed>> (*make)(const FeedSpec& spec, const std::vector<market::Market>& covered,
                                        const FeedContext& context);
};

constexpr Kind kKinds[] = {
    {"binance_usdm", binance::plan, binance::make},
    {"simulated", simulated::plan, simulated::make},
};

Result<const Kind*> kind_of(const FeedSpec& spec) {
  std::string known;
  for (const auto& kind : kKinds) {
    if (kind.name == spec.kind) return &kind;
    known += known.empty() ? "" : ", ";
    known += kind.name;
  }
  return fail("unknown feed '{}'; known: {}", spec.kind, known);
}

}  // namespace

Result<FeedPlan> plan_feed(const FeedSpec& spec) {
  const auto kind = kind_of(spec);
  if (!kind) return std::unexpected{kind.error()};
  return (*kind)->plan(spec);
}

Result<std::unique_ptr<Feed>> make_feed(const FeedSpec& spec, const std::vector<market::Market>& covered,
                                        const FeedContext& context) {
  const auto kind = kind_of(spec);
  if (!kind) return std::unexpected{kind.error()};
  return (*kind)->make(spec, covered, context);
}

}  // namespace qos::feed
