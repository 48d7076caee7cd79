#include "server/demo_key.hpp"

#include <optional>
#include <system_error>

#include "io/file.hpp"

namespace qos::server {

namespace {

constexpr const char* kFileName = "demo.key";

// The key that the file holds, if it is one that is let in.
std::optional<std::string> kept_key(access::Gate& gate, const std::filesystem::path& file, UnixNanos now) {
  constexpr std::size_t kMaxFileBytes = 1'024;
  const auto kept = io::read_file(file, kMaxFileBytes);
  if (!kept) return std::nullopt;
  auto key = kept->substr(0, kept->find_last_not_of(" \r\n") + 1);
  if (!gate.authenticate(key, now)) return std::nullopt;
  return key;
}

}  // namespace

Result<void> retire_demo_key(access::Gate& gate, const std::filesystem::path& data_folder, UnixNanos now) {
  const auto file = data_folder / kFileName;
  if (const auto key = kept_key(gate, file, now))
    if (const auto disabled = gate.disable(*key); !disabled) return within("demo key", disabled.error());
  std::error_code problem;
  std::filesystem::remove(file, problem);
  if (problem) return fail("demo key: cannot remove {}: {}", file.string(), problem.message());
  return {};
}

Result<std::string> demo_key(access::Gate& gate, const std::filesystem::path& data_folder, UnixNanos now) {
  const auto file = data_folder / kFileName;
  // Whatever is wrong with the file, the answer is a new one; if that cannot be written, the error says why.
  if (auto key = kept_key(gate, file, now)) return *key;
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
