// The label of a key comes from outside (an e-mail address typed by a stranger) and ends up on terminals and
// in logs.
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace qos::access {

// Fails if the name is longer than kMaxNameBytes, is no valid UTF-8 or holds control characters.
Result<void> check_name(std::string_view name);

// At most 64 bytes of the text with everything but printable ASCII as '?', for error messages.
std::string printable(std::string_view text);

}  // namespace qos::access
