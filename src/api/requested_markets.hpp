// The `market` of /market-calendar and /product-list.
#pragma once

#include <string>
#include <vector>

#include "api/request.hpp"
#include "market/market.hpp"

namespace qos::api {

struct RequestedMarket {
  market::Market market = market::Market::US;
  std::string spelling;  // as the client asked: the answer's member. Letters only.
};

// Each market once, in the order of the request. A text that is no market is an error that names it and its
// place.
Answer<std::vector<RequestedMarket>> requested_markets(const RequestObject& request);

}  // namespace qos::api
