// Headers of a handshake: whatever they say, what is agreed on is something that was offered and that can be
// kept.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "api/ws/deflate.hpp"
#include "api/ws/deflate_offer.hpp"

using namespace qos;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest{reinterpret_cast<const char*>(data), size};
  std::vector<std::string_view> headers;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    headers.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (const auto allowed :
       {access::Compression::none, access::Compression::shared, access::Compression::own}) {
    const auto agreed = api::ws::agree_on_compression(headers, allowed);
    if (!agreed) continue;
    const auto& [own_context, window_bits] = agreed->compression;
    if (allowed == access::Compression::none || headers.empty()) std::abort();
    if (own_context && allowed != access::Compression::own) std::abort();
    if (window_bits < api::ws::kLeastWindowBits || window_bits > api::ws::kWindowBits) std::abort();
    if (!own_context && window_bits != api::ws::kWindowBits) std::abort();
    // What was agreed on is an offer too, and is met by itself.
    const std::string_view again[] = {agreed->answer};
    if (api::ws::agree_on_compression(again, allowed) != agreed) std::abort();
  }
  return 0;
}
