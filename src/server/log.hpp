// Where the server's sentences go: stderr, and a file if the operator wants one.
#pragma once

#include "core/result.hpp"
#include "server/config.hpp"

namespace qos::server {

// Call once, before the first thread.
Result<void> start_log(const Config::Log& config);

}  // namespace qos::server
