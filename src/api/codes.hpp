// The `codes` of a request or a subscription, resolved against the instrument table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/error.hpp"
#include "market/instrument.hpp"

namespace qos::api {

struct RequestedCode {
  const market::Instrument* instrument = nullptr;
  std::string spelling;  // as the client asked
};

struct RequestedCodes {
  std::vector<RequestedCode> known;  // in the order of the request, each instrument once (its first spelling)
  std::vector<std::string> missing;  // well-formed, but no instrument
};

// `items`: the strings of the array, each of one or more codes. A malformed one is an error that names it and
// its place. `limit`: products at most (0: any number); more are too_many_products.
Answer<RequestedCodes> resolve_codes(const std::vector<std::string_view>& items, std::uint32_t limit,
                                     const market::InstrumentTable& instruments);

}  // namespace qos::api
