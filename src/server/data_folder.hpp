// The folder of everything the server keeps: keys.sqlite, demo.key, the journal.
#pragma once

#include <filesystem>

#include "core/result.hpp"

namespace qos::server {

// Made with mode 0700 if absent, parents too (with the usual mode). Fails if it is no folder or cannot be
// made.
Result<void> make_data_folder(const std::filesystem::path& folder);

}  // namespace qos::server
