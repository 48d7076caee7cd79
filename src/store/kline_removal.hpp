// All K-lines of an instrument, as put() and merge() take them away.
#pragma once

#include <vector>

#include "core/result.hpp"
#include "store/kline_store.hpp"

namespace qos::store {

Result<std::vector<StoredKline>> removals_of(const KlineStore& store, StoreKey instrument);

}  // namespace qos::store
