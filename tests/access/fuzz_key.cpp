// What strangers send as keys and as names of keys.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "access/gate.hpp"
#include "access/key_name.hpp"
#include "access/key_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qos::access;
  const std::string_view text{reinterpret_cast<const char*>(data), size};

  bool is_key = size == kKeyDigits;
  for (const char c : text) is_key = is_key && std::string_view{"0123456789abcdefABCDEF"}.contains(c);
  QOS_ASSERT(hash_key(text).has_value() == is_key);

  if (check_name(text)) {
    QOS_ASSERT(size <= kMaxNameBytes);
    for (const char c : text) QOS_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  }
  const auto shown = printable(text);
  QOS_ASSERT(shown.size() <= 64);
  for (const char c : shown) QOS_ASSERT(c >= 0x20 && c <= 0x7e);
  return 0;
}
