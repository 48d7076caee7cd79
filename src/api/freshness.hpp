// Whether the data of a request is as fresh as a client with "strict":true insists on.
#pragma once

#include <vector>

#include "api/codes.hpp"
#include "api/query.hpp"
#include "api/request.hpp"

namespace qos::api {

// Reads the request's optional `strict`. If it is true, every market asked for that is in session now must
// have been heard within services.stale_after; else not_ready, naming the market and its silence. A
// stale_after of 0 lets any silence pass.
Answer<void> fresh_if_strict(const RequestObject& request, const std::vector<RequestedCode>& codes,
                             const Services& services);

}  // namespace qos::api
