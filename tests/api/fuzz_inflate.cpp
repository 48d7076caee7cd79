// A client's compressed message: no bytes may crash the inflater, make it hold more than its limit, or leave
// something behind for the next message. What is packed comes out again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "api/ws/deflate.hpp"

using namespace qos::api::ws;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMost = 5'000;
  const std::string bytes{reinterpret_cast<const char*>(data), size};
  static Inflater inflater;
  const auto first = inflater.inflate(bytes, kMost);
  if (first && first->size() > kMost) std::abort();
  const std::string text{first.value_or("")};
  Inflater fresh;
  const auto second = fresh.inflate(bytes, kMost);
  if (second.has_value() != first.has_value() || second.value_or("") != text) std::abort();

  static Deflater with_context{Deflater::Context::kept};
  Deflater deflater{Deflater::Context::none};
  std::string packed;
  deflater.append(packed, bytes);
  const auto again = inflater.inflate(packed, size);
  if (!again || *again != bytes) std::abort();
  if (size > 0 && inflater.inflate(packed, size - 1)) std::abort();
  packed.clear();
  with_context.append(packed, bytes);
  static_cast<void>(inflater.inflate(packed, kMost));
  return 0;
}
