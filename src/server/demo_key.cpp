#include "server/demo_key.hpp"

#include "io/file.hpp"

namespace qos::server {

Result<std::string> demo_key(access::Gate& gate, const std::filesystem::path& data_folder, UnixNanos now) {
  constexpr std::size_t kMaxFileBytes = 1'024;
  const auto file = data_folder / "demo.key";
  // Whatever is wrong with the file, the answer is a new one; if that cannot be written, the error says why.
  if (auto kept = io::read_file(file, kMaxFileBytes)) {
    auto key = kept->substr(0, kept->find_last_not_of(" \r\n") + 1);
    if (gate.authenticate(key, now)) return key;
  }
  auto made = gate.create("unlimited", "demo", now);
  if (!made) return within("demo key", made.error());
  if (auto done = io::write_file_atomically(file, made->key + "\n", 0600); !done) {
    // Nobody will ever know this key, so it need not stay open.
    static_cast<void>(gate.disable(made->key));
    return within("demo key", done.error());
  }
  return made->key;
}

}  // namespace qos::server
