// An instant as people type it: "2019-02-01T09:30+08:00", "2019-02-01T01:30:15Z".
#pragma once

#include <optional>
#include <string_view>

#include "core/time.hpp"

namespace qos::server {

// Date, time of day with or without seconds, and the offset from UTC or Z: without one nobody knows which
// instant is meant. From 1970 to 2261; nullopt for anything else.
std::optional<UnixNanos> parse_instant(std::string_view text);

}  // namespace qos::server
