// Which checkpoints stay when a new one is there.
#pragma once

#include <chrono>
#include <filesystem>

#include "core/result.hpp"
#include "journal/journal.hpp"

namespace qos::replay {

// The newest two stay, one of every `spacing` of received time before them, and none that the journal does
// not reach back to. Tells the journal what the second newest needs, so that one damaged checkpoint costs
// nothing.
Result<void> keep_some(journal::Journal& journal, const std::filesystem::path& folder,
                       std::chrono::seconds spacing);

}  // namespace qos::replay
