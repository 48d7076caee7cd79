// Codes come from clients and go back unescaped into JSON: whatever is accepted must be plain, and canonical
// codes must read back as themselves.
#include <cstdint>
#include <string_view>

#include "market/code.hpp"
#include "market/plain_text.hpp"

using namespace qos::market;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto codes = parse_codes(text);
  if (!codes) {
    QOS_ASSERT(!text_fault(codes.error().message));
    QOS_ASSERT(codes.error().message.size() < 300);
    return 0;
  }
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:./_-";
  for (const SpelledCode& code : *codes) {
    QOS_ASSERT(code.spelling.find_first_not_of(kPlain) == std::string::npos);
    QOS_ASSERT(!code.code.symbol.empty() && code.code.symbol.size() <= kMaxSymbol);
    const auto spelt_again = parse_code(code.spelling);
    QOS_ASSERT(spelt_again && *spelt_again == code);
    const auto canonical = parse_code(code.code.to_string());
    QOS_ASSERT(canonical && canonical->code == code.code && canonical->spelling == code.code.to_string());
  }
  return 0;
}
