#include "market/plain_text.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace qos::market {
namespace {

constexpr std::size_t kShownBytes = 40;

// The character that `text` begins with. size 0: it is no UTF-8.
struct Character {
  std::size_t size = 0;
  std::uint32_t point = 0;
};

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t index) { return static_cast<std::uint8_t>(text[index]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  std::uint32_t point = lead & (0xFFU >> (size + 1));
  for (std::size_t index = 1; index < size; ++index) {
    if ((byte(index) & 0xC0) != 0x80) return {};
    point = point << 6 | (byte(index) & 0x3FU);
  }
  // The smallest point that needs this many bytes: a smaller one is an overlong form.
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kSmallest[size] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return {};
  return {size, point};
}

bool is_control(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0x9F);
}

}  // namespace

std::optional<std::string> text_fault(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto character = first_character(text.substr(at));
    if (character.size == 0) return fmt::format("not UTF-8 at byte {}", at + 1);
    if (is_control(character.point))
      return fmt::format("control character 0x{:02X} at byte {}", character.point, at + 1);
    at += character.size;
  }
  return std::nullopt;
}

std::string shown(std::string_view text) {
  std::string out = "'";
  while (!text.empty()) {
    const auto character = first_character(text);
    const std::size_t size = character.size == 0 ? 1 : character.size;
    if (out.size() + size > kShownBytes) return out + "…'";
    if (character.size != 0 && !is_control(character.point)) {
      out += text.substr(0, size);
    } else {
      for (const char byte : text.substr(0, size))
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<std::uint8_t>(byte));
    }
    text.remove_prefix(size);
  }
  return out + "'";
}

}  // namespace qos::market
