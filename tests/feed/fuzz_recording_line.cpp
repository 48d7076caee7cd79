// Any bytes as a line of a recording: a message, nothing, or a refusal.
#include <string_view>

#include "feed/binance/recorded_line.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static qos::feed::binance::RecordedLineParser parser;
  const auto message = parser.parse({reinterpret_cast<const char*>(data), size});
  if (message && *message && (*message)->ts_recv) QOS_ASSERT(*(*message)->ts_recv > qos::UnixNanos{});
  // Reads what was returned, so that a view of freed memory is seen.
  std::size_t sum = 0;
  if (message && *message)
    for (const char c : (*message)->json) sum += static_cast<unsigned char>(c);
  return sum == ~std::size_t{0} ? 1 : 0;
}
