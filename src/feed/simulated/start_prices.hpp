// Where the simulated prices start: a table of plausible ones, and something on the grid for the rest.
#pragma once

#include <string_view>
#include <unordered_map>

#include "core/price.hpp"
#include "core/result.hpp"
#include "market/code.hpp"
#include "market/instrument.hpp"

namespace qos::feed::simulated {

class StartPrices {
 public:
  // CSV with a header line that names at least `code` (US:AAPL) and `price` (a positive plain decimal); other
  // columns are for people. An empty text is an empty table. An error names the line.
  static Result<StartPrices> load(std::string_view csv);

  // On the instrument's grid and positive. Without a row it depends on the code alone.
  Price of(const market::Instrument& instrument) const;

 private:
  std::unordered_map<market::Code, Price> prices_;
};

}  // namespace qos::feed::simulated
