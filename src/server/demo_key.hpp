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
// When the key is switched off: the key of the file is disabled, if there is one, and the file removed.
Result<void> retire_demo_key(access::Gate& gate, const std::filesystem::path& data_folder, UnixNanos now);

Result<std::string> demo_key(access::Gate& gate, const std::filesystem::path& data_folder, UnixNanos now);

}  // namespace qos::server
