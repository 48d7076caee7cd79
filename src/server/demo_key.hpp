// The key that `qos serve` prints for a newcomer's first curl line. The same over restarts.
#pragma once

#include <filesystem>
#include <string>

#include "access/gate.hpp"
#include "core/result.hpp"
#include "core/time.hpp"

namespace qos::server {

// The key in <data folder>/demo.key (mode 0600) if the gate lets it in; otherwise a new one of the plan
// `unlimited`, which is written there. So deleting the file or disabling the key only changes it.
Result<std::string> demo_key(access::Gate& gate, const std::filesystem::path& data_folder, UnixNanos now);

}  // namespace qos::server
