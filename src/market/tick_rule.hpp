// Which prices exist: a fixed tick, or a table of ticks by price range (HKEX spread table).
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/price.hpp"
#include "core/result.hpp"

namespace qos::market {

class TickRule {
 public:
  // From `from` upwards (until the next band) prices are multiples of `tick`.
  struct Band {
    Price from;
    Price tick;
    friend bool operator==(const Band&, const Band&) = default;
  };

  // A decimal ("0.01") or the name of a table: "HKEX" (spread table part A), "US" (0.0001 below 1, else
  // 0.01).
  static Result<TickRule> parse(std::string_view text);

  Price tick_at(Price price) const;
  bool on_grid(Price price) const;
  Price round_down(Price price) const;     // the nearest grid price at or below
  Price up(Price price, int ticks) const;  // `ticks` grid steps up (down if negative); never below one tick
  int decimals() const { return decimals_; }  // as the finest tick is written: "0.10" -> 2

  friend bool operator==(const TickRule&, const TickRule&) = default;

 private:
  std::vector<Band> bands_;  // rising `from`; the first is 0
  int decimals_ = 0;
};

}  // namespace qos::market
