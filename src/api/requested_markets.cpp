#include "api/requested_markets.hpp"

#include <algorithm>

namespace qos::api {

Answer<std::vector<RequestedMarket>> requested_markets(const RequestObject& request) {
  auto texts = request.texts("market");
  if (!texts) return passed_on(texts);
  std::vector<RequestedMarket> markets;
  for (std::size_t index = 0; index < texts->size(); ++index) {
    const auto text = (*texts)[index];
    const auto market = market::parse_market(text);
    if (!market)
      return invalid("market[{}]: expected one of US, HK, SH, SZ, CF, FX, IX, CM, seen \"{}\"", index,
                     text.substr(0, 40));
    const auto is_same = [&](const RequestedMarket& known) { return known.market == *market; };
    if (std::ranges::none_of(markets, is_same)) markets.push_back({*market, std::string{text}});
  }
  return markets;
}

}  // namespace qos::api
