// Dividends, splits, bonus and rights issues: rows that an operator loads, and what they make of prices.
// (market rules, section 4.) docs/formats/corporate_actions.md is the CSV.
//
// Threads: a table is built once, then read by any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/price.hpp"
#include "core/result.hpp"
#include "market/code.hpp"
#include "market/session_calendar.hpp"

namespace qos::market {

// A positive or zero fraction, reduced. 7:1 is {7, 1}, one for three {1, 3}, "0.3" {3, 10}.
struct Ratio {
  std::int64_t numerator = 0;
  std::int64_t denominator = 1;

  // "7", "0.35", "1/3", "7:1"; nullopt for anything else, or what does not fit.
  static std::optional<Ratio> parse(std::string_view text);
  std::string to_string() const;  // decimal where it is finite and short, else "1/3"
  friend bool operator==(const Ratio&, const Ratio&) = default;
};

// All that happens to one share of an instrument on one ex-date. Several rows of one date add up: cash adds,
// bonus adds, splits multiply.
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

// Reads the CSV. An error names file, line and column; a duplicate row (same code, date and kind) too.
Result<std::vector<CodedAction>> parse_corporate_actions(std::string_view name, std::string_view csv);

class CorporateActionTable {
 public:
  CorporateActionTable() = default;
  explicit CorporateActionTable(std::vector<CodedAction> actions);
  // By rising ex-date, one a date; empty: none known.
  std::span<const CorporateAction> of(const Code& code) const;
  std::size_t size() const;

 private:
  std::unordered_map<std::string, std::vector<CorporateAction>> by_code_;  // canonical text of the code
};

}  // namespace qos::market
