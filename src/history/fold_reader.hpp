// K-lines of any type, unfilled: reads minutes or days back from the newest in pieces that end at the
// beginning of a period, folds each piece, and stops as soon as there are enough.
//
// Thread: the caller's.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "history/part_reader.hpp"

namespace qos::history {

struct FoldQuery {
  market::KlineType type = market::KlineType::m1;
  std::size_t count = 1;
  std::optional<UnixNanos> until{};
  std::optional<UnixNanos> from{};
};

// Changes the days that weeks, months and years are folded of, oldest first; may be empty.
using ChangeParts = std::function<Result<void>(std::vector<market::FoldPart>&)>;

// The latest `count` whose start lies in [from, until], oldest first; each has its beginning. `parts` are
// days for day and longer types, else minutes.
Result<std::vector<Kline>> read_folded(const PartReader& parts, const FoldQuery& query,
                                       const market::FoldRules& rules, const ChangeParts& change = {});

// Minutes or days that one K-line of the type is made of, at most.
std::size_t parts_in(market::KlineType type);

}  // namespace qos::history
