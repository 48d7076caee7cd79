// Text from outside that will stand in JSON, logs and terminals: what it may hold, and how it is shown when
// wrong.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace qos::market {

// What keeps `text` from being plain: "not UTF-8 at byte 3", "control character 0x07 at byte 3"; nullopt if
// nothing does. UTF-8 is the strict one (no surrogates, no overlong forms); the controls are U+0000-001F and
// U+007F-009F.
std::optional<std::string> text_fault(std::string_view text);

// 'text' for an error message: at most 40 bytes of it, and only printable ASCII and whole UTF-8 characters as
// they are; any other byte as \x07.
std::string shown(std::string_view text);

}  // namespace qos::market
