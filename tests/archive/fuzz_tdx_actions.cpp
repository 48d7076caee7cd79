// Any bytes as a list of capital changes: an error that names the file, or actions that can be.
#include <cstdint>

#include "archive/tdx_actions.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view csv{reinterpret_cast<const char*>(data), size};
  const auto parsed = qos::archive::parse_tdx_actions("f", csv);
  if (!parsed) {
    QOS_ASSERT(parsed.error().message.starts_with("f:"));
    return 0;
  }
  for (const auto& [code, action] : parsed->actions) {
    QOS_ASSERT(action.ex_date.ok() && action.cash >= qos::Price{} && action.rights_price >= qos::Price{});
    QOS_ASSERT(action.bonus.numerator >= 0 && action.bonus.denominator > 0 && action.rights.denominator > 0);
  }
  return 0;
}
