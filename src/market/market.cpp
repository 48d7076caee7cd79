#include "market/market.hpp"

namespace qos::market {

std::optional<Market> parse_market(std::string_view text) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  for (const MarketSpec& spec : kMarketSpecs) {
    if (text.size() == spec.text.size() && upper(text[0]) == spec.text[0] && upper(text[1]) == spec.text[1])
      return spec.market;
  }
  return std::nullopt;
}

static_assert(
    [] {
      for (std::size_t i = 0; i < kMarketSpecs.size(); ++i) {
        if (kMarketSpecs[i].market != static_cast<Market>(i) || kMarketSpecs[i].text.size() != 2)
          return false;
      }
      return true;
    }(),
    "spec_of() and parse_market() rely on the order of the rows and on two letters a market");

}  // namespace qos::market
