// Where a subscription says it stopped:  "from":{"US:AAPL":1767623400001201},"epoch":1767623400000000  .
//
// Thread: the loop's.
#pragma once

#include <optional>
#include <unordered_map>

#include "api/codes.hpp"
#include "api/extensions.hpp"
#include "api/query.hpp"
#include "api/request.hpp"

namespace qos::api::ws {

// The last push of a code, as state::Numbers counts; nullopt: of another epoch, so there is nothing to go on
// from.
using ResumePoint = std::optional<std::uint64_t>;

struct ResumePoints {
  std::unordered_map<InstrumentId, ResumePoint> of_channels;
  std::unordered_map<InstrumentId, ResumePoint> of_sessions;  // from_ses: minutes of extended sessions
};

// Reads the optional members from, from_ses and epoch. Errors: `from` without the extension seq, something
// else than integers, a code that is malformed, named twice or not among `codes`.
Answer<ResumePoints> read_resume_points(const RequestObject& request, const RequestedCodes& codes,
                                        const Extensions& extensions, const Services& services);

}  // namespace qos::api::ws
