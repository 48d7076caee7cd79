#include "access/key_name.hpp"

#include <cstddef>

#include "access/gate.hpp"

namespace qos::access {
namespace {

// Length in bytes of the well-formed UTF-8 character at the start of `text`; 0: there is none (RFC 3629: no
// overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text, char32_t& character) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) {
    character = first;
    return 1;
  }
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first > 0xf4 || text.size() < length) return 0;
  character = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    character = character << 6 | (byte(i) & 0x3fU);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (character < kLeast[length] || character > 0x10ffff) return 0;
  return character >= 0xd800 && character <= 0xdfff ? 0 : length;
}

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

}  // namespace

Result<void> check_name(std::string_view name) {
  if (name.size() > kMaxNameBytes)
    return fail("the name has {} bytes, at most {} are kept", name.size(), kMaxNameBytes);
  for (std::size_t at = 0; at < name.size();) {
    char32_t character = 0;
    const auto length = utf8_length(name.substr(at), character);
    if (length == 0) return fail("the name is no valid UTF-8 at byte {}", at);
    if (is_control(character))
      return fail("the name holds the control character U+{:04X} at byte {}",
                  static_cast<std::uint32_t>(character), at);
    at += length;
  }
  return {};
}

std::string printable(std::string_view text) {
  std::string out{text.substr(0, 64)};
  for (char& c : out)
    if (c < 0x20 || c > 0x7e) c = '?';
  return out;
}

}  // namespace qos::access
