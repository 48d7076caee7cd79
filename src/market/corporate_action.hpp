// Dividends, splits, bonus and rights issues: rows that an operator loads, and what they make of prices.
// (market rules, section 4.) docs/formats/corporate_actions.md is the CSV.
//
// Threads: a table is built once, then read by any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/price.hpp"
#include "core/result.hpp"
#include "market/code.hpp"
#include "market/ratio.hpp"
#include "market/session_calendar.hpp"

namespace qos::market {

// All that happens to one share of an instrument on one ex-date, counted in shares before it: with split 2
// and cash 1 a holder of one share is paid 1 and has two shares after. Several rows of one date add up: cash,
// bonus and rights add, splits multiply.
struct CorporateAction {
  Date ex_date;
  Price cash;         // a share, in the instrument's currency
  Ratio bonus;        // new shares for one old, free
  Ratio split{1, 1};  // shares after for one before: 7 for 7:1, 1/10 for a reverse split
  Ratio rights;       // new shares offered for one old
  Price rights_price;
  // The close before the ex-date that the ratio method divides by, where the source gives it; else the
  // stored day K-line's.
  std::optional<Price> previous_close;
  std::string source;

  friend bool operator==(const CorporateAction&, const CorporateAction&) = default;
};

struct CodedAction {
  Code code;
  CorporateAction action;
};

// More rows than all markets have had; about 0.3 KB each in memory.
inline constexpr std::size_t kMaxCorporateActions = 2'000'000;

// Reads the CSV; each row is an action of one kind. An error names file, line and column; a duplicate row
// (same code, date and kind) too.
Result<std::vector<CodedAction>> parse_corporate_actions(std::string_view name, std::string_view csv);

class CorporateActionTable {
 public:
  CorporateActionTable() = default;
  // In any order. What adds up to more than a number here can hold becomes an action that Adjustment leaves
  // out (its split ratio is 0).
  explicit CorporateActionTable(std::vector<CodedAction> actions);
  // By rising ex-date, one a date; empty: none known. Valid as long as the table.
  std::span<const CorporateAction> of(const Code& code) const;
  std::size_t size() const;  // dates of all codes

 private:
  std::unordered_map<std::string, std::vector<CorporateAction>> by_code_;  // canonical text of the code
  std::size_t size_ = 0;
};

}  // namespace qos::market
