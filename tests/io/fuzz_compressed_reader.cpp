// Any bytes read as a file: lines or an error, never a crash, never more than the limits.
#include <sys/mman.h>
#include <unistd.h>

#include "io/compressed_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int memory = ::memfd_create("fuzz", MFD_CLOEXEC);
  QOS_ASSERT(memory >= 0 && ::write(memory, data, size) == static_cast<ssize_t>(size));
  constexpr std::size_t kLimit = 4096;
  auto reader = qos::io::LineReader::open(fmt::format("/proc/self/fd/{}", memory), kLimit);
  // A few packed bytes may hold very many lines.
  for (int line = 0; reader && line < 10'000; ++line) {
    const auto next = reader->next();
    if (!next || !*next) break;
    QOS_ASSERT((*next)->size() <= kLimit);
  }
  ::close(memory);
  return 0;
}
