// Corporate actions out of TDX's list of capital changes (gbbq), as CSV. docs/formats/tdx.md names the
// columns.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "market/corporate_action.hpp"

namespace qos::archive {

struct TdxActions {
  // Of category 1 (除权除息), in the order of the rows. A row with cash, bonus and rights makes one action of
  // each, as in docs/formats/corporate_actions.md, so that importing both forms does not count anything
  // twice.
  std::vector<market::CodedAction> actions;
  std::uint64_t events = 0;            // rows of category 1
  std::uint64_t other_categories = 0;  // rows that move no price: capital changes, share listings
  std::uint64_t fund_splits = 0;       // categories 11 and 12: not in this form, so not imported
  std::uint64_t other_markets = 0;     // neither sh nor sz
};

// Whether a CSV is of this form, by its header.
bool is_tdx_actions(std::string_view csv);

// An error names file, line and reason. Amounts are per ten shares in the file, per share in the result.
Result<TdxActions> parse_tdx_actions(std::string_view name, std::string_view csv);

}  // namespace qos::archive
