// Where the simulated prices start: a table of plausible ones, and something on the grid for the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "core/price.hpp"
#include "core/result.hpp"
#include "market/code.hpp"
#include "market/instrument.hpp"

namespace qos::feed::simulated {

// Where an instrument's live trading begins.
struct StartPoint {
  Price price;
  // What its trading day is quoted against where it has a past, which ends at `price`. nullopt: it has none;
  // then it is `price`, and trading begins up to a hundredth away from it.
  std::optional<Price> reference{};
  std::uint64_t salt = 0;  // a run that goes on where another ended has another chance than that one

  friend bool operator==(const StartPoint&, const StartPoint&) = default;
};

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
