// Corporate actions from a file, in either of the two forms.
#pragma once

#include <string>
#include <vector>

#include "market/corporate_action.hpp"
#include "server/key_command.hpp"

namespace qos::server {

inline constexpr std::size_t kMaxActionsFile = std::size_t{64} << 20;  // TDX's whole list is 8 MB

// docs/formats/corporate_actions.md, or TDX's gbbq (docs/formats/tdx.md), told by the header.
Result<std::vector<market::CodedAction>> read_actions(const std::string& file, Terminal terminal);

}  // namespace qos::server
