// binance_usdm: Binance USD-M futures from a recording. README.md has the options, the specification version
// and the sequence rules.
#pragma once

#include <memory>
#include <vector>

#include "feed/feed.hpp"

namespace qos::feed::binance {

// Covers CF. An unknown option or a bad value is an error, as is a missing `file`.
Result<FeedPlan> plan(const FeedSpec& spec);

// Opens the file, so that one that cannot be read is an error before anything runs. `covered` has to hold CF.
Result<std::unique_ptr<Feed>> make(const FeedSpec& spec, const std::vector<market::Market>& covered,
                                   const FeedContext& context);

}  // namespace qos::feed::binance
