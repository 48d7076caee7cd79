// Any bytes may lie where a checkpoint is looked for: a checkpoint, or an error.
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/bytes.hpp"
#include "replay/checkpoint_file.hpp"
#include "support/fake_disk.hpp"

namespace {

// With a footer that is right, so that the index is reached.
std::string framed(std::string_view bytes) {
  std::string file{bytes};
  qos::ByteWriter out{file};
  out.fixed(std::uint64_t{0});
  out.fixed(static_cast<std::uint64_t>(bytes.size()));
  out.fixed(static_cast<std::uint64_t>(XXH3_64bits(bytes.data(), bytes.size())));
  out.fixed(std::uint32_t{0x43'53'4F'51});
  out.fixed(std::uint32_t{1});
  return file;
}

void read(const std::string& bytes) {
  qos::test::FakeDisk disk;
  disk.put("1.qosc", bytes);
  const auto file = qos::replay::CheckpointFile::open(disk, "1.qosc");
  if (!file) return;
  static_cast<void>(file->check());
  for (const auto code : file->codes()) static_cast<void>(file->part(code));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  read(std::string{bytes});
  read(framed(bytes));
  return 0;
}
